"""Academic years and Census Day, as functions of the state's own text ``"2026-2027"``."""

from __future__ import annotations

import re
from datetime import date, timedelta

_YEAR = re.compile(r"(\d{4})-(\d{4})")
_WEDNESDAY = 2


def first_calendar_year(year: str) -> int:
    """2026 of ``"2026-2027"``. Raises ``ValueError`` unless ``year`` is two consecutive years."""
    match = _YEAR.fullmatch(year)
    if match is None or int(match[2]) != int(match[1]) + 1:
        raise ValueError(f"{year!r} is not an academic year such as 2026-2027")
    return int(match[1])


def first_day(year: str) -> date:
    """1 July: the academic year begins."""
    return date(first_calendar_year(year), 7, 1)


def last_day(year: str) -> date:
    """30 June: the academic year ends."""
    return date(first_calendar_year(year) + 1, 6, 30)


def census_day(year: str) -> date:
    """The first Wednesday of October, the day Fall 1 counts."""
    october = date(first_calendar_year(year), 10, 1)
    return october + timedelta(days=(_WEDNESDAY - october.weekday()) % 7)


def academic_year_of(day: date) -> str:
    """The academic year that ``day`` lies in."""
    first = year_start(day).year
    return f"{first}-{first + 1}"


def year_start(day: date) -> date:
    """July 1 that begins the academic year of ``day``."""
    return date(day.year if day.month >= 7 else day.year - 1, 7, 1)


def since_last_year(today: date) -> date:
    """July 1 of the previous academic year: how far back one looks for whom the SIS has ended and nobody has since."""
    return date(year_start(today).year - 1, 7, 1)


def year_end(day: date) -> date:
    """June 30 that ends the academic year of ``day``."""
    return date(year_start(day).year + 1, 6, 30)
