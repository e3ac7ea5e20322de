"""Enrollment start and participation start, worked out by hand from a few lines each."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.stays import (
    Enrolled,
    Held,
    Reported,
    enrollment_start,
    infant_stays,
    participation_start,
    stays_at,
)

US, THEM = "9910017", "9910025"


def day(text: str) -> date:
    return date.fromisoformat(text)


def enrolled(lea: str, first: str, last: str = "", *, status: str = "10", exit_code: str = "") -> Enrolled:
    return Enrolled(lea, day(first), day(last) if last else None, status, exit_code)


def held(value: str, first: str, last: str = "") -> Held:
    return Held(day(first), day(last) if last else None, value)


@pytest.mark.parametrize(
    ("enrollments", "stays"),
    [
        pytest.param([enrolled(US, "2024-08-14")], [("2024-08-14", "")], id="one"),
        pytest.param(
            [enrolled(US, "2024-08-14", "2025-01-10"), enrolled(US, "2025-01-11")],
            [("2024-08-14", "")],
            id="another school the next day",
        ),
        pytest.param(
            [enrolled(US, "2024-08-14", "2025-01-10"), enrolled(US, "2025-01-12")],
            [("2024-08-14", "2025-01-10"), ("2025-01-12", "")],
            id="one day between in January",
        ),
        pytest.param(
            [enrolled(US, "2024-08-14", "2025-06-06", exit_code="E155"), enrolled(US, "2025-08-13")],
            [("2024-08-14", "")],
            id="a summer",
        ),
        pytest.param(
            [enrolled(US, "2024-08-14", "2025-06-30"), enrolled(US, "2025-07-01")],
            [("2024-08-14", "")],
            id="June 30 and July 1",
        ),
        pytest.param(
            [enrolled(US, "2024-08-14", "2025-05-16"), enrolled(US, "2025-09-13")],
            [("2024-08-14", "")],
            id="a summer of 120 days",
        ),
        pytest.param(
            [enrolled(US, "2024-08-14", "2025-05-16"), enrolled(US, "2025-09-14")],
            [("2024-08-14", "2025-05-16"), ("2025-09-14", "")],
            id="121 days are no summer",
        ),
        pytest.param(
            [enrolled(US, "2024-08-14", "2025-06-06", exit_code="T160"), enrolled(US, "2025-08-13")],
            [("2024-08-14", "2025-06-06"), ("2025-08-13", "")],
            id="a transfer out in summer",
        ),
        pytest.param(
            [
                enrolled(US, "2024-08-14", "2025-06-06", exit_code="E155"),
                enrolled(THEM, "2025-07-07", "2025-08-01"),
                enrolled(US, "2025-08-13"),
            ],
            [("2024-08-14", "2025-06-06"), ("2025-08-13", "")],
            id="elsewhere in summer",
        ),
        pytest.param(
            [enrolled(US, "2024-08-14", status="20"), enrolled(US, "2026-11-02")],
            [("2026-11-02", "")],
            id="secondary does not count",
        ),
        pytest.param([enrolled(US, "2026-08-14", "2026-08-14", exit_code="N470")], [], id="never came"),
        pytest.param([enrolled(THEM, "2024-08-14")], [], id="elsewhere"),
    ],
)
def test_stays_at_a_district(enrollments, stays):
    found = [
        (f"{one.first}", f"{one.last}" if one.last else "") for one in stays_at(reversed(enrollments), US)
    ]
    assert found == stays


@pytest.mark.parametrize(
    ("on", "start"),
    [
        ("2024-08-13", "2024-08-14"),  # the next to begin
        ("2024-08-14", "2024-08-14"),
        ("2025-03-01", "2024-08-14"),
        ("2025-03-15", "2025-10-06"),  # between: the next
        ("2025-10-05", "2025-10-06"),
        ("2025-10-06", "2025-10-06"),
        ("2026-11-23", "2025-10-06"),
        ("2026-12-19", None),
    ],
)
def test_enrollment_start_is_the_first_day_of_the_stay(on, start):
    twice = [enrolled(US, "2024-08-14", "2025-03-14"), enrolled(US, "2025-10-06", "2026-12-18")]
    assert enrollment_start(twice, US, day(on)) == (day(start) if start else None)


CAME = [enrolled(THEM, "2023-08-14", "2026-10-30"), enrolled(US, "2026-11-02")]
TOOK_PART = [held("1", "2024-01-10")]
THEIR_PLAN, OURS = held(THEM, "2026-01-10", "2026-11-01"), held(US, "2026-11-02")


@pytest.mark.parametrize(
    ("statuses", "plans", "on", "start"),
    [
        pytest.param(TOOK_PART, [held(THEM, "2026-01-10")], "2026-11-23", None, id="not adopted yet"),
        pytest.param(TOOK_PART, [THEIR_PLAN, OURS], "2026-11-23", "2026-11-02", id="adopted"),
        pytest.param(TOOK_PART, [THEIR_PLAN, OURS], "2026-11-02", "2026-11-02", id="on the first day"),
        pytest.param(TOOK_PART, [THEIR_PLAN, OURS], "2026-11-01", None, id="the day before"),
        pytest.param(
            TOOK_PART,
            [THEIR_PLAN, held(US, "2026-11-02", "2026-11-15"), held(US, "2026-11-16")],
            "2026-11-23",
            "2026-11-02",
            id="a new plan goes on",
        ),
        pytest.param(
            [held("2", "2026-06-30", "2026-11-08"), held("1", "2026-11-09")],
            [held(US, "2026-11-09")],
            "2026-11-23",
            "2026-11-09",
            id="began a week after the enrollment",
        ),
        pytest.param(
            [held("1", "2024-01-10", "2026-11-15"), held("2", "2026-11-16")],
            [THEIR_PLAN, OURS],
            "2026-11-23",
            None,
            id="takes part no longer",
        ),
        pytest.param(
            [held("1", "2024-01-10", "2026-11-10"), held("1", "2026-11-16")],
            [THEIR_PLAN, OURS],
            "2026-11-23",
            "2026-11-16",
            id="after a break",
        ),
        pytest.param(
            TOOK_PART, [held(US, "2026-09-01")], "2026-11-23", "2026-11-02", id="a plan from before the stay"
        ),
        pytest.param([], [THEIR_PLAN, OURS], "2026-11-23", None, id="no status"),
    ],
)
def test_participation_start(statuses, plans, on, start):
    found = participation_start(CAME, statuses, plans, US, day(on))
    assert found == (day(start) if start else None)


def test_a_summer_breaks_no_participation():
    enrollments = [enrolled(US, "2024-08-14", "2026-06-05", exit_code="E155"), enrolled(US, "2026-08-12")]
    found = participation_start(enrollments, TOOK_PART, [held(US, "2025-01-13")], US, day("2026-11-23"))
    assert found == day("2025-01-13")
    assert enrollment_start(enrollments, US, day("2026-11-23")) == day("2024-08-14")


def reported(code: str, first: str, last: str = "", lea: str = US) -> Reported:
    return Reported(lea, day(first), day(last) if last else None, code)


ONE, IFSP, IEP = reported("1", "2026-03-02"), reported("150", "2026-03-09"), reported("100", "2026-03-09")


@pytest.mark.parametrize(
    ("enrollments", "statuses", "plans", "stays"),
    [
        pytest.param([], [ONE], [IFSP], [(US, "2026-03-09", "")], id="from the later of status and plan"),
        pytest.param([], [ONE], [IEP], [], id="an IEP asks for an enrollment"),
        pytest.param([], [ONE], [reported("200", "2026-03-09")], [], id="a services plan, too"),
        pytest.param([], [ONE], [], [], id="no plan"),
        pytest.param([], [], [IFSP], [], id="no status"),
        pytest.param([], [reported("2", "2026-03-02")], [IFSP], [], id="does not take part"),
        pytest.param([], [reported("1", "2026-03-02", lea=THEM)], [IFSP], [], id="of two LEAs"),
        pytest.param(
            [], [ONE], [reported("150", "2026-03-09", "2026-11-22")], [(US, "2026-03-09", "2026-11-22")],
            id="until the plan ends",
        ),
        pytest.param(
            [], [reported("1", "2026-03-02", "2026-03-09")], [IFSP], [(US, "2026-03-09", "2026-03-09")],
            id="a single day",
        ),
        pytest.param([], [reported("1", "2026-03-02", "2026-03-08")], [IFSP], [], id="over the day before"),
        pytest.param(
            [enrolled(US, "2026-08-17")], [ONE], [IFSP], [(US, "2026-03-09", "2026-08-16")],
            id="until the day before the enrollment",
        ),
        pytest.param(
            [enrolled(THEM, "2026-08-17")], [ONE], [IFSP], [(US, "2026-03-09", "2026-08-16")],
            id="wherever that is",
        ),
        pytest.param([enrolled(US, "2026-03-09")], [ONE], [IFSP], [], id="enrolled from the first day"),
        pytest.param(
            [enrolled(US, "2026-02-02", "2026-02-27", exit_code="T160")], [ONE], [IFSP], [],
            id="was enrolled: the SIS said that the child left",
        ),
        pytest.param(
            [enrolled(US, "2026-08-17", "2026-08-17", exit_code="N470")], [ONE], [IFSP],
            [(US, "2026-03-09", "")], id="who never came was never enrolled",
        ),
        pytest.param(
            [enrolled(THEM, "2026-08-17", status="20")], [ONE], [IFSP], [(US, "2026-03-09", "")],
            id="an enrollment beside another one is none",
        ),
        pytest.param(
            [],
            [ONE, reported("1", "2026-06-01", lea=THEM)],
            [reported("150", "2026-03-09", "2026-05-31"), reported("150", "2026-06-01", lea=THEM)],
            [(US, "2026-03-09", "2026-05-31"), (THEM, "2026-06-01", "")],
            id="one LEA after the other",
        ),
    ],
)  # fmt: skip
def test_an_infant_is_served_before_any_sis_enrolls_the_child(enrollments, statuses, plans, stays):
    assert [
        (one.lea_code, str(one.first), str(one.last) if one.last else "")
        for one in infant_stays(enrollments, statuses, plans)
    ] == stays
