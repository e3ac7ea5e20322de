"""Ages and due dates as rules count them, as column expressions over dates of the state (CCYYMMDD)."""

from __future__ import annotations

import polars as pl

YEAR = 12


def months_old(birth: str, day: str | pl.Expr) -> pl.Expr:
    """Whole months from the date in column ``birth`` to ``day`` (a column's name, or an expression of texts).

    Null where either is empty, so that a comparison is null and a rule says nothing. Whoever is born on the 31st is
    a month older on the first day after the end of a shorter month.
    """
    born, on = pl.col(birth), pl.col(day) if isinstance(day, str) else day
    months = (_number(on, 0, 4) - _number(born, 0, 4)) * YEAR + _number(on, 4, 2) - _number(born, 4, 2)
    return months - (_number(on, 6, 2) < _number(born, 6, 2)).cast(pl.Int32)


def after(day: str, offset: str) -> pl.Expr:
    """The date in column ``day`` moved by ``offset`` (``"60d"``, ``"3y"``), as CCYYMMDD; null where it is empty.

    A year after 29 February is 28 February.
    """
    moved = pl.col(day).str.to_date("%Y%m%d", strict=False).dt.offset_by(offset)
    return moved.dt.strftime("%Y%m%d")


def _number(text: pl.Expr, start: int, length: int) -> pl.Expr:
    return text.str.slice(start, length).cast(pl.Int32, strict=False)
