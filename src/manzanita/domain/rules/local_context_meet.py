"""Columns that the local rules about meetings and statuses read; each context says what it joins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from manzanita.domain.rules.context import (
    NO_SHOW,
    ROW,
    Context,
    Frames,
    among,
    newest_rows,
    none_told,
    ssid_field,
    told,
)
from manzanita.domain.rules.declaration import Setting, state_date
from manzanita.domain.rules.local_lookup import up_to

_NEVER = "99999999"


def _status_then(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``status_then.code`` and ``.on``: the status in effect on the day of the meeting or the start of the plan."""
    day = "24.15" if "24.15" in subject.columns else "23.12"
    columns = {"status_then.code": "22.12", "status_then.on": "22.11"}
    return up_to(subject, day, _undisputed(frames["SWDS"]), ("22.06", "22.11"), columns)


def _undisputed(statuses: pl.DataFrame) -> pl.DataFrame:
    """One row for each student and day; the code is empty where LEAs differ, so that no rule builds on either."""
    if statuses.height < 2:
        return statuses
    known = statuses.select("22.06", "22.11", "22.12").unique()
    differ = pl.struct("22.06", "22.11").is_duplicated()
    code = pl.when(differ).then(pl.lit("")).otherwise(pl.col("22.12"))
    return known.with_columns(code.alias("22.12")).unique(["22.06", "22.11"])


def _status_today(subject: pl.DataFrame, frames: Frames, setting: Setting) -> pl.DataFrame:
    """``status_today.code``: the student's newest status up to today, whichever LEA reported it."""
    today = state_date(setting.as_of)
    started = _undisputed(frames["SWDS"]).filter(
        pl.col("22.06") != "", pl.col("22.11") != "", pl.col("22.11") <= today
    )
    newest = newest_rows(started, "22.06", "22.11").select(
        "22.06", pl.col("22.12").alias("status_today.code")
    )
    return told(subject, newest, ssid_field(subject), "22.06", {"status_today.code": ""})


def _newest_status(subject: pl.DataFrame, _frames: Frames, setting: Setting) -> pl.DataFrame:
    """``newest_status.is_it``: the row is the student's newest status up to today."""
    started = pl.col("22.11").is_between(pl.lit("1"), pl.lit(state_date(setting.as_of)))
    newest = pl.when(started).then(pl.col("22.11")).max().over("22.06")
    return subject.with_columns((started & (pl.col("22.11") == newest)).alias("newest_status.is_it"))


def _same_day(subject: pl.DataFrame, _frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``same_day.codes`` and ``same_day.leas``: what several rows say from the same day on, ascending."""
    columns = {"same_day.codes": "22.12", "same_day.leas": "22.04"}
    return _told_together(subject, ("22.06", "22.11"), columns)


def _entry(subject: pl.DataFrame, _frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``entry.first``: the initial entry date of the oldest status that has one."""
    oldest = (
        subject.filter(pl.col("22.10") != "", pl.col("22.06") != "")
        .sort("22.06", "22.11", "22.04", maintain_order=True)
        .unique("22.06", keep="first")
        .select("22.06", pl.col("22.10").alias("entry.first"))
    )
    return told(subject, oldest, "22.06", "22.06", {"entry.first": ""})


def _completion(subject: pl.DataFrame, frames: Frames, setting: Setting) -> pl.DataFrame:
    """``completion.code``, ``.on`` and ``.is_last``: how and when the student last completed school.

    ``.is_last``: no enrollment goes on or begins after that day.
    """
    last = (pl.when(pl.col("1.25") == "").then(pl.lit(_NEVER)).otherwise(pl.col("1.25"))).max().over("1.08")
    is_over = (pl.col("1.27") != "") & (pl.col("1.25") != "") & (pl.col("1.25") <= state_date(setting.as_of))
    took_place = frames["SENR"].filter(pl.col("1.08") != "", pl.col("1.26") != NO_SHOW, pl.col("1.22") != "")
    empty = {"completion.code": "", "completion.on": "", "completion.is_last": False}
    if not took_place.select(is_over.any()).item():
        return none_told(subject, empty)
    completed = newest_rows(took_place.with_columns(last.alias("_last")).filter(is_over), "1.08", "1.25")
    completed = completed.select(
        "1.08",
        pl.col("1.27").alias("completion.code"),
        pl.col("1.25").alias("completion.on"),
        (pl.col("1.25") == pl.col("_last")).alias("completion.is_last"),
    )
    return told(subject, completed, "22.06", "1.08", empty)


def _decision(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``decision.outcome``: that of an evaluation held on the day the status starts; empty without one."""
    held = frames["MEET"].filter(
        pl.col("24.06") != "", pl.col("24.15") != "", pl.col("24.14") != "", pl.col("24.16") != ""
    )
    empty = {"decision.outcome": ""}
    if not held.height:
        return none_told(subject, empty)
    outcomes = (
        subject.select(ROW, "22.06", "22.11")
        .join(held, left_on=["22.06", "22.11"], right_on=["24.06", "24.15"])
        .select(ROW, "24.16")
        .unique()
        .sort("24.16")
        .group_by(ROW)
        .agg(pl.col("24.16").str.join(" ").alias("decision.outcome"))
    )
    return told(subject, outcomes, ROW, ROW, empty)


def _plan_exists(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``plan_exists.anywhere``: some LEA has reported a plan of the student."""
    known = frames["PLAN"]["23.06"]
    return subject.with_columns(among("22.06", known).alias("plan_exists.anywhere"))


def _plan_before(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``plan_before.type``, ``.reason`` and ``.on``: the plan in force before the day of the meeting."""
    columns = {"plan_before.type": "23.11", "plan_before.reason": "23.13", "plan_before.on": "23.12"}
    return up_to(subject, "24.15", frames["PLAN"], ("23.06", "23.12"), columns, before=True)


def _part_c(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``part_c.on``: the first day of the student's oldest IFSP; empty without one."""
    plans = frames["PLAN"].filter(pl.col("23.06") != "", pl.col("23.12") != "", pl.col("23.11") == "150")
    if not plans.height:
        return none_told(subject, {"part_c.on": ""})
    first = plans.group_by("23.06").agg(pl.col("23.12").min().alias("part_c.on"))
    return told(subject, first, "24.06", "23.06", {"part_c.on": ""})


def _first_plan(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``first_plan.on``: the first IEP after the newest initial evaluation that found the student eligible."""
    initial = frames["MEET"].filter(pl.col("24.14") == "10", pl.col("24.16") == "20", pl.col("24.15") != "")
    if not initial.height:
        return none_told(subject, {"first_plan.on": ""})
    plans = frames["PLAN"].filter(pl.col("23.11").is_in(["100", "200"]), pl.col("23.12") != "")
    first = (
        initial.group_by("24.06")
        .agg(pl.col("24.15").max().alias("_initial"))
        .join(plans.select("23.06", "23.12"), left_on="24.06", right_on="23.06")
        .filter(pl.col("23.12") >= pl.col("_initial"))
        .group_by("24.06")
        .agg(pl.col("23.12").min().alias("first_plan.on"))
    )
    return told(subject, first, "24.06", "24.06", {"first_plan.on": ""})


def _twins(subject: pl.DataFrame, _frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``twins.leas``: the LEAs of several records of a meeting of this day and sort, ascending."""
    same = ("24.06", "24.15", "24.14", "24.17")
    return _told_together(subject, same, {"twins.leas": "24.04"})


def _told_together(subject: pl.DataFrame, same: Sequence[str], columns: Mapping[str, str]) -> pl.DataFrame:
    """``columns`` (new name -> number): the values of rows that agree in ``same``, each once; null for a row alone."""
    several = subject.filter(pl.struct(same).is_duplicated())
    if not several.height:
        return none_told(subject, dict.fromkeys(columns), dict.fromkeys(columns, pl.List(pl.String)))
    lists = several.group_by(same).agg(
        pl.col(number).unique().sort().alias(name) for name, number in columns.items()
    )
    return subject.join(lists, on=same, how="left")


def _held_since(subject: pl.DataFrame, _frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``held_since.on``: the newest meeting of the same evaluation type that was held; empty without one."""
    return subject.with_columns(
        pl.col("24.15").max().over("24.06", "24.14").fill_null("").alias("held_since.on")
    )


MEET_CONTEXTS = (
    Context(
        name="status_then",
        join=_status_then,
        own={"MEET": ("24.06", "24.15"), "PLAN": ("23.06", "23.12")},
        reads={"SWDS": ("22.06", "22.11", "22.12")},
    ),
    Context(
        name="status_today",
        join=_status_today,
        own={"PLAN": ("23.06",), "SENR": ("1.08",)},
        reads={"SWDS": ("22.06", "22.11", "22.12")},
    ),
    Context(
        name="newest_status",
        join=_newest_status,
        own={"SWDS": ("22.06", "22.11")},
        has_siblings=True,
    ),
    Context(
        name="same_day",
        join=_same_day,
        own={"SWDS": ("22.04", "22.06", "22.11", "22.12")},
        has_siblings=True,
    ),
    Context(
        name="entry",
        join=_entry,
        own={"SWDS": ("22.04", "22.06", "22.10", "22.11")},
        has_siblings=True,
    ),
    Context(
        name="completion",
        join=_completion,
        own={"SWDS": ("22.06",)},
        reads={"SENR": ("1.08", "1.22", "1.25", "1.26", "1.27")},
    ),
    Context(
        name="decision",
        join=_decision,
        own={"SWDS": ("22.06", "22.11")},
        reads={"MEET": ("24.06", "24.14", "24.15", "24.16")},
    ),
    Context(
        name="plan_exists",
        join=_plan_exists,
        own={"SWDS": ("22.06",)},
        reads={"PLAN": ("23.06",)},
    ),
    Context(
        name="plan_before",
        join=_plan_before,
        own={"MEET": ("24.06", "24.15")},
        reads={"PLAN": ("23.06", "23.11", "23.12", "23.13")},
    ),
    Context(
        name="part_c",
        join=_part_c,
        own={"MEET": ("24.06",)},
        reads={"PLAN": ("23.06", "23.11", "23.12")},
    ),
    Context(
        name="first_plan",
        join=_first_plan,
        own={"MEET": ("24.06",)},
        reads={"MEET": ("24.06", "24.14", "24.15", "24.16"), "PLAN": ("23.06", "23.11", "23.12")},
    ),
    Context(
        name="twins",
        join=_twins,
        own={"MEET": ("24.04", "24.06", "24.14", "24.15", "24.17")},
        has_siblings=True,
    ),
    Context(
        name="held_since",
        join=_held_since,
        own={"MEET": ("24.06", "24.14", "24.15")},
        has_siblings=True,
    ),
)
