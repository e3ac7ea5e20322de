"""Ages and due dates as rules count them, as column expressions over dates of the state (CCYYMMDD)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from typing import Any

import polars as pl

from manzanita.domain.rules.declaration import Rule, Setting, spoken_date

YEAR = 12
BIRTH = "birth.on"


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


def months_old(birth: str, day: str | pl.Expr) -> pl.Expr:
    """Whole months from the date in column ``birth`` to ``day`` (a column's name, or an expression of texts).

    Null where either is empty, so that a comparison is null and a rule says nothing. A month is full on the same day
    of the month, or on the last day of a month that lacks it (:mod:`manzanita.domain.dates`).
    """
    born, on = pl.col(birth), pl.col(day) if isinstance(day, str) else day
    months = (_number(on, 0, 4) - _number(born, 0, 4)) * YEAR + _number(on, 4, 2) - _number(born, 4, 2)
    is_month_end = on == on.str.to_date("%Y%m%d", strict=False).dt.month_end().dt.strftime("%Y%m%d")
    is_full = (_number(on, 6, 2) >= _number(born, 6, 2)) | is_month_end.fill_null(False)
    return months - (~is_full).cast(pl.Int32)


def after(day: str, offset: str) -> pl.Expr:
    """The date in column ``day`` moved by ``offset`` (``"60d"``, ``"3y"``), as CCYYMMDD; null where it is empty.

    As :mod:`manzanita.domain.dates` counts: a year after 29 February is 28 February.
    """
    moved = pl.col(day).str.to_date("%Y%m%d", strict=False).dt.offset_by(offset)
    return moved.dt.strftime("%Y%m%d")


def _number(text: pl.Expr, start: int, length: int) -> pl.Expr:
    return text.str.slice(start, length).cast(pl.Int32, strict=False)


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
