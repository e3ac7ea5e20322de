"""The newest record up to a day, for the contexts of the local rules."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from manzanita.domain.rules.context import ROW, ssid_field


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
    known = frame.filter(pl.col(ssid) != "", pl.col(start) != "").select(
        pl.col(ssid).alias("_ssid"),
        pl.col(start).cast(pl.Int32, strict=False).alias("_start"),
        *(pl.col(number).alias(name) for name, number in columns.items()),
    )
    asked = subject.select(
        ROW,
        pl.col(ssid_field(subject)).alias("_ssid"),
        pl.col(day).cast(pl.Int32, strict=False).alias("_day"),
    )
    found = (
        asked.drop_nulls("_day")
        .sort("_day")
        .join_asof(
            known.drop_nulls("_start").sort("_start", maintain_order=True),
            left_on="_day",
            right_on="_start",
            by="_ssid",
            allow_exact_matches=not before,
            check_sortedness=False,
        )
        .select(ROW, *columns)
    )
    return subject.join(found, on=ROW, how="left").with_columns(pl.col(list(columns)).fill_null(""))
