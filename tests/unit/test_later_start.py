"""From which day a plan counts whose start was agreed for later, each day by hand."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.calendars import Calendar
from manzanita.domain.later_start import may_start_on, next_school_begins
from manzanita.domain.stays import Enrolled

US, THEM = "9910017", "9910025"
MAY, SCHOOL = date(2026, 5, 14), date(2026, 8, 13)
OLD = Enrolled(US, date(2025, 8, 14), date(2026, 6, 5), exit_code="E155")


@pytest.mark.parametrize(
    ("held_on", "begins"),
    [
        # Without a calendar school is counted from September 1.
        (date(2026, 5, 14), date(2026, 9, 1)),
        (date(2026, 6, 30), date(2026, 9, 1)),
        # Of the summer, the school year that is about to begin.
        (date(2026, 7, 1), date(2026, 9, 1)),
        (date(2026, 8, 31), date(2026, 9, 1)),
        # On the first day with school it has begun: the next one is meant.
        (date(2026, 9, 1), date(2027, 9, 1)),
        (date(2026, 12, 18), date(2027, 9, 1)),
        (date(2027, 2, 1), date(2027, 9, 1)),
    ],
)
def test_which_school_year_is_the_next(held_on, begins):
    assert next_school_begins(Calendar(()), held_on) == begins


@pytest.mark.parametrize(
    ("enrollments", "first"),
    [
        ([], None),
        ([OLD], None),
        ([OLD, Enrolled(US, date(2026, 8, 13))], date(2026, 8, 13)),
        ([Enrolled(US, date(2026, 7, 1))], date(2026, 7, 1)),
        # Before July 1 it is none of the new year, and counts when school begins, if it lasts until then.
        ([Enrolled(US, date(2026, 6, 30))], SCHOOL),
        ([Enrolled(US, date(2026, 6, 30), date(2026, 8, 12))], None),
        ([Enrolled(US, date(2026, 6, 30), date(2026, 8, 13))], SCHOOL),
        # Through the summer.
        ([Enrolled(US, date(2025, 8, 14))], SCHOOL),
        ([Enrolled(US, date(2025, 8, 14), date(2027, 6, 4))], SCHOOL),
        # In the middle of the year, and in the year after.
        ([OLD, Enrolled(US, date(2027, 1, 11))], date(2027, 1, 11)),
        ([OLD, Enrolled(US, date(2027, 8, 12))], date(2027, 8, 12)),
        # The first of several.
        (
            [Enrolled(US, date(2027, 1, 11)), Enrolled(US, date(2026, 8, 20), date(2026, 12, 1))],
            date(2026, 8, 20),
        ),
        # Elsewhere, beside another one, and who never came.
        ([Enrolled(THEM, SCHOOL)], None),
        ([Enrolled(US, SCHOOL, status_code="20")], None),
        ([Enrolled(US, SCHOOL, SCHOOL, exit_code="N470")], None),
    ],
)
def test_the_first_day_by_enrollments(enrollments, first):
    assert may_start_on(enrollments, US, held_on=MAY, since=MAY, begins=SCHOOL) == first


@pytest.mark.parametrize(
    ("since", "first"),
    [
        (date(2026, 7, 21), date(2026, 8, 13)),
        # Three on the first day, or after it: the status of that day is the state's key, so that the next one is free.
        (date(2026, 8, 13), date(2026, 8, 14)),
        (date(2026, 10, 2), date(2026, 10, 3)),
    ],
)
def test_a_child_who_turns_three_waits_for_the_day_after(since, first):
    enrolled = [Enrolled(US, SCHOOL)]
    assert may_start_on(enrolled, US, held_on=MAY, since=since, begins=SCHOOL) == first


def test_a_meeting_of_the_summer_after_the_enrollment_waits_for_school():
    enrolled = [Enrolled(US, date(2026, 7, 6))]
    held = date(2026, 7, 20)
    assert may_start_on(enrolled, US, held_on=held, since=held, begins=SCHOOL) == SCHOOL
