"""Ages and due dates as rules count them, as column expressions over dates of the state (CCYYMMDD)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from typing import Any

import polars as pl

from manzanita.domain.rules.declaration import Rule, Setting, spoken_date

YEAR = 12
# More than any month has; the last day of each counts as that of a long month.
_DAYS, _LONG_MONTH = 32, 31
BIRTH = "birth.on"


def age_rule(
    *,
    asks: Callable[[Setting], pl.Expr],
    wrong_age: Callable[[Setting], pl.Expr],
    contexts: tuple[str, ...] = (),
    **declared: Any,
) -> Rule:
    """A certification rule about the student's age on the rows of which ``asks`` is true.

    ``wrong_age`` may read the context ``birth``. A row that is asked about a student whose date of birth nobody told
    is *not evaluated*. ``declared`` are the other parts of the :class:`Rule`.
    """
    return Rule(
        kind="discrepancy",
        contexts=("birth", *contexts),
        wrong=lambda setting: asks(setting) & wrong_age(setting),
        undecided=lambda setting: asks(setting) & (pl.col(BIRTH) == ""),
        undecided_reason="the birth date is missing (1.17 in SENR, 2.18 in SINF)",
        **declared,
    )


def age_then() -> pl.Expr:
    """The student's whole months on the day of the row, of the context ``birth``; null where a date is empty.

    That day is the start of a status or plan, or of a service's plan.
    """
    return pl.col("birth.age")


def age_on_census() -> pl.Expr:
    """The student's whole months on Census Day, of the context ``birth``; null where no birth is told."""
    return pl.col("birth.age_on_census")


def age_at_end() -> pl.Expr:
    """The student's whole months on the last day of the academic year, of the context ``birth``."""
    return pl.col("birth.age_at_end")


def months_old(birth: str, day: str | pl.Expr) -> pl.Expr:
    """Whole months from the date in column ``birth`` to ``day`` (a column's name, or an expression of texts).

    Null where either is empty, so that a comparison is null and a rule says nothing. A month is full on the same day
    of the month, or on the last day of a month that lacks it (:mod:`manzanita.domain.dates`).
    """
    on = (pl.col(day) if isinstance(day, str) else day).cast(pl.Int32, strict=False)
    month = on // 100 % 100
    is_month_end = on % 100 == _last_of_month(on // 10_000, month)
    last = pl.when(is_month_end).then(_LONG_MONTH).otherwise(on % 100)
    return ((on // 10_000 * YEAR + month) * _DAYS + last - _place(birth)) // _DAYS


def months_old_on(day: str, birth: str) -> pl.Expr:
    """As :func:`months_old`, on one day for all rows (CCYYMMDD)."""
    last = _LONG_MONTH if _is_month_end(day) else int(day[6:])
    return ((int(day[:4]) * YEAR + int(day[4:6])) * _DAYS + last - _place(birth)) // _DAYS


def _place(day: str) -> pl.Expr:
    """The day in column ``day`` counted as if all months had 32 days: months between are then a division."""
    # As numbers CCYYMMDD: cheaper than taking texts apart.
    on = pl.col(day).cast(pl.Int32, strict=False)
    return (on // 10_000 * YEAR + on // 100 % 100) * _DAYS + on % 100


def _last_of_month(year: pl.Expr, month: pl.Expr) -> pl.Expr:
    """The number of the last day of a month."""
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    # Long and short months take turns, but August is long after July.
    return pl.when(month == 2).then(28 + is_leap.cast(pl.Int32)).otherwise(30 + (month + month // 8) % 2)


def after(day: str, offset: str) -> pl.Expr:
    """The date in column ``day`` moved by ``offset`` (``"60d"``, ``"3y"``), as CCYYMMDD; null where it is empty.

    As :mod:`manzanita.domain.dates` counts: a year after 29 February is 28 February.
    """
    moved = pl.col(day).str.to_date("%Y%m%d", strict=False).dt.offset_by(offset)
    return moved.dt.strftime("%Y%m%d")


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
