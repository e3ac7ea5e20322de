"""Columns that the local rules about meetings and statuses read; each context says what it joins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from manzanita.domain.rules.context import NO_SHOW, Context, Frames, ssid_field
from manzanita.domain.rules.declaration import Setting, state_date
from manzanita.domain.rules.joining import (
    ROW,
    among,
    greatest,
    has_double,
    is_newest,
    newest_rows,
    none_told,
    pairs,
    told,
    where,
)
from manzanita.domain.rules.local_lookup import dated, up_to

_NEVER = "99999999"


def _statuses(frames: Frames, _setting: Setting) -> pl.DataFrame:
    columns = {"status_then.code": "22.12", "status_then.on": "22.11"}
    return dated(_undisputed(frames["SWDS"]), ("22.06", "22.11"), columns)


def _status_then(subject: pl.DataFrame, statuses: pl.DataFrame, _setting: Setting) -> pl.DataFrame:
    """``status_then.code`` and ``.on``: the status in effect on the day of the meeting or the start of the plan."""
    return up_to(subject, "24.15" if "24.15" in subject.columns else "23.12", statuses)


def _undisputed(statuses: pl.DataFrame) -> pl.DataFrame:
    """One row for each student and day; the code is empty where LEAs differ, so that no rule builds on either."""
    if statuses.height < 2:
        return statuses
    known = statuses.select("22.06", "22.11", "22.12").unique()
    differ = pl.struct("22.06", "22.11").is_duplicated()
    code = pl.when(differ).then(pl.lit("")).otherwise(pl.col("22.12"))
    return known.with_columns(code.alias("22.12")).unique(["22.06", "22.11"])


def _newest_statuses(frames: Frames, setting: Setting) -> pl.DataFrame:
    """The newest status up to today by student."""
    known, today = _undisputed(frames["SWDS"]), state_date(setting.as_of)
    start = known["22.11"]
    started = where(known, (known["22.06"] != "") & (start != "") & (start <= today))
    newest = newest_rows(started, "22.06", started["22.11"])
    return pl.DataFrame([newest["22.06"], newest["22.12"].alias("status_today.code")])


def _status_today(subject: pl.DataFrame, newest: pl.DataFrame, _setting: Setting) -> pl.DataFrame:
    """``status_today.code``: the student's newest status up to today, whichever LEA reported it."""
    return told(subject, newest, ssid_field(subject), "22.06", {"status_today.code": ""})


def _newest_status(subject: pl.DataFrame, _frames: Frames, setting: Setting) -> pl.DataFrame:
    """``newest_status.is_it``: the row is the student's newest status up to today."""
    start = subject["22.11"]
    started = where(subject, (start >= "1") & (start <= state_date(setting.as_of)))
    newest = started[ROW].filter(is_newest(started["22.06"], started["22.11"]))
    return subject.hstack([among(subject[ROW], newest).alias("newest_status.is_it")])


def _same_day(subject: pl.DataFrame, _frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``same_day.codes`` and ``same_day.leas``: what several rows say from the same day on, ascending."""
    columns = {"same_day.codes": "22.12", "same_day.leas": "22.04"}
    return _told_together(subject, ("22.06", "22.11"), columns)


def _entry(subject: pl.DataFrame, _frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``entry.first``: the initial entry date of the oldest status that has one."""
    oldest = where(subject, (subject["22.10"] != "") & (subject["22.06"] != ""))
    if oldest.height > 1:
        oldest = oldest.sort("22.06", "22.11", "22.04", maintain_order=True).unique("22.06", keep="first")
    oldest = pl.DataFrame([oldest["22.06"], oldest["22.10"].alias("entry.first")])
    return told(subject, oldest, "22.06", "22.06", {"entry.first": ""})


_COMPLETION = {"completion.code": "", "completion.on": "", "completion.is_last": False}


def _completed(frames: Frames, setting: Setting) -> pl.DataFrame:
    """How, when and whether for good each student last completed school."""
    senr = frames["SENR"]
    took_place = where(senr, (senr["1.08"] != "") & (senr["1.26"] != NO_SHOW) & (senr["1.22"] != ""))
    end = took_place["1.25"]
    is_over = (took_place["1.27"] != "") & (end != "") & (end <= state_date(setting.as_of))
    over = where(took_place, is_over)
    over = newest_rows(over, "1.08", over["1.25"])
    is_last = pl.Series(dtype=pl.Boolean)
    if over.height:
        latest = pl.when(pl.col("1.25") == "").then(pl.lit(_NEVER)).otherwise(pl.col("1.25")).alias("_last")
        last = greatest(took_place.select("1.08", latest), "1.08", ["_last"])
        over = told(over, last, "1.08", "1.08", {"_last": ""})
        is_last = over["1.25"] == over["_last"]
    named = {"1.08": over["1.08"], "completion.code": over["1.27"], "completion.on": over["1.25"]}
    return pl.DataFrame({**named, "completion.is_last": is_last})


def _completion(subject: pl.DataFrame, completed: pl.DataFrame, _setting: Setting) -> pl.DataFrame:
    """``completion.code``, ``.on`` and ``.is_last``: how and when the student last completed school.

    ``.is_last``: no enrollment goes on or begins after that day.
    """
    return told(subject, completed, "22.06", "1.08", _COMPLETION)


def _decisions(frames: Frames, _setting: Setting) -> pl.DataFrame:
    """Meetings that were held and decided."""
    meet = frames["MEET"]
    is_known = (meet["24.06"] != "") & (meet["24.15"] != "")
    return where(meet, is_known & (meet["24.14"] != "") & (meet["24.16"] != ""))


def _decision(subject: pl.DataFrame, held: pl.DataFrame, _setting: Setting) -> pl.DataFrame:
    """``decision.outcome``: that of an evaluation held on the day the status starts; empty without one."""
    empty = {"decision.outcome": ""}
    if not held.height:
        return none_told(subject, empty)
    met = pairs(subject[:, [ROW, "22.06", "22.11"]], held, ["22.06", "22.11"], ["24.06", "24.15"])
    if not met.height:
        return none_told(subject, empty)
    outcomes = (
        met[:, [ROW, "24.16"]]
        .unique()
        .sort("24.16")
        .group_by(ROW)
        .agg(pl.col("24.16").str.join(" ").alias("decision.outcome"))
    )
    return told(subject, outcomes, ROW, ROW, empty)


def _plan_exists(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``plan_exists.anywhere``: some LEA has reported a plan of the student."""
    return subject.hstack([among(subject["22.06"], frames["PLAN"]["23.06"]).alias("plan_exists.anywhere")])


def _plans(frames: Frames, _setting: Setting) -> pl.DataFrame:
    columns = {"plan_before.type": "23.11", "plan_before.reason": "23.13", "plan_before.on": "23.12"}
    return dated(frames["PLAN"], ("23.06", "23.12"), columns)


def _plan_before(subject: pl.DataFrame, plans: pl.DataFrame, _setting: Setting) -> pl.DataFrame:
    """``plan_before.type``, ``.reason`` and ``.on``: the plan in force before the day of the meeting."""
    return up_to(subject, "24.15", plans, before=True)


def _first_ifsps(frames: Frames, _setting: Setting) -> pl.DataFrame:
    """The first day of each student's oldest IFSP."""
    plan = frames["PLAN"]
    ifsps = where(plan, (plan["23.06"] != "") & (plan["23.12"] != "") & (plan["23.11"] == "150"))
    if ifsps.height > 1:
        ifsps = ifsps.group_by("23.06").agg(pl.col("23.12").min())
    return pl.DataFrame([ifsps["23.06"], ifsps["23.12"].alias("part_c.on")])


def _part_c(subject: pl.DataFrame, first: pl.DataFrame, _setting: Setting) -> pl.DataFrame:
    """``part_c.on``: the first day of the student's oldest IFSP; empty without one."""
    return told(subject, first, "24.06", "23.06", {"part_c.on": ""})


def _first_plans(frames: Frames, _setting: Setting) -> pl.DataFrame:
    """The first IEP of each student after the newest initial evaluation."""
    meet, plan = frames["MEET"], frames["PLAN"]
    initial = where(meet, (meet["24.14"] == "10") & (meet["24.16"] == "20") & (meet["24.15"] != ""))
    plans = where(plan, ((plan["23.11"] == "100") | (plan["23.11"] == "200")) & (plan["23.12"] != ""))
    newest = greatest(initial, "24.06", ["24.15"])
    near = pairs(newest, plans[:, ["23.06", "23.12"]], "24.06", "23.06")
    near = where(near, near["23.12"] >= near["24.15"])
    if near.height > 1:
        near = near.group_by("24.06").agg(pl.col("23.12").min())
    return pl.DataFrame([near["24.06"], near["23.12"].alias("first_plan.on")])


def _first_plan(subject: pl.DataFrame, first: pl.DataFrame, _setting: Setting) -> pl.DataFrame:
    """``first_plan.on``: the first IEP after the newest initial evaluation that found the student eligible."""
    return told(subject, first, "24.06", "24.06", {"first_plan.on": ""})


def _twins(subject: pl.DataFrame, _frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``twins.leas``: the LEAs of several records of a meeting of this day and sort, ascending."""
    same = ("24.06", "24.15", "24.14", "24.17")
    return _told_together(subject, same, {"twins.leas": "24.04"})


def _told_together(subject: pl.DataFrame, same: Sequence[str], columns: Mapping[str, str]) -> pl.DataFrame:
    """``columns`` (new name -> number): the values of rows that agree in ``same``, each once; null for a row alone."""
    several = where(subject, has_double(subject, same))
    if not several.height:
        return none_told(subject, dict.fromkeys(columns), dict.fromkeys(columns, pl.List(pl.String)))
    lists = several.group_by(same).agg(
        pl.col(number).unique().sort().alias(name) for name, number in columns.items()
    )
    return told(subject, lists, same, same, dict.fromkeys(columns))


def _held_since(subject: pl.DataFrame, _frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``held_since.on``: the newest meeting of the same evaluation type that was held; empty without one."""
    return subject.with_columns(
        pl.col("24.15").max().over("24.06", "24.14").fill_null("").alias("held_since.on")
    )


MEET_CONTEXTS = (
    Context(
        name="status_then",
        join=_status_then,
        prepare=_statuses,
        own={"MEET": ("24.06", "24.15"), "PLAN": ("23.06", "23.12")},
        reads={"SWDS": ("22.06", "22.11", "22.12")},
    ),
    Context(
        name="status_today",
        join=_status_today,
        prepare=_newest_statuses,
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
        prepare=_completed,
        own={"SWDS": ("22.06",)},
        reads={"SENR": ("1.08", "1.22", "1.25", "1.26", "1.27")},
    ),
    Context(
        name="decision",
        join=_decision,
        prepare=_decisions,
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
        prepare=_plans,
        own={"MEET": ("24.06", "24.15")},
        reads={"PLAN": ("23.06", "23.11", "23.12", "23.13")},
    ),
    Context(
        name="part_c",
        join=_part_c,
        prepare=_first_ifsps,
        own={"MEET": ("24.06",)},
        reads={"PLAN": ("23.06", "23.11", "23.12")},
    ),
    Context(
        name="first_plan",
        join=_first_plan,
        prepare=_first_plans,
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
