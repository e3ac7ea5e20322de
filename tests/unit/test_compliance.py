"""The groups of 16.21, 16.25 and 16.26, against students written and worked out by hand (tests/data/compliance)."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manzanita.domain.compliance import (
    MEASURES,
    REPORTS,
    Enrolled,
    Group,
    Measure,
    Meet,
    NotAReport,
    PlanStart,
    Status,
    StudentFacts,
    explain,
    judge,
    judge_all,
    parse_report,
)
from manzanita.domain.compliance.state_file import groups_of
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


# Categories as public pages print them, and what each means.
CATEGORIES = [
    ("16.21", "Overdue Plan Review, No Pending Record", ["plan-review overdue"]),
    ("16.21", "Overdue Reevaluation, Pending Record", ["reevaluation overdue"]),
    ("16.21", "Overdue Plan Review and Reevaluation", ["plan-review overdue", "reevaluation overdue"]),
    ("16.21", "Plan review Held late", ["plan-review held-late"]),
    ("16.21", "Reevaluation Held Late", ["reevaluation held-late"]),
    ("16.21", "On-time", ["plan-review on-time", "reevaluation on-time"]),
    ("16.21", "Overdue", []),
    ("16.21", "Overdue, Exceeded 60-days", []),
    ("16.25", "Overdue, Exceeded 60-Days", ["initial overdue"]),
    ("16.25", "Evaluation Held Late, Exceeded 60-days", ["initial held-late"]),
    ("16.25", "Pending Evaluation, 60-days Not Yet Exceeded", ["initial pending"]),
    ("16.25", "Timely Evaluation within 60-days", ["initial on-time"]),
    ("16.25", "Plan Review Held Late", []),
    ("16.26", "Overdue on Part B Initial Evaluation", ["c-to-b overdue"]),
    ("16.26", "Part B Initial Evaluation held after 3rd birthday", ["c-to-b held-late"]),
    ("16.26", "Part B Initial Evaluation held on-time", ["c-to-b on-time"]),
    ("16.26", "Not yet held, student not yet 3 years old", ["c-to-b not-yet"]),
    ("16.26", "Reevaluation Held Late", []),
]


@pytest.mark.parametrize(("report", "category", "meant"), CATEGORIES)
def test_a_category_of_the_state_means_one_group(report, category, meant):
    assert [f"{measure} {group}" for measure, group in groups_of(report, category)] == meant


def test_a_report_may_have_a_title_and_be_written_by_another_machine():
    lines = [
        "Report 16.25,,",
        "",
        "Student Name,S.S.I.D.,Monitoring  category",
        '"Testcase, Alder",9900000001,"Overdue, Exceeded 60-days"',
    ]
    for encoded in ("\r\n".join(lines).encode("utf-8-sig"), "\n".join(lines).encode("utf-16")):
        (row,) = parse_report(encoded, "16.25")
        assert (row.ssid, row.measure, row.group, row.row) == (
            "9900000001",
            Measure.INITIAL,
            Group.OVERDUE,
            4,
        )


@given(
    st.sampled_from(sorted(REPORTS)),
    st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode(errors="replace")),
)
def test_any_bytes_are_rows_or_a_refusal_in_words(report, data):
    try:
        rows = parse_report(data, report)
    except NotAReport as refused:
        assert refused.problems and all(one.text and one.fix for one in refused.problems)
    else:
        assert rows


@given(
    st.lists(st.dates(date(2020, 1, 1), date(2027, 1, 1)), min_size=1, max_size=5),
    st.dates(date(2024, 1, 1), date(2027, 6, 30)),
    st.integers(0, 400),
)
def test_without_a_further_meeting_nobody_becomes_less_overdue(held, day, later):
    enrollment = Enrolled(LEAS["A"], "6000001", "10", "04", date(2019, 8, 14))
    meets = tuple(Meet(is_plan_review=True, held_on=one) for one in held)
    facts = StudentFacts(date(2016, 5, 5), (enrollment,), (Status("1", date(2019, 10, 2)),), meets=meets)
    last = max((one for one in held if one <= day), default=None)
    (now,) = judge_all([Measure.PLAN_REVIEW], facts, day, REPORT_OF)
    assert (now.group is Group.NO_MEETING) is (last is None)
    then = date.fromordinal(day.toordinal() + later)
    if now.group is Group.OVERDUE and not any(day < one <= then for one in held):
        assert judge(Measure.PLAN_REVIEW, facts, then, REPORT_OF).group is Group.OVERDUE
