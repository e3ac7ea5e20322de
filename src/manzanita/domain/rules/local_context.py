"""Columns that the local rules read: those about plans, services, surveys and enrollments, and the list of all.

Each context says what it joins, as in :mod:`manzanita.domain.rules.context`.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from manzanita.domain.rules.ages import after, number
from manzanita.domain.rules.context import (
    NO_SHOW,
    NON_ADA,
    ROW,
    SECONDARY,
    Context,
    Frames,
    among,
    enrolled_on,
    has_record,
    newest_rows,
    none_told,
    told,
)
from manzanita.domain.rules.declaration import Setting, state_date
from manzanita.domain.rules.local_context_meet import MEET_CONTEXTS
from manzanita.domain.rules.local_lookup import up_to

# Exits after which the LEA expects the student back, and the latest Census Day, until when it may.
EXPECTED_BACK = ("E150", "E155", "E156")
_LATEST_CENSUS = 1007
_NEVER = 99999999


# The days of enrollments as numbers, which are compared much faster than texts.
_END = pl.when(pl.col("1.25") == "").then(pl.lit(_NEVER)).otherwise(number("1.25"))
_COVERS = (pl.col("_start") <= pl.col("_day")) & (pl.col("_end") >= pl.col("_day"))


def _enrolled(senr: pl.DataFrame, *columns: str | pl.Expr) -> pl.LazyFrame:
    """Enrollments that took place: ``1.08``, ``_start``, ``_end`` (far off where it goes on), and ``columns``."""
    took_place = senr.lazy().filter(pl.col("1.22") != "", pl.col("1.26") != NO_SHOW)
    return took_place.select("1.08", number("1.22").alias("_start"), _END.alias("_end"), *columns)


def _plan_days(subject: pl.DataFrame, _frames: Frames, setting: Setting) -> pl.DataFrame:
    """``plan_days.is_today`` and ``.is_census``: the plan is the one in effect then, whichever LEA reported it."""

    def in_effect(day: str) -> pl.Expr:
        started = pl.col("23.12").is_between(pl.lit("1"), pl.lit(day))
        return started & (pl.col("23.12") == pl.when(started).then(pl.col("23.12")).max().over("23.06"))

    return subject.with_columns(
        in_effect(state_date(setting.as_of)).alias("plan_days.is_today"),
        in_effect(setting.census_day).alias("plan_days.is_census"),
    )


def _stay(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """Enrollment at the plan's LEA when the plan starts.

    ``stay.holds``: one covers the day, begins within 30 days, or ended with the student expected back by Census
    Day. ``stay.school`` and ``stay.status``: of the newest non-secondary one that covers the day.
    ``stay.is_private``: one without ADA covers the day, at any LEA.
    """
    ended = number("1.25")
    back_by = (ended // 10_000 + (ended % 10_000 > _LATEST_CENSUS).cast(pl.Int32)) * 10_000 + _LATEST_CENSUS
    is_expected = (pl.col("1.25") != "") & pl.col("1.26").is_in(list(EXPECTED_BACK))
    until = pl.when(is_expected).then(back_by).otherwise(_END)
    spans = _enrolled(
        frames["SENR"],
        "1.04",
        "1.05",
        "1.23",
        after("1.22", "-30d").alias("_from"),
        until.alias("_until"),
    )
    near = (
        subject.lazy()
        .select(ROW, "23.04", "23.06", number("23.12").alias("_day"))
        .join(spans, left_on="23.06", right_on="1.08")
        .filter(pl.col("_day") >= pl.col("_from"), pl.col("_day") <= pl.col("_until"))
        .select(
            ROW,
            "_start",
            pl.col("1.05").alias("stay.school"),
            pl.col("1.23").alias("stay.status"),
            _COVERS.alias("_covers"),
            (pl.col("1.04") == pl.col("23.04")).alias("_is_here"),
        )
        .collect()
    )
    covering = near.filter(pl.col("_covers"))
    here = covering.filter(pl.col("_is_here"), pl.col("stay.status") != SECONDARY)
    subject = subject.with_columns(
        among(ROW, near.filter(pl.col("_is_here"))[ROW]).alias("stay.holds"),
        among(ROW, covering.filter(pl.col("stay.status") == NON_ADA)[ROW]).alias("stay.is_private"),
    )
    empty = {"stay.school": "", "stay.status": ""}
    return told(subject, newest_rows(here, ROW, "_start").select(ROW, *empty), ROW, ROW, empty)


def _census_grade(subject: pl.DataFrame, frames: Frames, setting: Setting) -> pl.DataFrame:
    """``census_grade.code``: of the newest non-secondary enrollment at the plan's LEA on Census Day."""
    there = (
        frames["SENR"]
        .filter(enrolled_on(setting.census_day), pl.col("1.23") != SECONDARY)
        .sort("1.22", maintain_order=True)
        .unique(["1.04", "1.08"], keep="last")
        .select("1.04", "1.08", pl.col("1.24").alias("census_grade.code"))
    )
    return told(subject, there, ["23.04", "23.06"], ["1.04", "1.08"], {"census_grade.code": ""})


def _residence(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``residence.codes``: the districts of residence of the enrollments, at any LEA, when the plan starts.

    Of plans that name another district than their LEA as responsible (23.10).
    """
    enrolled = frames["SENR"].filter(pl.col("1.31") != "")
    asked = subject.filter(pl.col("23.10") != "", pl.col("23.10") != pl.col("23.04"))
    if not enrolled.height or not asked.height:
        return none_told(subject, {"residence.codes": None}, {"residence.codes": pl.List(pl.String)})
    homes = _enrolled(enrolled, pl.col("1.31").alias("residence.codes"))
    found = (
        asked.lazy()
        .select(ROW, "23.06", number("23.12").alias("_day"))
        .join(homes, left_on="23.06", right_on="1.08")
        .filter(_COVERS)
        .select(ROW, "residence.codes")
        .unique()
        .sort("residence.codes")
        .group_by(ROW)
        .agg("residence.codes")
        .collect()
    )
    return told(subject, found, ROW, ROW, {"residence.codes": None})


def _own_plan(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``own_plan.exists``: the LEA has a plan of the student that starts on the service's day."""
    service, plan = ("25.04", "25.07", "25.17"), ("23.04", "23.06", "23.12")
    return subject.with_columns(has_record(subject, service, frames["PLAN"], plan).alias("own_plan.exists"))


def _enrolled_today(subject: pl.DataFrame, frames: Frames, setting: Setting) -> pl.DataFrame:
    """``enrolled_today.lea``: an LEA at which the student of the survey is enrolled today; empty without one."""
    there = (
        frames["SENR"]
        .filter(enrolled_on(state_date(setting.as_of)), pl.col("1.08") != "")
        .sort("1.08", "1.22", maintain_order=True)
        .unique("1.08", keep="last")
        .select("1.08", pl.col("1.04").alias("enrolled_today.lea"))
    )
    return told(subject, there, "17.08", "1.08", {"enrolled_today.lea": ""})


def _known_status(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``known_status.exists``: some LEA has reported a status of the student."""
    known = frames["SWDS"]["22.06"]
    return subject.with_columns(among("17.08", known).alias("known_status.exists"))


def _adoption(subject: pl.DataFrame, frames: Frames, setting: Setting) -> pl.DataFrame:
    """What who enrolls after Census Day brings: the plan then in effect, and whether the LEA has written one since.

    ``adoption.plan_lea``, ``.plan_on`` and ``.plan_type`` (empty without a plan), ``.is_here``.
    """
    columns = {"adoption.plan_lea": "23.04", "adoption.plan_on": "23.12", "adoption.plan_type": "23.11"}
    today = state_date(setting.as_of)
    began = pl.col("1.22").is_between(pl.lit(setting.census_day), pl.lit(today), closed="right")
    arrived = subject.filter(began).select(ROW, "1.04", "1.08", "1.22")
    if not arrived.height:
        return none_told(subject, {**dict.fromkeys(columns, ""), "adoption.is_here": False})
    plans = frames["PLAN"].filter(among("23.06", arrived["1.08"]))
    since = (
        arrived.join(plans, left_on=["1.04", "1.08"], right_on=["23.04", "23.06"])
        .filter(pl.col("23.12").is_between(pl.col("1.22"), pl.lit(today)))
        .select(ROW)
    )
    found = up_to(arrived, "1.22", plans, ("23.06", "23.12"), columns).select(ROW, *columns)
    subject = subject.with_columns(among(ROW, since[ROW]).alias("adoption.is_here"))
    return told(subject, found, ROW, ROW, dict.fromkeys(columns, ""))


def _births(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``births.told``: the dates of birth that the SIS files give the student, ascending; null where all agree."""
    named = [frames["SENR"].select(pl.col("1.08").alias("_ssid"), pl.col("1.17").alias("_birth"))]
    if "SINF" in frames:
        named.append(frames["SINF"].select(pl.col("2.09").alias("_ssid"), pl.col("2.18").alias("_birth")))
    births = (
        pl.concat(named)
        .filter(pl.col("_ssid") != "", pl.col("_birth") != "")
        .unique()
        .filter(pl.col("_ssid").is_duplicated())
        .group_by("_ssid")
        .agg(pl.col("_birth").sort().alias("births.told"))
    )
    return told(subject, births, "1.08", "_ssid", {"births.told": None})


LOCAL_CONTEXTS: Mapping[str, Context] = {
    context.name: context
    for context in (
        *MEET_CONTEXTS,
        Context(
            name="plan_days",
            join=_plan_days,
            own={"PLAN": ("23.06", "23.12")},
            has_siblings=True,
        ),
        Context(
            name="stay",
            join=_stay,
            own={"PLAN": ("23.04", "23.06", "23.12")},
            reads={"SENR": ("1.04", "1.05", "1.08", "1.22", "1.23", "1.25", "1.26")},
        ),
        Context(
            name="census_grade",
            join=_census_grade,
            own={"PLAN": ("23.04", "23.06")},
            reads={"SENR": ("1.04", "1.08", "1.22", "1.23", "1.24", "1.25", "1.26")},
        ),
        Context(
            name="residence",
            join=_residence,
            own={"PLAN": ("23.04", "23.06", "23.10", "23.12")},
            reads={"SENR": ("1.08", "1.22", "1.25", "1.26", "1.31")},
        ),
        Context(
            name="own_plan",
            join=_own_plan,
            own={"SERV": ("25.04", "25.07", "25.17")},
            reads={"PLAN": ("23.04", "23.06", "23.12")},
        ),
        Context(
            name="enrolled_today",
            join=_enrolled_today,
            own={"PSTS": ("17.08",)},
            reads={"SENR": ("1.04", "1.08", "1.22", "1.25", "1.26")},
        ),
        Context(
            name="known_status",
            join=_known_status,
            own={"PSTS": ("17.08",)},
            reads={"SWDS": ("22.06",)},
        ),
        Context(
            name="adoption",
            join=_adoption,
            own={"SENR": ("1.04", "1.08", "1.22")},
            reads={"PLAN": ("23.04", "23.06", "23.11", "23.12")},
        ),
        Context(
            name="births",
            join=_births,
            own={"SENR": ("1.08",)},
            reads={"SENR": ("1.08", "1.17")},
            reads_if_known={"SINF": ("2.09", "2.18")},
        ),
    )
}
