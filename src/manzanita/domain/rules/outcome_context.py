"""Columns about leaving school and what came after: for the rules on PSTS and on schools without PSTS."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from manzanita.domain.rules.context import PARTICIPATING, Context, Frames
from manzanita.domain.rules.declaration import Setting
from manzanita.domain.rules.joining import ROW, among, none_told
from manzanita.domain.years import first_calendar_year

SPECIAL_EDUCATION = "30"
# Completion statuses, and exit categories, of the students whom the state asks about afterwards.
COMPLETED = ("100", "120", "250", "320", "330", "360")
LEFT = ("E125", "E140", "E155", "E156", "E230", "E300", "E400", "E410", "T280")
# Statuses that stand alone.
EXCLUSIVE = ("950", "960")
# No page prints the window in which a graduate may exit: the academic year, and the summer up to this day.
_WINDOW_ENDS = "0815"


def _leaving(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``leaving.is_completer`` and ``leaving.has_left``: how the student exited in the year before 17.07, any LEA."""
    year = pl.col("17.07").str.slice(0, 4).cast(pl.Int32, strict=False)
    exits = frames["SENR"].filter(pl.col("1.25") != "").select("1.08", "1.25", "1.26", "1.27")
    found = (
        subject.filter(pl.col("17.08") != "")
        .select(
            ROW,
            "17.08",
            (year - 1).cast(pl.String).add("0701").alias("_from"),
            year.cast(pl.String).add(_WINDOW_ENDS).alias("_to"),
        )
        .join(exits, left_on="17.08", right_on="1.08")
        .filter(pl.col("1.25") >= pl.col("_from"), pl.col("1.25") <= pl.col("_to"))
    )
    is_completer = pl.col("1.27").is_in(list(COMPLETED))
    completers = found.filter(is_completer)[ROW]
    leavers = found.filter(is_completer | pl.col("1.26").is_in(list(LEFT)))[ROW]
    return subject.hstack(
        [
            among(subject[ROW], completers).alias("leaving.is_completer"),
            among(subject[ROW], leavers).alias("leaving.has_left"),
        ]
    )


def _same_outcomes(subject: pl.DataFrame, _frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``same_outcomes.codes`` (a text), ``.count`` and ``.has_exclusive`` of the student, program and year."""
    same = ("17.08", "17.11", "17.07")
    status = pl.col("17.12")
    codes = status.filter(status != "").unique().sort()
    return subject.with_columns(
        codes.str.join(", ").over(same).alias("same_outcomes.codes"),
        codes.len().over(same).alias("same_outcomes.count"),
        status.is_in(list(EXCLUSIVE)).any().over(same).alias("same_outcomes.has_exclusive"),
    )


def _school(subject: pl.DataFrame, frames: Frames, setting: Setting) -> pl.DataFrame:
    """``school.is_silent`` and ``school.leavers``: a school without PSTS of special education for the year.

    Leavers completed school in the year before, and participated in special education until then. The first of a
    school by SSID stands for all of them; on the other rows ``school.is_silent`` is false.
    """
    left = subject.filter(_completed_before(setting)).select(ROW, "1.04", "1.05", "1.06", "1.08", "1.25")
    if not left.height:
        return none_told(
            subject, {"school.leavers": 0, "school.is_silent": False}, {"school.leavers": pl.UInt32()}
        )
    before = left.join(
        frames["SWDS"].filter(pl.col("22.11") != "").select("22.06", "22.11", "22.12"),
        left_on="1.08",
        right_on="22.06",
    ).filter(pl.col("22.11") < pl.col("1.25"))
    newest = before.filter(pl.col("22.11") == pl.col("22.11").max().over(ROW))
    participating = newest.filter(pl.col("22.12") == PARTICIPATING)[ROW]
    heard = frames["PSTS"].filter(_asked_about(setting)).select("17.04", "17.05", "17.06").unique()
    schools = ("1.04", "1.05", "1.06")
    silent = (
        left.filter(among(left[ROW], participating))
        .join(heard, left_on=schools, right_on=["17.04", "17.05", "17.06"], how="anti")
        .with_columns(pl.col("1.08").n_unique().over(schools).alias("school.leavers"))
        .sort("1.08", ROW)
        .unique(schools, keep="first", maintain_order=True)
        .select(ROW, "school.leavers")
    )
    return subject.join(silent, on=ROW, how="left").with_columns(
        pl.col("school.leavers").is_not_null().alias("school.is_silent"),
        pl.col("school.leavers").fill_null(0),
    )


def _of_leavers(frames: Frames, setting: Setting) -> Frames:
    """What ``school`` needs: who completed school in the year before, their statuses, and who was asked about."""
    left = frames["SENR"].filter(_completed_before(setting))
    return {
        "SENR": left,
        "SWDS": frames["SWDS"].filter(among(frames["SWDS"]["22.06"], left["1.08"])),
        "PSTS": frames["PSTS"].filter(_asked_about(setting)),
    }


def _completed_before(setting: Setting) -> pl.Expr:
    year = first_calendar_year(setting.year)
    is_of_a_school = (pl.col("1.08") != "") & (pl.col("1.05") != "")
    in_window = (pl.col("1.25") >= f"{year - 1}0701") & (pl.col("1.25") <= f"{year}{_WINDOW_ENDS}")
    return is_of_a_school & pl.col("1.27").is_in(list(COMPLETED)) & in_window


def _asked_about(setting: Setting) -> pl.Expr:
    return (pl.col("17.11") == SPECIAL_EDUCATION) & (pl.col("17.07") == setting.year)


CONTEXTS: Mapping[str, Context] = {
    context.name: context
    for context in (
        Context(
            name="leaving",
            join=_leaving,
            own={"PSTS": ("17.07", "17.08")},
            reads={"SENR": ("1.08", "1.25", "1.26", "1.27")},
        ),
        Context(
            name="same_outcomes",
            join=_same_outcomes,
            own={"PSTS": ("17.07", "17.08", "17.11", "17.12")},
            has_siblings=True,
        ),
        Context(
            name="school",
            join=_school,
            own={"SENR": ("1.04", "1.05", "1.06", "1.08", "1.25", "1.27")},
            reads={
                "SWDS": ("22.06", "22.11", "22.12"),
                "PSTS": ("17.04", "17.05", "17.06", "17.07", "17.11"),
            },
            has_siblings=True,
            narrow=_of_leavers,
        ),
    )
}
