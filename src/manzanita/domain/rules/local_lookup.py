"""The newest record up to a day, for the contexts of the local rules."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from manzanita.domain.rules.ages import number
from manzanita.domain.rules.context import ROW, none_told, ssid_field, told


def up_to(
    subject: pl.DataFrame,
    day: str,
    frame: pl.DataFrame,
    keys: tuple[str, str],
    columns: Mapping[str, str],
    *,
    before: bool = False,
) -> pl.DataFrame:
    """``subject`` with ``columns`` (new name -> number) of the newest record of ``frame`` that starts by ``day``.

    ``keys`` are SSID and start of ``frame``; ``before`` leaves out records of the day itself. Empty without one.
    """
    ssid, start = keys
    empty = dict.fromkeys(columns, "")
    dated = frame.filter(pl.col(ssid) != "", number(start).is_not_null())
    if not dated.height:
        return none_told(subject, empty)
    known = dated.select(
        pl.col(ssid).alias("_ssid"),
        number(start).alias("_start"),
        *(pl.col(read).alias(name) for name, read in columns.items()),
    )
    asked = subject.select(ROW, pl.col(ssid_field(subject)).alias("_ssid"), number(day).alias("_day"))
    found = (
        asked.drop_nulls("_day")
        .sort("_day")
        .join_asof(
            known.sort("_start", maintain_order=True),
            left_on="_day",
            right_on="_start",
            by="_ssid",
            allow_exact_matches=not before,
            check_sortedness=False,
        )
        .select(ROW, *columns)
    )
    return told(subject, found, ROW, ROW, empty)
