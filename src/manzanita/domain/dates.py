"""Calendar arithmetic that every clock, rule and page shares: the same day some months or years away.

Where that day does not exist the last day of the month takes its place: one year after 29 February is
28 February, one month after 31 January is 28 (29) February. So a deadline never moves into the month after, and
whoever is born on 29 February is a year older on 28 February of a year without that day (decision 17).
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

_MONTHS = 12
_DAY = timedelta(days=1)
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AS_SENT = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)", re.ASCII)
_AS_WRITTEN = re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})", re.ASCII)
# A day outside of these is a slip of the pen, and no count from it runs out of the calendar.
_YEARS = range(1900, 2200)


def years_after(day: date, years: int) -> date:
    """The same day ``years`` later (earlier, if negative)."""
    return months_after(day, years * _MONTHS)


def months_after(day: date, months: int) -> date:
    """The same day of the month ``months`` later (earlier, if negative), or the last day of that month."""
    year, month = divmod(day.year * _MONTHS + day.month - 1 + months, _MONTHS)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def is_last_of_month(day: date) -> bool:
    return (day + _DAY).day == 1


def last_of_month(day: date) -> date:
    """The last day of the month of ``day``."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def born_by(day: date, years: int) -> date:
    """The latest birth date of those who are ``years`` old on ``day``. On February 28 of a year without a 29th it is
    February 29 where there was one."""
    born = years_after(day, -years)
    later = born + _DAY
    return later if years_after(later, years) <= day else born


def iso_day(text: str) -> date:
    """The day of ``2026-11-23``. Raises ``ValueError`` with the fix for anything else."""
    if _ISO_DAY.fullmatch(text):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise ValueError(f"there is no day {text}: correct it") from None
        if day.year not in _YEARS:
            raise ValueError(f"{text} is no day of a school or a student: correct the year")
        return day
    raise ValueError(f"{text!r} is not a date such as 2026-11-23: write year, month and day")


def day_of(text: str) -> date | None:
    """The day of ``2026-11-23``, as browsers send it, or of ``11/23/2026``, as it is written here; nothing where none
    was given or it is no day: whoever needs one says so."""
    found = _AS_SENT.fullmatch(text.strip()) or _AS_WRITTEN.fullmatch(text.strip())
    try:
        return date(*(int(found[part]) for part in ("year", "month", "day"))) if found else None
    except ValueError:
        return None
