"""From which day a plan counts whose start was agreed for later: with the enrollment of the next school year.

An initial evaluation may find a child eligible while family and team agree that plan and services start with the
enrollment of next year: status 2, reason 12, until then. "Next year" is the first that begins after the meeting.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from manzanita.domain.calendars import Calendar
from manzanita.domain.rollover import school_begins
from manzanita.domain.stays import Enrolled
from manzanita.domain.years import academic_year_of, last_day, year_start

# The outcome of an initial evaluation, and the SWDS values (22.12, 22.13) that it leads to.
OUTCOME = "starts_later"
WAITS = ("2", "12")
_DAY = timedelta(days=1)


def next_school_begins(calendar: Calendar, held_on: date) -> date:
    """The first day with school of the year whose enrollment is meant: the first that begins after the meeting."""
    year = academic_year_of(held_on)
    begins = school_begins(calendar, year)
    return begins if begins > held_on else school_begins(calendar, academic_year_of(last_day(year) + _DAY))


def may_start_on(
    enrollments: Iterable[Enrolled], lea_code: str, *, held_on: date, since: date, begins: date
) -> date | None:
    """The first day on which the agreed plan may count at the LEA; ``None`` while no enrollment of that year is known.

    An enrollment of the new school year counts from its own first day. One that goes on from before, or began before
    July 1, counts from the first day with school (``begins``). A status that began ``since`` stands one day at least:
    two of one day would be one record at the state.
    """
    july = year_start(begins)
    found = []
    for one in enrollments:
        if one.lea_code != lea_code or not one.counts:
            continue
        is_new = one.first >= july and one.first > held_on
        day = max(one.first if is_new else begins, since + _DAY)
        if one.first <= day and (one.last is None or day <= one.last):
            found.append(day)
    return min(found, default=None)
