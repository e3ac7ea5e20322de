"""Columns that set an enrollment on Census Day beside status and plan, and a status beside enrollment and meeting."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from manzanita.domain import years
from manzanita.domain.rules.context import (
    NO_SHOW,
    PRIMARY,
    SECONDARY,
    SHORT_TERM,
    Context,
    Frames,
    among,
    enrolled_on,
    has_record,
    newest,
)
from manzanita.domain.rules.declaration import Setting, state_date

# The school code of all nonpublic schools; another field says which.
ANY_NONPUBLIC_SCHOOL = "0000001"
NOT_ENROLLED = "3"
IEP, ISP = "100", "200"
# The reason for a plan record that lets an ISP stand where else an IEP is asked for.
PLACED = "4"


def _on_census(subject: pl.DataFrame, frames: Frames, setting: Setting) -> pl.DataFrame:
    """What stands on Census Day beside an enrollment, at any LEA.

    ``on_census.has_counted`` (an enrollment with status 10 or 30), ``on_census.is_not_enrolled`` (the status in
    effect is 3), ``on_census.is_newest`` (the newest enrollment of the student that began by then, secondary ones
    aside).
    """
    day = setting.census_day
    senr = frames["SENR"]
    counted = senr.filter(enrolled_on(day), pl.col("1.23").is_in([PRIMARY, SHORT_TERM]))["1.08"]
    statuses = newest(frames["SWDS"], "22.06", "22.11", day)
    gone = statuses.filter(pl.col("22.12") == NOT_ENROLLED)["22.06"]
    own = senr.filter(pl.col("1.23") != SECONDARY, pl.col("1.26") != NO_SHOW)
    latest, key = newest(own, "1.08", "1.22", day), ("1.08", "1.22")
    return subject.with_columns(
        among("1.08", counted).alias("on_census.has_counted"),
        among("1.08", gone).alias("on_census.is_not_enrolled"),
        has_record(subject, key, latest, key).alias("on_census.is_newest"),
    )


def _school_plan(subject: pl.DataFrame, frames: Frames, setting: Setting) -> pl.DataFrame:
    """``school_plan.is_there``: an IEP, or an ISP with reason 4, is in effect on Census Day, from any LEA."""
    is_placed = (pl.col("23.11") == ISP) & (pl.col("23.13") == PLACED)
    plans = newest(frames["PLAN"], "23.06", "23.12", setting.census_day)
    planned = plans.filter((pl.col("23.11") == IEP) | is_placed)["23.06"]
    return subject.with_columns(among("1.08", planned).alias("school_plan.is_there"))


def _here(subject: pl.DataFrame, frames: Frames, setting: Setting) -> pl.DataFrame:
    """What the LEA that reports a status has of the student.

    ``here.has_meeting`` (any meeting record), ``here.is_enrolled`` (an enrollment in the academic year, secondary
    ones and no-shows aside).
    """
    first, last = setting.first_day, setting.last_day
    enrollments = frames["SENR"].filter(
        pl.col("1.23") != SECONDARY,
        pl.col("1.26") != NO_SHOW,
        pl.col("1.22") != "",
        pl.col("1.22") <= last,
        (pl.col("1.25") == "") | (pl.col("1.25") >= first),
    )
    student = ("22.04", "22.06")
    return subject.with_columns(
        has_record(subject, student, frames["MEET"], ("24.04", "24.06")).alias("here.has_meeting"),
        has_record(subject, student, enrollments, ("1.04", "1.08")).alias("here.is_enrolled"),
    )


def first_day_before(setting: Setting) -> str:
    """1 July of the academic year before, CCYYMMDD."""
    first = years.first_calendar_year(setting.year)
    return state_date(years.first_day(f"{first - 1}-{first}"))


CONTEXTS: Mapping[str, Context] = {
    context.name: context
    for context in (
        Context(
            name="on_census",
            join=_on_census,
            own={"SENR": ("1.08", "1.22")},
            reads={"SENR": ("1.08", "1.22", "1.23", "1.25", "1.26"), "SWDS": ("22.06", "22.11", "22.12")},
        ),
        Context(
            name="school_plan",
            join=_school_plan,
            own={"SENR": ("1.08",)},
            reads={"PLAN": ("23.06", "23.11", "23.12", "23.13")},
        ),
        Context(
            name="here",
            join=_here,
            own={"SWDS": ("22.04", "22.06")},
            reads={"MEET": ("24.04", "24.06"), "SENR": ("1.04", "1.08", "1.22", "1.23", "1.25", "1.26")},
        ),
    )
}
