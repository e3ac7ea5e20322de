"""The newest record up to a day, for the contexts of the local rules."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from manzanita.domain.rules.context import ssid_field
from manzanita.domain.rules.joining import (
    ROW,
    day_number,
    is_few,
    newest_rows,
    none_told,
    pairs,
    told,
    where,
)


def dated(frame: pl.DataFrame, keys: tuple[str, str], columns: Mapping[str, str]) -> pl.DataFrame:
    """What :func:`up_to` looks in: ``columns`` (new name -> number) of the records of ``frame``, by ``_start``.

    ``keys`` are SSID and start of ``frame``.
    """
    ssid, start = keys[0], day_number(frame[keys[1]])
    named = [frame[ssid].alias("_ssid"), start.alias("_start")]
    known = pl.DataFrame([*named, *(frame[read].alias(name) for name, read in columns.items())])
    known = where(known, (frame[ssid] != "") & start.is_not_null())
    return known.sort("_start", maintain_order=True) if known.height > 1 else known


def up_to(subject: pl.DataFrame, day: str, known: pl.DataFrame, *, before: bool = False) -> pl.DataFrame:
    """``subject`` with what is ``known`` of the student by ``day``: of the newest record that starts by then.

    ``known`` is as :func:`dated` makes it; ``before`` leaves out records of the day itself. Empty without one.
    """
    empty = dict.fromkeys((name for name in known.columns if name[0] != "_"), "")
    if not known.height:
        return none_told(subject, empty)
    asked = pl.DataFrame(
        [subject[ROW], subject[ssid_field(subject)].alias("_ssid"), day_number(subject[day]).alias("_day")]
    )
    if is_few(asked, known):
        near = pairs(asked, known, "_ssid", "_ssid")
        near = where(near, near["_start"] < near["_day"] if before else near["_start"] <= near["_day"])
        return told(subject, newest_rows(near, ROW, near["_start"]), ROW, ROW, empty)
    found = (
        asked.drop_nulls("_day")
        .sort("_day")
        .join_asof(
            known,
            left_on="_day",
            right_on="_start",
            by="_ssid",
            allow_exact_matches=not before,
            check_sortedness=False,
        )
        .select(ROW, *empty)
    )
    return told(subject, found, ROW, ROW, empty)
