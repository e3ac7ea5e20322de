"""Ages and due dates as rules count them, as column expressions over dates of the state (CCYYMMDD)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import polars as pl

from manzanita.domain.clocks.ages import LAST_YEARS
from manzanita.domain.rules.declaration import Rule, Setting, spoken_date

YEAR = 12
# What the context ``birth`` says of a row: the date of birth, the same as a count of days (:func:`birth_count`), the
# age in months on the day of the row, the start of a plan for example; and as numbers the third birthday and the last
# day of the last school year in special education.
BIRTH, BIRTH_COUNT, MONTHS = "birth.on", "birth.count", "birth.months"
THIRD, LAST = "birth.third_on", "birth.last_on"
DAY_OF_ROW: Mapping[str, str] = {"SWDS": "22.11", "PLAN": "23.12", "SERV": "25.17"}
# Days in a month of a count of days, more than any month has.
_LONG_MONTH = 32
# 30 June, and the age at which Part C ends.
_YEAR_END = 630
_END_OF_PART_C = 3


def age_rule(
    *,
    asks: Callable[[Setting], pl.Expr],
    wrong_age: Callable[[Setting], pl.Expr],
    contexts: tuple[str, ...] = (),
    **declared: Any,
) -> Rule:
    """A certification rule about the student's age on the rows of which ``asks`` is true.

    ``wrong_age`` may read ``birth.on``. A row that is asked about a student whose date of birth nobody told is *not
    evaluated*. ``declared`` are the other parts of the :class:`Rule`.
    """
    return Rule(
        kind="discrepancy",
        contexts=("birth", *contexts),
        wrong=lambda setting: asks(setting) & wrong_age(setting),
        undecided=lambda setting: asks(setting) & (pl.col(BIRTH) == ""),
        undecided_reason="the birth date is missing (1.17 in SENR, 2.18 in SINF)",
        **declared,
    )


def number(day: str) -> pl.Expr:
    """The date in column ``day`` as a number, CCYYMMDD: compared much faster than as a text; null where empty."""
    return pl.col(day).cast(pl.Int32, strict=False)


def months_old(birth: str, day: str | pl.Expr) -> pl.Expr:
    """Whole months from the date in column ``birth`` to ``day`` (a column's name, or an expression of dates).

    Null where either is empty, so that a comparison is null and a rule says nothing. A month is full on the same day
    of the month, or on the last day of a month that lacks it (:mod:`manzanita.domain.dates`).
    """
    if birth == BIRTH and isinstance(day, str) and day in DAY_OF_ROW.values():
        return pl.col(MONTHS)
    on = pl.col(day) if isinstance(day, str) else day
    born = pl.col(BIRTH_COUNT) if birth == BIRTH else birth_count(birth)
    on = on.cast(pl.Int32, strict=False)
    return whole_months(born, on // 10_000, on // 100 % 100, on % 100)


def months_old_on(birth: str, day: str) -> pl.Expr:
    """As :func:`months_old`, on one ``day`` (CCYYMMDD) for all rows."""
    born = pl.col(BIRTH_COUNT) if birth == BIRTH else birth_count(birth)
    reached = _LONG_MONTH - 1 if _is_month_end(day) else int(day[6:])
    return ((int(day[:4]) * YEAR + int(day[4:6])) * _LONG_MONTH + reached - born) // _LONG_MONTH


def months_old_by_year_end(day: str) -> pl.Expr:
    """As :func:`months_old` of the context's birth, on the 30 June that ends the school year of ``day``, a column."""
    on = number(day)
    year = on // 10_000 + (on % 10_000 > _YEAR_END).cast(pl.Int32)
    return (
        (year * YEAR + _YEAR_END // 100) * _LONG_MONTH + _LONG_MONTH - 1 - pl.col(BIRTH_COUNT)
    ) // _LONG_MONTH


def year_end(day: pl.Expr) -> pl.Expr:
    """The 30 June that ends the school year of ``day``; numbers as :func:`number`."""
    return (day // 10_000 + (day % 10_000 > _YEAR_END).cast(pl.Int32)) * 10_000 + _YEAR_END


def birthdays() -> dict[str, pl.Expr]:
    """What follows from a birth alone, by name: of each student once, not of each row and rule."""
    return {
        BIRTH_COUNT: birth_count(BIRTH),
        THIRD: after(BIRTH, f"{_END_OF_PART_C}y"),
        LAST: year_end(after(BIRTH, f"{LAST_YEARS}y")),
    }


def whole_months(born: pl.Expr, year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """As :func:`months_old`, from a birth as :func:`birth_count` counts it to a date taken apart."""
    # On the last day of a month every month is full that began on a day it lacks.
    reached = pl.when(day == _last_of_month(year, month)).then(_LONG_MONTH - 1).otherwise(day)
    return ((year * YEAR + month) * _LONG_MONTH + reached - born) // _LONG_MONTH


def birth_count(day: str) -> pl.Expr:
    """The date in column ``day`` as a count of days in which all months are equally long; null where it is empty."""
    on = number(day)
    return (on // 10_000 * YEAR + on // 100 % 100) * _LONG_MONTH + on % 100


def _last_of_month(year: pl.Expr, month: pl.Expr) -> pl.Expr:
    """The number of the last day of a month."""
    is_leap = _is_leap(year)
    # Long and short months take turns, but August is long after July.
    return pl.when(month == 2).then(28 + is_leap.cast(pl.Int32)).otherwise(30 + (month + month // 8) % 2)


def _is_leap(year: pl.Expr) -> pl.Expr:
    return (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))


def after(day: str, offset: str) -> pl.Expr:
    """The date in column ``day`` moved by ``offset`` (``"60d"``, ``"3y"``), as a number; null where it is empty.

    As :mod:`manzanita.domain.dates` counts: a year after 29 February is 28 February.
    """
    if offset.endswith("y"):
        years = int(offset[:-1])
        moved = number(day) + years * 10_000
        is_lacking = moved % 10_000 == 229
        # So many years after a leap year is none.
        if years % 4 == 0:
            is_lacking &= ~_is_leap(moved // 10_000)
        return moved - is_lacking.cast(pl.Int32)
    moved_day = pl.col(day).str.to_date("%Y%m%d", strict=False).dt.offset_by(offset).dt
    return moved_day.year() * 10_000 + moved_day.month().cast(pl.Int32) * 100 + moved_day.day()


def day_count(day: str) -> pl.Expr:
    """The date in column ``day`` as a count of days, as :func:`count_of`; null where it is empty."""
    return pl.col(day).str.to_date("%Y%m%d", strict=False).to_physical()


def count_of(day: date) -> int:
    """Days since 1970, as Polars counts them."""
    return (day - date(1970, 1, 1)).days


def spoken_age(birth: str, day: str) -> str:
    """``on 2026-09-15 the student was 7 years and 2 months old``, of two dates of the state."""
    is_full = day[6:] >= birth[6:] or _is_month_end(day)
    months = (int(day[:4]) - int(birth[:4])) * YEAR + int(day[4:6]) - int(birth[4:6]) - (not is_full)
    if day < birth:
        return f"on {spoken_date(day)} the student was not born yet"
    years, rest = divmod(months, YEAR)
    parts = [_counted(years, "year")] if years else []
    parts += [_counted(rest, "month")] if rest or not years else []
    return f"on {spoken_date(day)} the student was {' and '.join(parts)} old"


def _is_month_end(day: str) -> bool:
    """False of a text that is no day: another rule says that."""
    try:
        return int(day[6:]) == monthrange(int(day[:4]), int(day[4:6]))[1]
    except ValueError:
        return False


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
