"""School calendars: one row for each weekday of four school years, by LEA."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from manzanita.synthetic.agencies import Lea
from manzanita.synthetic.schoolyear import breaks, closures, first_day, last_day

CALENDAR_COLUMNS = ("day", "kind", "note")
_BREAK_NOTES = ("Thanksgiving break", "Winter break", "Spring break")


def calendar_rows(lea: Lea, first_year: int, last_year: int) -> Iterator[tuple[str, str, str]]:
    """Rows of ``calendar_<lea>.csv`` from July 1 to June 30 of each school year.

    ``kind`` is ``school``, ``break`` (offices may be open), ``holiday`` (offices are closed) or ``summer``.
    """
    for year in range(first_year, last_year + 1):
        day = date(year, 7, 1)
        while day < date(year + 1, 7, 1):
            if day.weekday() < 5:
                yield (day.isoformat(), *_kind(lea, year, day))
            day += timedelta(days=1)


def _kind(lea: Lea, year: int, day: date) -> tuple[str, str]:
    first, last = first_day(year, lea.offset), last_day(year)
    if any(start <= day <= end for start, end in closures(year)):
        return "holiday", ""
    if not first <= day <= last:
        return "summer", ""
    for (start, end), note in zip(breaks(year), _BREAK_NOTES, strict=True):
        if start <= day <= end:
            return "break", note
    notes = {first: "First day of instruction", last: "Last day of instruction"}
    return "school", notes.get(day, "")
