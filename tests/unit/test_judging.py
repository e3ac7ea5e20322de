"""Identity and inputs of findings: what keeps a finding the same one, and what ends its dismissal."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.judging import judge, reads_other_fields
from manzanita.domain.layouts import RECORDS
from manzanita.domain.records import complete
from manzanita.domain.rules import examples, row_rules
from manzanita.domain.validation import evaluate_records
from tests.support.rules import USUAL, setting_of

AS_OF = date(2026, 11, 23)
OTHER_LEA = "9954321"
LATE = "MZ-MEET-LATE-PART-C"


def person(**more):
    """A child from Part C whose evaluation came the day after the third birthday, September 14, 2026."""
    rows = {record: [] for record in RECORDS} | {
        "MEET": [examples.meet({"24.14": "10", "24.15": "20260915", "24.16": "20", "24.13": "20260801"})],
        "PLAN": [examples.plan({"23.11": "150", "23.12": "20240301"})],
        "SENR": [examples.senr({"1.17": "20230914"})],
    }
    return {
        record: [complete(record, row) for row in of_record] for record, of_record in (rows | more).items()
    }


def late(rows):
    found = judge({1: rows}, as_of=AS_OF, year="2026-2027").get(1, [])
    return next(one for one in found if one.finding.code == LATE)


def changed(record, **values):
    rows = person()
    rows[record][0].update({number.replace("_", ".")[1:]: value for number, value in values.items()})
    return rows


# The rule reads of the meeting its type, day and delay code, of the plan its type and start, and the birth dates.
@pytest.mark.parametrize(
    ("record", "values"),
    [
        ("MEET", {"_24_12": "20"}),
        ("MEET", {"_24_07": "L9"}),
        ("PLAN", {"_23_20": "25"}),
        ("SENR", {"_1_24": "TK"}),
    ],
)
def test_what_a_rule_does_not_read_ends_no_dismissal_wherever_it_stands(record, values):
    before, after = late(person()), late(changed(record, **values))
    assert after.identity == before.identity
    assert after.inputs == before.inputs


@pytest.mark.parametrize(
    ("record", "values"),
    [
        ("PLAN", {"_23_12": "20240302"}),
        ("SENR", {"_1_17": "20230913"}),
        ("SENR", {"_1_22": "20260814"}),
    ],
)
def test_what_a_context_of_the_rule_reads_ends_a_dismissal_and_not_the_finding(record, values):
    before, after = late(person()), late(changed(record, **values))
    assert after.identity == before.identity
    assert after.inputs != before.inputs
    assert not reads_other_fields(after.inputs, before.inputs)


def test_another_record_that_the_rule_reads_ends_a_dismissal():
    more = [*person()["PLAN"], complete("PLAN", examples.plan({"23.11": "150", "23.12": "20240901"}))]
    assert late(person(PLAN=more)).inputs != late(person()).inputs


def test_a_digest_of_before_the_fields_were_named_is_one_of_other_fields():
    """Digests of the first version began with nothing in common: their dismissals are asked anew once."""
    assert reads_other_fields(late(person()).inputs, "0f" * 16)


GROUPED = [rule for rule in row_rules() if rule.group]


@pytest.mark.parametrize("rule", GROUPED, ids=lambda rule: rule.code)
def test_the_key_of_a_record_decides_its_group(rule):
    """So a finding needs no group in its identity: one record has one of each rule that groups."""
    setting = setting_of(rule)
    groups = {}
    for example in rule.fails:
        rows = {record: [complete(record, row) for row in example.get(record, ())] for record in RECORDS}
        # Once more with everything else on the lines changed that no key names.
        for record, of_record in rows.items():
            of_record += [{**row, **OTHER_CONTENT.get(record, {})} for row in of_record]
        for one in evaluate_records(rows, as_of=setting.as_of, year=setting.year):
            if one.code == rule.code:
                groups.setdefault(one.record_key, set()).add(one.group)
    assert groups
    assert {key: len(of_key) for key, of_key in groups.items()} == dict.fromkeys(groups, 1)


OTHER_CONTENT = {
    "SWDS": {"22.07": "L9", "22.12": "2", "22.13": "10"},
    "MEET": {"24.07": "L9", "24.18": "90", "24.16": "10"},
    "PLAN": {"23.07": "L9", "23.15": "220", "23.20": "25"},
    "SERV": {"25.08": "L9", "25.15": "45"},
    "SENR": {"1.05": "9900002", "1.24": "05"},
    "PSTS": {"17.05": "9900002"},
}


def test_two_lines_of_one_record_are_one_finding():
    rows = person()
    rows["MEET"].append({**rows["MEET"][0], "24.07": "L9"})
    found = judge({1: rows}, as_of=USUAL.as_of, year=USUAL.year)[1]
    assert [one.finding.code for one in found].count(LATE) == 1
