"""Ages and due dates as rules count them, as column expressions over dates of the state (CCYYMMDD)."""

from __future__ import annotations

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

    Null where either is empty, so that a comparison is null and a rule says nothing. Whoever is born on the 31st is
    a month older on the first day after the end of a shorter month.
    """
    born, on = pl.col(birth), pl.col(day) if isinstance(day, str) else day
    # As numbers CCYYMMDD: cheaper than taking texts apart.
    born, on = born.cast(pl.Int32, strict=False), on.cast(pl.Int32, strict=False)
    months = (on // 10_000 - born // 10_000) * YEAR + on // 100 % 100 - born // 100 % 100
    return months - (on % 100 < born % 100).cast(pl.Int32)


def after(day: str, offset: str) -> pl.Expr:
    """The date in column ``day`` moved by ``offset`` (``"60d"``, ``"3y"``), as CCYYMMDD; null where it is empty.

    A year after 29 February is 28 February.
    """
    moved = pl.col(day).str.to_date("%Y%m%d", strict=False).dt.offset_by(offset)
    return moved.dt.strftime("%Y%m%d")


def spoken_age(birth: str, day: str) -> str:
    """``on 2026-09-15 the student was 7 years and 2 months old``, of two dates of the state."""
    months = (int(day[:4]) - int(birth[:4])) * YEAR + int(day[4:6]) - int(birth[4:6]) - (day[6:] < birth[6:])
    if day < birth:
        return f"on {spoken_date(day)} the student was not born yet"
    years, rest = divmod(months, YEAR)
    parts = [_counted(years, "year")] if years else []
    parts += [_counted(rest, "month")] if rest or not years else []
    return f"on {spoken_date(day)} the student was {' and '.join(parts)} old"


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
