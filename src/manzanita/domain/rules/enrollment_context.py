"""Columns that set an enrollment on Census Day beside status and plan, and a status beside enrollment and meeting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from manzanita.domain import years
from manzanita.domain.rules.context import (
    NO_SHOW,
    PRIMARY,
    SECONDARY,
    SHORT_TERM,
    Context,
    Frames,
    enrolled_on,
    newest,
)
from manzanita.domain.rules.declaration import Setting, state_date
from manzanita.domain.rules.joining import among, has_record, where

# The school code of all nonpublic schools; another field says which.
ANY_NONPUBLIC_SCHOOL = "0000001"
NOT_ENROLLED = "3"
IEP, ISP = "100", "200"
# The reason for a plan record that lets an ISP stand where else an IEP is asked for.
PLACED = "4"


class _Census(NamedTuple):
    """SSIDs of those with an enrollment that counts and of those who are gone, and the newest enrollments."""

    counted: pl.Series
    gone: pl.Series
    latest: pl.DataFrame


def _on_census_day(frames: Frames, setting: Setting) -> _Census:
    day, senr = setting.census_day, frames["SENR"]
    is_counted = (senr["1.23"] == PRIMARY) | (senr["1.23"] == SHORT_TERM)
    statuses = newest(frames["SWDS"], "22.06", "22.11", day)
    own = where(senr, (senr["1.23"] != SECONDARY) & (senr["1.26"] != NO_SHOW))
    return _Census(
        senr["1.08"].filter(enrolled_on(day, senr.get_column) & is_counted),
        statuses["22.06"].filter(statuses["22.12"] == NOT_ENROLLED),
        newest(own, "1.08", "1.22", day),
    )


def _on_census(subject: pl.DataFrame, census: _Census, _setting: Setting) -> pl.DataFrame:
    """What stands on Census Day beside an enrollment, at any LEA.

    ``on_census.has_counted`` (an enrollment with status 10 or 30), ``on_census.is_not_enrolled`` (the status in
    effect is 3), ``on_census.is_newest`` (the newest enrollment of the student that began by then, secondary ones
    aside).
    """
    key = ("1.08", "1.22")
    return subject.hstack(
        [
            among(subject["1.08"], census.counted).alias("on_census.has_counted"),
            among(subject["1.08"], census.gone).alias("on_census.is_not_enrolled"),
            has_record(subject, key, census.latest, key).alias("on_census.is_newest"),
        ]
    )


def _planned(frames: Frames, setting: Setting) -> pl.Series:
    """SSIDs of those with a plan that a school asks for."""
    plans = newest(frames["PLAN"], "23.06", "23.12", setting.census_day)
    is_placed = (plans["23.11"] == ISP) & (plans["23.13"] == PLACED)
    return plans["23.06"].filter((plans["23.11"] == IEP) | is_placed)


def _school_plan(subject: pl.DataFrame, planned: pl.Series, _setting: Setting) -> pl.DataFrame:
    """``school_plan.is_there``: an IEP, or an ISP with reason 4, is in effect on Census Day, from any LEA."""
    return subject.hstack([among(subject["1.08"], planned).alias("school_plan.is_there")])


def _there(frames: Frames, setting: Setting) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Meetings, and the enrollments of the academic year."""
    senr, first, last = frames["SENR"], setting.first_day, setting.last_day
    start, end = senr["1.22"], senr["1.25"]
    is_own = (senr["1.23"] != SECONDARY) & (senr["1.26"] != NO_SHOW)
    is_of_year = (start != "") & (start <= last) & ((end == "") | (end >= first))
    return frames["MEET"], where(senr, is_own & is_of_year)


def _here(subject: pl.DataFrame, there: tuple[pl.DataFrame, pl.DataFrame], _setting: Setting) -> pl.DataFrame:
    """What the LEA that reports a status has of the student.

    ``here.has_meeting`` (any meeting record), ``here.is_enrolled`` (an enrollment in the academic year, secondary
    ones and no-shows aside).
    """
    meetings, enrollments = there
    student = ("22.04", "22.06")
    return subject.hstack(
        [
            has_record(subject, student, meetings, ("24.04", "24.06")).alias("here.has_meeting"),
            has_record(subject, student, enrollments, ("1.04", "1.08")).alias("here.is_enrolled"),
        ]
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
            prepare=_on_census_day,
            own={"SENR": ("1.08", "1.22")},
            reads={"SENR": ("1.08", "1.22", "1.23", "1.25", "1.26"), "SWDS": ("22.06", "22.11", "22.12")},
        ),
        Context(
            name="school_plan",
            join=_school_plan,
            prepare=_planned,
            own={"SENR": ("1.08",)},
            reads={"PLAN": ("23.06", "23.11", "23.12", "23.13")},
        ),
        Context(
            name="here",
            join=_here,
            prepare=_there,
            own={"SWDS": ("22.04", "22.06")},
            reads={"MEET": ("24.04", "24.06"), "SENR": ("1.04", "1.08", "1.22", "1.23", "1.25", "1.26")},
        ),
    )
}
