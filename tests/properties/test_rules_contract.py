"""What holds of all rules, whatever stands in the records: no error, findings that point at something, no neighbors.

The lines are those of the rules' examples, bent in a few fields: values of the code sets, days near the borders that
rules draw, emptiness, and damage.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manzanita.domain.codes import code_set
from manzanita.domain.findings import Severity
from manzanita.domain.layouts import RECORDS, layout
from manzanita.domain.records import complete
from manzanita.domain.rules import catalog, examples, row_rules
from manzanita.domain.rules.context import SSID_FIELDS
from manzanita.domain.validation import evaluate_records
from tests.support.rules import USUAL, setting_of

AS_OF = date(2026, 11, 23)
YEARS = ("2024-2025", "2026-2027")
SSIDS = ("9900000001", "9900000002", "9900000003")
LEAS = ("9912345", "9954321")
# The birth of a three-year-old, of a 21-year-old, Census Day, the ends of a year, and days beside them.
DAYS = (
    *("20050606", "20091007", "20231007", "20240229", "20250701", "20260605", "20260630", "20260701"),
    *("20260915", "20261006", "20261007", "20261008", "20270630", ""),
)
DAMAGE = ("", " ", "^", "N/A", "99O1", "9.9E+09", "20260230", "\u00a0", "ñ", "-1", "0" * 40, '"Y"')
WILD = st.one_of(st.sampled_from(DAMAGE), st.text(max_size=12))
# By school, not by student: one finding stands for all who left.
ACROSS_STUDENTS = {"CERT170"}
# Their words name lines of the file.
NAMES_LINES = {"MZ-SIS-DUPLICATE", "MZ-STATE-DUPLICATE"}


def values_of(field):
    """Values that mean something in ``field``."""
    if field.type == "date":
        return DAYS
    if field.code_set:
        return ("", *code_set(field.code_set).codes)
    if field.number.endswith(".04") and field.max_length == 7:
        return LEAS
    if field.max_length == 9:
        return ("2022-2023", "2025-2026", "2026-2027", "2029-2030", "")
    return ("", "Y", "0000001", "9950011", "9901", "25")


@cache
def changes_of(record, is_damaged):
    """Fields and what they are changed to; the SSID stays, and so does the record type."""
    fields = [field for field in layout(record).fields[1:] if field.number != SSID_FIELDS[record]]

    def change(field):
        sound = st.sampled_from(values_of(field))
        return st.tuples(st.just(field.number), st.one_of(sound, WILD) if is_damaged else sound)

    return st.lists(st.one_of(map(change, fields)), max_size=5).map(dict)


@cache
def worlds(*, is_damaged=False):
    """Record type -> lines of three students, all record types known."""
    line = st.one_of(
        st.tuples(st.just(record), st.sampled_from(SSIDS), changes_of(record, is_damaged))
        for record in RECORDS
    )

    def world(lines):
        rows = {record: [] for record in RECORDS}
        for record, ssid, changes in lines:
            sound = getattr(examples, record.lower())({SSID_FIELDS[record]: ssid})
            rows[record].append(complete(record, {**sound, **changes}))
        return rows

    return st.lists(line, min_size=1, max_size=14).map(world)


def is_well_formed(finding):
    rule = catalog()[finding.code]
    numbers = layout(finding.record).numbers
    points_at_fields = set(finding.fields) <= set(numbers) and set(finding.values) == set(finding.fields)
    is_sentence = finding.message == finding.message.strip() and "None" not in finding.message
    return rule.is_implemented and finding.phase == rule.phase and points_at_fields and is_sentence


@pytest.mark.parametrize("year", YEARS)
def test_no_records_and_empty_lines_are_judged_without_an_error(year):
    assert evaluate_records({record: [] for record in RECORDS}, as_of=AS_OF, year=year) == []
    assert evaluate_records({}, as_of=AS_OF, year=year) == []
    empty = {record: [complete(record, {})] for record in RECORDS}
    found = evaluate_records(empty, as_of=AS_OF, year=year)
    # An empty field is said to be missing, and no rule builds on it.
    assert {finding.code for finding in found} == {"GERR0001", "MZ-MEET-EMPTY"}
    assert all(map(is_well_formed, found))


@pytest.mark.parametrize("record", RECORDS)
def test_any_record_type_alone_is_judged_and_what_lacks_is_named(record):
    row = complete(record, getattr(examples, record.lower())())
    found = evaluate_records({record: [row]}, as_of=AS_OF, year=YEARS[-1])
    assert {finding.severity for finding in found} <= {Severity.NOT_EVALUATED}
    assert all(map(is_well_formed, found))
    assert all("and there is no such file" in finding.message for finding in found)


@settings(max_examples=30)
@given(worlds(), st.sampled_from(YEARS))
def test_whatever_codes_and_days_stand_together_findings_point_at_something(world, year):
    for finding in evaluate_records(world, as_of=AS_OF, year=year):
        assert is_well_formed(finding), finding


@settings(max_examples=25)
@given(worlds(is_damaged=True))
def test_damaged_values_end_in_findings_never_in_an_error(world):
    for finding in evaluate_records(world, as_of=AS_OF, year=YEARS[-1]):
        assert is_well_formed(finding), finding


def told(rows, ssid):
    """What the rules about whole rows say of one student, without what is said of a school or hangs on lines."""
    rules = {rule.code for rule in row_rules()} - ACROSS_STUDENTS
    return Counter(
        (
            *(finding.code, finding.severity, finding.record_key, finding.fields),
            *(tuple(finding.values.items()), finding.code in NAMES_LINES or finding.message),
        )
        for finding in evaluate_records(rows, as_of=AS_OF, year=YEARS[-1])
        if finding.code in rules and finding.ssid == ssid
    )


@settings(max_examples=25)
@given(worlds(), st.sampled_from(SSIDS))
def test_a_student_alone_is_judged_as_among_others(world, ssid):
    own = {
        record: [row for row in rows if row[SSID_FIELDS[record]] == ssid] for record, rows in world.items()
    }
    assert told(world, ssid) == told(own, ssid)


def test_each_example_of_each_rule_is_judged_among_all_the_others_as_it_is_alone():
    """The examples of all rules as the records of one district: each has students of its own."""
    rows = {record: [] for record in RECORDS}
    expected, students = {}, {}
    for rule in row_rules():
        if rule.code in ACROSS_STUDENTS or setting_of(rule) != USUAL:
            continue
        for kind in ("passes", "fails"):
            for number, example in enumerate(getattr(rule, kind)):
                lines = [(record, row) for record, of_record in example.items() for row in of_record]
                if not all(row[SSID_FIELDS[record]] for record, row in lines):
                    continue
                case = (rule.code, kind, number)
                expected[case] = kind == "fails"
                for record, row in lines:
                    ssid = f"98{len(expected):05d}{row[SSID_FIELDS[record]][-3:]}"
                    students[ssid] = case
                    rows[record].append(complete(record, {**row, SSID_FIELDS[record]: ssid}))
    said = {
        students[finding.ssid]
        for finding in evaluate_records(rows, as_of=AS_OF, year=YEARS[-1])
        if finding.ssid in students and finding.code == students[finding.ssid][0]
    }
    assert len(expected) > 100
    assert {case: case in said for case in expected} == expected
