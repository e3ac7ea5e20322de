"""School years and school days of the fictitious SELPA.

A school year is named by the calendar year it starts in and runs from July 1 to June 30.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

MONDAY, WEDNESDAY, THURSDAY, FRIDAY = 0, 2, 3, 4


def school_year(day: date) -> int:
    """2026 for every day from 2026-07-01 to 2027-06-30."""
    return day.year if day.month >= 7 else day.year - 1


@cache
def academic_year_id(day: date) -> str:
    """``2026-2027``, the form of the state's Academic Year ID."""
    year = school_year(day)
    return f"{year}-{year + 1}"


@cache
def state_date(day: date) -> str:
    """CCYYMMDD."""
    return day.isoformat().replace("-", "")


def add_years(day: date, years: int) -> date:
    """Same calendar day ``years`` later; February 29 becomes February 28."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def age_on(birth: date, day: date) -> int:
    """Completed years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """The ``nth`` (from one) ``weekday`` of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


@cache
def census_day(year: int) -> date:
    """First Wednesday of October of the school year."""
    return nth_weekday(year, 10, WEDNESDAY, 1)


@cache
def first_day(year: int, offset: int = 0) -> date:
    """First day of instruction: the third Monday of August, moved by the LEA's ``offset`` in days."""
    return nth_weekday(year, 8, MONDAY, 3) + timedelta(days=offset)


@cache
def last_day(year: int) -> date:
    """Last day of instruction: the first Friday of June."""
    return nth_weekday(year + 1, 6, FRIDAY, 1)


def breaks(year: int) -> list[tuple[date, date]]:
    """Breaks of a school year, both ends included: a week in November, two in winter, one in spring."""
    thanksgiving = nth_weekday(year, 11, THURSDAY, 4)
    christmas = date(year, 12, 25)
    winter = christmas - timedelta(days=christmas.weekday())
    if christmas.weekday() >= 5:
        winter += timedelta(days=7)
    spring = nth_weekday(year + 1, 4, MONDAY, 1)
    return [
        (thanksgiving - timedelta(days=3), thanksgiving + timedelta(days=1)),
        (winter, winter + timedelta(days=11)),
        (spring, spring + timedelta(days=4)),
    ]


def closures(year: int) -> list[tuple[date, date]]:
    """Days on which offices are closed too."""
    thanksgiving = nth_weekday(year, 11, THURSDAY, 4)
    next_june = date(year + 1, 5, 31)
    single = [
        nth_weekday(year, 9, MONDAY, 1),
        date(year, 11, 11),
        nth_weekday(year + 1, 1, MONDAY, 3),
        nth_weekday(year + 1, 2, MONDAY, 3),
        next_june - timedelta(days=next_june.weekday()),
    ]
    return sorted([(day, day) for day in single] + [(thanksgiving, thanksgiving + timedelta(days=1))])


@dataclass(frozen=True, slots=True)
class SchoolDays:
    """Every day on which all LEAs of the SELPA teach, ascending, from ``first_year`` to ``last_year``."""

    days: tuple[date, ...]

    @classmethod
    def between(cls, first_year: int, last_year: int) -> SchoolDays:
        return cls(tuple(day for year in range(first_year, last_year + 1) for day in _taught(year)))

    def on_or_after(self, day: date) -> date:
        return self.days[bisect_left(self.days, day)]

    def on_or_before(self, day: date) -> date:
        return self.days[bisect_right(self.days, day) - 1]

    def within(self, first: date, last: date) -> range:
        """Positions in ``days`` from ``first`` to ``last``, both included; empty in a summer."""
        return range(bisect_left(self.days, first), bisect_right(self.days, last))


def _taught(year: int) -> Iterator[date]:
    # Two days after the common start every LEA is open, whatever its own first day.
    day, end = first_day(year, 2), last_day(year)
    off = breaks(year) + closures(year)
    while day <= end:
        if day.weekday() < 5 and not any(start <= day <= finish for start, finish in off):
            yield day
        day += timedelta(days=1)
