"""Held from rollover: each case written by hand. School begins on August 12, 2026, and on August 11, 2025 before it."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.calendars import Calendar, Period, PeriodKind
from manzanita.domain.rollover import held_since, last_day_before_summer, school_begins
from manzanita.domain.statuses import Enrolled

US, THEM = "1975309", "1964733"
BEGINS, BEGAN_BEFORE = date(2026, 8, 12), date(2025, 8, 11)
YEAR = Enrolled(US, date(2025, 8, 11), date(2026, 6, 11), "E150")


@pytest.mark.parametrize(
    ("enrollments", "day", "since"),
    [
        # Of the day before the year turns the year before counts, in which the student was here.
        ([YEAR], date(2026, 6, 30), None),
        ([YEAR], date(2026, 7, 1), None),
        ([YEAR], date(2026, 7, 2), None),
        # On the first day of school the student may still come.
        ([YEAR], date(2026, 8, 12), None),
        ([YEAR], date(2026, 8, 13), BEGINS),
        ([YEAR], date(2027, 6, 30), BEGINS),
        # A year later nobody was here in June.
        ([YEAR], date(2027, 8, 20), None),
        # Came, comes, or is somewhere else.
        ([YEAR, Enrolled(US, BEGINS)], date(2026, 9, 1), None),
        ([YEAR, Enrolled(US, date(2026, 10, 5))], date(2026, 9, 1), None),
        ([YEAR, Enrolled(THEM, date(2026, 8, 17))], date(2026, 9, 1), None),
        ([YEAR, Enrolled(US, BEGINS, date(2026, 8, 28), "E160")], date(2026, 9, 1), None),
        # The summer session is over before school begins.
        ([YEAR, Enrolled(US, date(2026, 7, 6), date(2026, 7, 31), "E150")], date(2026, 9, 1), BEGINS),
        # Ended for good, in May, never ended, or not ours: something else, or nothing.
        ([Enrolled(US, date(2025, 8, 11), date(2026, 6, 11), "E160")], date(2026, 9, 1), None),
        ([Enrolled(US, date(2025, 8, 11), date(2026, 5, 29), "E150")], date(2026, 9, 1), None),
        ([Enrolled(US, date(2025, 8, 11))], date(2026, 9, 1), None),
        ([Enrolled(THEM, date(2025, 8, 11), date(2026, 6, 11), "E150")], date(2026, 9, 1), None),
    ],
)
def test_who_is_held_and_since_when(enrollments, day, since):
    begins = BEGAN_BEFORE if day < date(2026, 7, 1) else BEGINS
    if day > date(2027, 7, 1):
        begins = date(2027, 8, 11)
    assert held_since(enrollments, US, day, begins) == since


def test_the_last_day_is_that_of_the_june_before_the_year():
    assert last_day_before_summer([YEAR], US, "2026-2027") == date(2026, 6, 11)
    assert last_day_before_summer([YEAR], US, "2025-2026") is None
    assert last_day_before_summer([YEAR], US, "2027-2028") is None


def test_school_begins_with_the_first_term_and_without_one_on_september_1():
    terms = [
        Period(date(2025, 8, 11), date(2026, 6, 11), PeriodKind.TERM, US),
        Period(date(2026, 8, 12), date(2027, 6, 10), PeriodKind.TERM, US),
    ]
    assert school_begins(Calendar(terms), "2026-2027") == BEGINS
    assert school_begins(Calendar(terms), "2025-2026") == BEGAN_BEFORE
    assert school_begins(Calendar([]), "2026-2027") == date(2026, 9, 1)
    assert school_begins(Calendar(terms[:1]), "2026-2027") == date(2026, 9, 1)
