"""Which initial evaluation may be opened for whom, and the reason where none may."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from manzanita.domain.opening import Situation, why_not_open
from manzanita.domain.scenarios import EVENTS

INITIALS = ("part_c_initial", "c_to_b", "b_initial")
HERE, ELSEWHERE = "1975150", "1975151"
# Three on February 2, 2027.
INFANT = Situation(
    today=date(2026, 11, 29),
    may_hold_meetings=True,
    status_code="1",
    plan_lea=HERE,
    plan_type="150",
    lea=HERE,
    is_enrolled_here=True,
    is_enrolled_elsewhere=False,
    born_on=date(2024, 2, 2),
)


def refused(now: Situation) -> dict[str, list[str]]:
    return {key: [one.code for one in why_not_open(EVENTS[key], now)] for key in INITIALS}


@pytest.mark.parametrize(
    "now",
    [
        INFANT,
        # Another LEA serves the child, and has enrolled it; or nobody has.
        replace(INFANT, plan_lea=ELSEWHERE, is_enrolled_here=False, is_enrolled_elsewhere=True),
        replace(INFANT, is_enrolled_here=False),
        # The birthday, and the last day of the year of the fourth.
        replace(INFANT, today=date(2027, 2, 2), born_on=date(2024, 2, 2)),
        replace(INFANT, today=date(2028, 12, 31)),
    ],
)
def test_a_child_with_an_ifsp_goes_from_c_to_b_and_no_other_way(now):
    found = refused(now)
    assert found["c_to_b"] == [] and found["b_initial"] == ["from-part-c"]
    assert found["part_c_initial"][0] == "has-ifsp"


def test_an_ifsp_that_was_never_ended_does_not_keep_a_student_from_an_evaluation():
    found = refused(replace(INFANT, today=date(2029, 1, 1)))
    assert found == {"part_c_initial": ["has-ifsp", "age-three"], "c_to_b": ["age-c-to-b"], "b_initial": []}


@pytest.mark.parametrize("plan_type", ["100", "200", ""])
def test_who_takes_part_on_another_plan_or_on_none_has_no_initial(plan_type):
    found = refused(replace(INFANT, plan_type=plan_type))
    assert found == {key: ["participating"] for key in INITIALS}


def test_an_ifsp_beside_another_status_is_no_way_from_part_c():
    """Served by the Regional Center alone, or out of special education: any of the three, by age."""
    for status in ("", "2", "4"):
        assert refused(replace(INFANT, status_code=status)) == {key: [] for key in INITIALS}


def test_what_is_open_already_stands_against_it_too():
    now = replace(INFANT, open_key="annual", open_label="the annual plan review of 11/12/2026")
    assert refused(now)["c_to_b"] == ["open-meeting"]


def test_the_reason_names_the_birthday_and_the_way():
    (reason,) = why_not_open(EVENTS["b_initial"], INFANT)
    assert "02/02/2027" in reason.text and reason.way_out == "Open a C to B transition evaluation."
