"""From when on, in a school year, the data of the next one may be entered.

In the fall this year's data has to be right for Census Day, and what somebody then enters for "next year" is often
meant for the year that has just begun. No law says when it may be entered: the SELPA answers (``domain.policies``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType

from manzanita.domain.years import academic_year_of, census_day, year_start

RULE = "Next year's data, when it opens: answered by the SELPA"
_DAY = timedelta(days=1)


def _in_year(month: int) -> Callable[[date], date]:
    return lambda start: date(start.year + 1, month, 1)


# By the answer of the policy ``NEXT_YEAR_OPENS``: the first day, by the July 1 that begins the school year.
_OPENS: Mapping[str, Callable[[date], date]] = MappingProxyType(
    {
        "july": lambda start: start,
        "census": lambda start: census_day(academic_year_of(start)) + _DAY,
        "january": _in_year(1),
        "march": _in_year(3),
    }
)


def opens_on(today: date, answer: str) -> date:
    """The day of this school year on which next year's data opens. Raises ``KeyError`` for an answer there is not."""
    return _OPENS[answer](year_start(today))


def is_open(today: date, answer: str) -> bool:
    return today >= opens_on(today, answer)
