"""Who did not come along into the new school year: took part until June, and is enrolled nowhere since school began.

Nobody is moved by a rollover here: the SIS's new enrollment moves a student. Whoever has none when school has begun is
held, until a file brings it or somebody says what became of the student. And where somebody was planned to come, is
expected until Census Day: by then whoever is anywhere is in a SIS file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from manzanita.domain.calendars import Calendar
from manzanita.domain.leaving import EXPECTED_BACK
from manzanita.domain.statuses.standing import Enrolled
from manzanita.domain.years import academic_year_of, census_day, first_day

_JUNE = 6
# Died, completed school, went to college: whoever left so comes to no school any more.
GONE_FOR_GOOD = frozenset({"E130", "E230", "T280"})


def school_begins(calendar: Calendar, year: str) -> date:
    """The first day with school of an academic year; September 1 where no term of it is known: by then every school of
    the state has begun, and nobody is called held too early."""
    july = first_day(year)
    known = [one.first for one in calendar.school_years if academic_year_of(one.first) == year]
    return min(known, default=date(july.year, 9, 1))


def last_day_before_summer(enrollments: Sequence[Enrolled], lea_code: str, year: str) -> date | None:
    """The day in June before ``year`` on which the SIS ended the last enrollment at the LEA with a reason that expects
    the student back; ``None`` where there is none. One that ended for good is a leaving."""
    july = first_day(year)
    before = [one for one in enrollments if one.lea_code == lea_code and one.first < july]
    newest = max(before, key=lambda one: one.first, default=None)
    if newest is None or newest.last is None or newest.exit_code not in EXPECTED_BACK:
        return None
    is_june = newest.last.year == july.year and newest.last.month == _JUNE
    return newest.last if is_june else None


def held_since(enrollments: Sequence[Enrolled], lea_code: str, day: date, begins: date) -> date | None:
    """The first day with school, from which a student is held who has no enrollment on it or after it, at whatever
    LEA; ``None``: is not held. ``begins`` is the first day with school of the academic year of ``day``, on which the
    student may still come."""
    if day <= begins or last_day_before_summer(enrollments, lea_code, academic_year_of(day)) is None:
        return None
    came = any(one.last is None or one.last >= begins for one in enrollments)
    return None if came else begins


@dataclass(frozen=True, slots=True)
class Expecting:
    """The time in which whoever was planned to come is expected: from ``first``, July 1, to ``last``, Census Day. What
    was planned for it held until ``planned_until``, June 30."""

    first: date
    last: date

    @property
    def planned_until(self) -> date:
        return self.first - timedelta(days=1)


def expecting_on(day: date) -> Expecting | None:
    """The time in which ``day`` lies; ``None`` from the day after Census Day to June 30."""
    year = academic_year_of(day)
    found = Expecting(first_day(year), census_day(year))
    return found if day <= found.last else None
