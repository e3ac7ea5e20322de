"""The groups of 16.21, 16.25 and 16.26, against students written and worked out by hand (tests/data/compliance)."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from manzanita.domain.compliance import (
    MEASURES,
    Enrolled,
    Group,
    Measure,
    Meet,
    PlanStart,
    Status,
    StudentFacts,
    explain,
    judge,
)
from manzanita.domain.compliance.words import EXCLUSIONS

CASES = Path(__file__).parents[1] / "data" / "compliance" / "students.csv"
LEAS = {"A": "9910017", "B": "9910025"}
REPORT_OF = frozenset({LEAS["A"]})
ROWS = list(csv.DictReader(CASES.open()))


def parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def enrolled(text: str) -> Enrolled:
    lea, status, grade, start, *rest = text.split(":")
    end = date.fromisoformat(rest[0]) if rest else None
    exit_reason = rest[1] if len(rest) > 1 else ""
    return Enrolled(LEAS[lea], "6000001", status, grade, date.fromisoformat(start), end, exit_reason)


def meet(text: str) -> Meet:
    """``pending-review 2026-11-16 delay 20``, ``initial 2025-12-10 consent 2025-10-20 by B``, ``open-review``."""
    kind, *words = text.split()
    day = date.fromisoformat(words.pop(0)) if words and words[0][:2] == "20" and "-" in words[0] else None
    told = dict(zip(words[::2], words[1::2], strict=True))
    what = kind.rpartition("-")[2]
    return Meet(
        evaluation_type_code={"initial": "10", "partc": "15", "reeval": "40", "both": "40"}.get(what, ""),
        is_plan_review=what in ("review", "both"),
        held_on=None if kind.startswith(("pending-", "open-")) else day,
        pending_on=day if kind.startswith("pending-") else None,
        consent_on=date.fromisoformat(told["consent"]) if "consent" in told else None,
        delay_code=told.get("delay", ""),
        lea_code=LEAS[told.get("by", "A")],
        is_reported=not kind.startswith("open-"),
    )


def facts_of(row: dict[str, str]) -> StudentFacts:
    statuses = (one.split(":") for one in parts(row["statuses"]))
    plans = (one.split(":") for one in parts(row["plans"]))
    return StudentFacts(
        birth_on=date.fromisoformat(row["birth_on"]) if row["birth_on"] else None,
        enrollments=tuple(enrolled(one) for one in parts(row["enrollments"])),
        statuses=tuple(Status(code, date.fromisoformat(start)) for code, start in statuses),
        plans=tuple(PlanStart(code, date.fromisoformat(start)) for code, start in plans),
        meets=tuple(meet(one) for one in parts(row["meets"])),
    )


def test_the_hand_made_students_are_many_and_every_group_and_exclusion_is_among_them():
    assert len(ROWS) >= 40
    assert len({row["case"] for row in ROWS}) == len(ROWS)
    for measure in Measure:
        column = measure.replace("-", "_")
        expected = {row[column] for row in ROWS}
        wanted = {str(group) for group in MEASURES[measure].groups}
        assert wanted <= expected, measure
    codes = {
        row[one][3:] for row in ROWS for one in ("plan_review", "initial", "c_to_b") if row[one][:3] == "no:"
    }
    # Tests of their own below.
    assert set(EXCLUSIONS) - codes == {"left-elsewhere", "no-consent", "consent-later"}


@pytest.mark.parametrize("row", ROWS, ids=[row["case"] for row in ROWS])
def test_a_hand_made_student_is_where_the_working_says(row):
    day, facts = date.fromisoformat(row["day"]), facts_of(row)
    found = {measure: judge(measure, facts, day, REPORT_OF) for measure in Measure}
    groups = {
        str(measure): f"no:{one.excluded}" if one.group is Group.NOT_COUNTED else str(one.group)
        for measure, one in found.items()
    }
    assert groups == {
        "plan-review": row["plan_review"],
        "reevaluation": row["reevaluation"],
        "initial": row["initial"],
        "c-to-b": row["c_to_b"],
    }
    assert {str(measure) for measure, one in found.items() if one.is_noncompliant} == set(
        parts(row["noncompliant"])
    )
    doubts = {f"{measure}:{code}" for measure, one in found.items() for code in one.doubts}
    assert doubts == set(parts(row["doubts"]))
    said = " ".join(text for one in found.values() for text in explain(one, facts, day))
    for fragment in row["says"].split("|"):
        assert fragment in said


@pytest.mark.parametrize("row", ROWS, ids=[row["case"] for row in ROWS])
def test_every_student_is_told_why(row):
    day, facts = date.fromisoformat(row["day"]), facts_of(row)
    for measure in Measure:
        said = explain(judge(measure, facts, day, REPORT_OF), facts, day)
        assert said and all(text.strip() == text and text.endswith(".") for text in said)


def _initial(**values) -> StudentFacts:
    enrollment = Enrolled(LEAS["A"], "6000001", "10", "02", date(2025, 8, 14))
    one = Meet(evaluation_type_code="10", lea_code=LEAS["A"], **values)
    return StudentFacts(date(2018, 5, 5), (enrollment,), meets=(one,))


def test_an_initial_evaluation_without_its_consent_says_which_field_to_mend():
    facts = _initial(held_on=date(2026, 9, 30))
    one = judge(Measure.INITIAL, facts, date(2026, 11, 23), REPORT_OF)
    assert (one.group, one.excluded) == (Group.NOT_COUNTED, "no-consent")
    assert "24.13" in " ".join(explain(one, facts, date(2026, 11, 23)))


def test_a_consent_after_the_day_is_not_of_the_day():
    facts = _initial(pending_on=date(2026, 11, 24), consent_on=date(2026, 11, 24))
    assert judge(Measure.INITIAL, facts, date(2026, 11, 23), REPORT_OF).excluded == "consent-later"
    assert judge(Measure.INITIAL, facts, date(2026, 11, 24), REPORT_OF).group is Group.PENDING


def test_a_year_end_exit_counts_for_the_lea_of_the_exit_only():
    gone = (Enrolled(LEAS["B"], "6000002", "10", "04", date(2023, 8, 14), date(2026, 6, 5), "E155"),)
    facts = StudentFacts(date(2016, 5, 5), gone, (Status("1", date(2023, 10, 2)),))
    day = date(2026, 7, 1)
    assert judge(Measure.PLAN_REVIEW, facts, day, REPORT_OF).excluded == "left-elsewhere"
    assert judge(Measure.PLAN_REVIEW, facts, day, {LEAS["B"]}).group is Group.NO_MEETING


def test_a_primary_enrollment_says_the_school_where_two_overlap():
    other = Enrolled(LEAS["A"], "6000009", "50", "04", date(2026, 8, 14))
    primary = Enrolled(LEAS["A"], "6000001", "10", "04", date(2023, 8, 14))
    facts = StudentFacts(date(2016, 5, 5), (other, primary), (Status("1", date(2023, 10, 2)),))
    assert judge(Measure.PLAN_REVIEW, facts, date(2026, 11, 23), REPORT_OF).school_code == "6000001"


def test_two_records_of_one_day_are_one_meeting():
    day = date(2026, 9, 15)
    twice = tuple(Meet(is_plan_review=True, held_on=day, lea_code=code) for code in LEAS.values())
    enrollment = Enrolled(LEAS["A"], "6000001", "10", "04", date(2023, 8, 14))
    before = Meet(is_plan_review=True, held_on=date(2025, 9, 10))
    status = Status("1", date(2023, 10, 2))
    facts = StudentFacts(date(2016, 5, 5), (enrollment,), (status,), meets=(*twice, before))
    assert judge(Measure.PLAN_REVIEW, facts, date(2026, 11, 23), REPORT_OF).group is Group.HELD_LATE
