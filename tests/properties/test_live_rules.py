"""Records judged while they change say what the same records say when all of them are judged at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manzanita.domain.findings import Severity
from manzanita.domain.layouts import RECORDS, layout
from manzanita.domain.records import complete
from manzanita.domain.rules import contexts, examples, row_rules
from manzanita.domain.rules.context import SSID_FIELDS
from manzanita.domain.rules.joining import ROW
from manzanita.domain.validation import evaluate_records, frame_of
from manzanita.domain.validation.live import LiveRecords
from manzanita.domain.validation.saying import record_key_of
from tests.properties.test_rules_contract import AS_OF, DAMAGE, LEAS, SSIDS, YEARS, values_of
from tests.support.rules import USUAL, setting_of

YEAR = YEARS[-1]


def counted(found):
    """Findings that can be compared, however often each stands there."""
    return Counter(
        (
            *(one.code, one.severity, one.kind, one.phase, one.record, one.file, one.line, one.ssid),
            *(one.fields, tuple(one.values.items()), one.message, one.group, one.record_key),
        )
        for one in found
    )


def example_of(record, changes=()):
    return complete(record, {**getattr(examples, record.lower())(), **dict(changes)})


def student():
    """A student with two records of each type that has a start, all others once."""
    rows = {record: [example_of(record)] for record in RECORDS}
    rows["SWDS"].append(example_of("SWDS", {"22.11": "20250915"}))
    rows["MEET"].append(example_of("MEET", {"24.15": "20251003"}))
    rows["PLAN"].append(example_of("PLAN", {"23.12": "20251003"}))
    rows["SENR"].append(example_of("SENR", {"1.22": "20250815", "1.25": "20260605"}))
    for record, of_record in rows.items():
        for row in of_record:
            row[SSID_FIELDS[record]] = SSIDS[0]
    return rows


@st.composite
def steps(draw):
    """Another value of one field, a line that goes, or a line that comes."""
    record = draw(st.sampled_from(RECORDS))
    kind = draw(st.sampled_from(("field", "field", "field", "field", "goes", "comes")))
    field = draw(st.sampled_from(layout(record).fields[1:]))
    value = draw(st.sampled_from((*values_of(field), *DAMAGE, SSIDS[1])))
    return kind, record, draw(st.integers(0, 9)), field.number, value


def after(rows, step):
    kind, record, place, number, value = step
    changed = {name: [dict(row) for row in of_record] for name, of_record in rows.items()}
    if kind == "comes":
        changed[record].insert(place % (len(changed[record]) + 1), example_of(record, {number: value}))
    elif changed[record] and kind == "goes":
        del changed[record][place % len(changed[record])]
    elif changed[record]:
        changed[record][place % len(changed[record])][number] = value
    return changed


@settings(max_examples=25)
@given(st.lists(steps(), min_size=1, max_size=8))
def test_after_any_changes_the_findings_are_those_of_the_records_as_they_stand(changes):
    rows = student()
    live = LiveRecords(rows, as_of=AS_OF, year=YEAR)
    for step in changes:
        rows = after(rows, step)
        found = live.update(rows)
    assert counted(found) == counted(evaluate_records(rows, as_of=AS_OF, year=YEAR))
    assert counted(live.findings()) == counted(found)


@settings(max_examples=10)
@given(st.lists(steps(), min_size=1, max_size=4), st.sampled_from(RECORDS))
def test_of_one_record_type_the_same_is_said_as_where_all_are_asked_about(changes, record):
    rows = student()
    live = LiveRecords(rows, as_of=AS_OF, year=YEAR, about=[record])
    for step in changes:
        rows = after(rows, step)
        found = live.update(rows)
    whole = evaluate_records(rows, as_of=AS_OF, year=YEAR)
    assert counted(found) == counted(one for one in whole if one.record == record)


@pytest.mark.parametrize("rule", row_rules(), ids=lambda rule: rule.code)
def test_every_rule_hears_of_what_decides_it(rule):
    """From a passing example to a failing one and back, as changes of one and the same student."""
    setting = setting_of(rule)
    sound, wrong = (
        {record: [complete(record, row) for row in example.get(record, ())] for record in RECORDS}
        for example in (rule.passes[0], rule.fails[0])
    )
    live = LiveRecords(sound, as_of=setting.as_of, year=setting.year, about=rule.subjects)
    for rows, is_said in ((sound, False), (wrong, True), (sound, False)):
        codes = {one.code for one in live.update(rows) if one.severity is not Severity.NOT_EVALUATED}
        assert (rule.code in codes) is is_said


def test_one_field_costs_the_rules_that_read_it():
    """24.18, the reason of delay, is no other record's business; the transaction type is read by no rule about rows."""
    live = LiveRecords(student(), as_of=AS_OF, year=YEAR)
    held = next(row for row in student()["MEET"] if row["24.15"] != "20251003")
    key = record_key_of("MEET", held)
    expected = {
        rule.code
        for rule in row_rules()
        if "24.18" in rule.fields and rule.is_in_force(YEAR) and not rule.is_switched_off(AS_OF)
    }
    live.change(key, "24.18", "30")
    assert (live.version, live.rules_run) == (2, len(expected))
    live.change(key, "24.18", "30")
    assert (live.version, live.rules_run) == (2, 0)
    live.change(key, "24.03", "4711")
    assert (live.version, live.rules_run) == (3, 0)


def test_a_record_that_is_not_there_or_is_there_twice_is_not_changed():
    rows = student()
    rows["MEET"] = [rows["MEET"][0], dict(rows["MEET"][0])]
    live = LiveRecords(rows, as_of=AS_OF, year=YEAR)
    for key in (record_key_of("MEET", rows["MEET"][0]), "MEET|nobody", "NONE|x"):
        with pytest.raises(KeyError):
            live.change(key, "24.18", "30")
    assert live.version == 1


def test_records_are_not_brought_up_to_other_types_days_or_years():
    rows = student()
    live = LiveRecords(rows, as_of=AS_OF, year=YEAR)
    assert live.serves(rows, live.setting, RECORDS)
    assert not live.serves(rows, live.setting, ["MEET"])
    assert not live.serves({"MEET": rows["MEET"]}, live.setting, RECORDS)
    assert not live.serves(rows, replace(live.setting, year=YEARS[0]), RECORDS)
    assert not live.serves(rows, replace(live.setting, as_of=AS_OF + timedelta(days=1)), RECORDS)


def crowded():
    """A student with each record twice, once from another LEA, and a few that differ in what contexts look for."""
    rows = student()
    rows["SWDS"].append({**rows["SWDS"][0], "22.11": "20240915", "22.10": "20240901", "22.12": "2"})
    rows["PSTS"].append({**rows["PSTS"][0], "17.12": "950"})
    rows["SENR"].append({**rows["SENR"][0], "1.22": "20250701", "1.25": "20260605", "1.27": "100"})
    for record, of_record in rows.items():
        lea = next(number for number in layout(record).numbers if number.endswith(".04"))
        of_record += [dict(of_record[0]), {**of_record[0], lea: LEAS[1]}, dict(of_record[-1])]
    rows["PSTS"] = [{**row, "17.07": "2025-2026"} for row in rows["PSTS"]]
    return {record: frame_of(record, of_record).with_row_index(ROW) for record, of_record in rows.items()}


@pytest.mark.parametrize("context", contexts().values(), ids=lambda context: context.name)
def test_a_context_that_reads_the_other_rows_of_its_subject_says_so(context):
    """Joined to each row alone it gives what it gives beside all of them, or it has siblings."""
    frames = crowded()
    differs = set()
    for record in context.own:
        frame = frames[record]
        together = context.columns(record, frame, frames, USUAL)
        alone = pl.concat(
            context.columns(record, frame.slice(place, 1), frames, USUAL) for place in range(frame.height)
        )
        assert together.height == frame.height
        if not alone.equals(together):
            differs.add(record)
    assert bool(differs) is context.has_siblings
