"""Columns that say what stands on Census Day, or today, beside an enrollment, a plan or a service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import NamedTuple

import polars as pl

from manzanita.domain import years
from manzanita.domain.rules.context import (
    PRIMARY,
    REPORTED,
    RETURNING,
    Context,
    Frames,
    enrolled_on,
    newest,
    participating,
    ssid_field,
)
from manzanita.domain.rules.declaration import Setting, state_date
from manzanita.domain.rules.joining import ROW, among, day_number, has_record, newest_rows, same, told, where

_SUMMER = timedelta(days=120)


class _Census(NamedTuple):
    """SSIDs of those with a primary enrollment and of those who participate, and what is told of them."""

    primary: pl.Series
    participants: pl.Series
    plans: pl.DataFrame
    plan_leas: pl.DataFrame
    births: pl.DataFrame | None


def _on_census_day(frames: Frames, setting: Setting) -> _Census:
    day, senr = setting.census_day, frames["SENR"]
    plans = newest(frames["PLAN"], "23.06", "23.12", day)
    leas = pl.DataFrame([plans["23.06"], plans["23.04"].alias("census.plan_lea")])
    if leas.height > 1:
        # Two plans on one day are rare, and texts are slow to join.
        leas = leas.unique()
        of_several = leas.filter(pl.col("23.06").is_duplicated()).sort("census.plan_lea").group_by("23.06")
        alone = leas.filter(pl.col("23.06").is_unique())
        leas = pl.concat([alone, of_several.agg(pl.col("census.plan_lea").str.join(", "))])
    births = None
    if "SINF" in frames:
        sinf = frames["SINF"]
        known = where(sinf, (sinf["2.18"] != "") & (sinf["2.09"] != ""))
        births = newest_rows(known, "2.09", day_number(known["2.04"]))
        births = pl.DataFrame([births["2.09"], births["2.18"].alias("_sinf_birth")])
    return _Census(
        senr["1.08"].filter(enrolled_on(day, senr.get_column) & (senr["1.23"] == PRIMARY)),
        participating(frames, day),
        plans,
        leas,
        births,
    )


def _census(subject: pl.DataFrame, census: _Census, _setting: Setting) -> pl.DataFrame:
    """What stands on Census Day beside an enrollment.

    ``census.birth_on`` (the enrollment's own, else the newest of SINF), ``census.has_primary`` (a primary
    enrollment at any LEA), ``census.is_participating`` and ``census.plan_here`` (the plan in effect is at this
    LEA), ``census.plan_lea`` (where it is, empty without one).
    """
    birth = subject["1.17"]
    if census.births is not None:
        subject = told(subject, census.births, "1.08", "2.09", {"_sinf_birth": ""})
        birth = birth.zip_with(birth != "", subject["_sinf_birth"])
    is_here = has_record(subject, ("1.08", "1.04"), census.plans, ("23.06", "23.04"))
    subject = subject.hstack(
        [
            among(subject["1.08"], census.primary).alias("census.has_primary"),
            among(subject["1.08"], census.participants).alias("census.is_participating"),
            birth.alias("census.birth_on"),
            is_here.alias("census.plan_here"),
        ]
    )
    return told(subject, census.plan_leas, "1.08", "23.06", {"census.plan_lea": ""})


def _enrolled_and_participating(frames: Frames, setting: Setting) -> tuple[pl.DataFrame, pl.Series]:
    """The grade of each student at each LEA on Census Day, and the SSIDs of those who participate then."""
    day, senr = setting.census_day, frames["SENR"]
    is_reported = reduce(or_, (senr["1.23"] == status for status in REPORTED))
    enrolled = where(senr, enrolled_on(day, senr.get_column) & is_reported & (senr["1.08"] != ""))
    if enrolled.height > 1:
        enrolled = enrolled.sort("1.23", "1.22", descending=[False, True], maintain_order=True).unique(
            ["1.08", "1.04"], keep="first", maintain_order=True
        )
    grades = pl.DataFrame([enrolled["1.08"], enrolled["1.04"], enrolled["1.24"].alias("plan_census.grade")])
    return grades.hstack([same(True, grades.height, "_is_enrolled")]), participating(frames, day)


def _plan_census(
    subject: pl.DataFrame, known: tuple[pl.DataFrame, pl.Series], setting: Setting
) -> pl.DataFrame:
    """What stands on Census Day beside a plan, or beside a service by the start of its plan.

    ``plan_census.is_enrolled``: it is in effect and the student is enrolled at its LEA (status 10, 30 or 50);
    ``plan_census.counts``: besides, the student participates; ``plan_census.grade`` of that enrollment;
    ``plan_census.day``.
    """
    grades, participants = known
    day, ssid = setting.census_day, ssid_field(subject)
    lea, start = ("23.04", "23.12") if ssid == "23.06" else ("25.04", "25.17")
    in_effect = among(subject[ROW], newest(subject, ssid, start, day)[ROW])
    empty = {"plan_census.grade": "", "_is_enrolled": False}
    subject = told(subject, grades, [ssid, lea], ["1.08", "1.04"], empty)
    is_enrolled = subject["_is_enrolled"] & in_effect
    return subject.hstack(
        [
            is_enrolled.alias("plan_census.is_enrolled"),
            (is_enrolled & among(subject[ssid], participants)).alias("plan_census.counts"),
            same(day, subject.height, "plan_census.day"),
        ]
    )


def _enrolled_today(frames: Frames, setting: Setting) -> tuple[str, pl.Series, pl.Series]:
    """The day, and the SSIDs of those who are enrolled and of those who participate then."""
    on = min(setting.as_of, years.last_day(setting.year))
    day, spring = state_date(on), state_date(on - _SUMMER)
    senr = frames["SENR"]
    is_expected = reduce(or_, (senr["1.26"] == code for code in RETURNING))
    is_back_soon = is_expected & (senr["1.25"] >= spring) & (senr["1.25"] <= day)
    enrolled = senr["1.08"].filter(enrolled_on(day, senr.get_column) | is_back_soon)
    return day, enrolled, participating(frames, day)


def _today(subject: pl.DataFrame, known: tuple[str, pl.Series, pl.Series], _setting: Setting) -> pl.DataFrame:
    """What stands today beside a plan, or on the last day of an academic year that is over.

    ``today.is_in_effect``, ``today.is_participating`` and ``today.is_enrolled`` (at any LEA, whatever the status; who
    left for the summer and is expected back counts), ``today.day``.
    """
    day, enrolled, participants = known
    in_effect = newest(subject, "23.06", "23.12", day)[ROW]
    return subject.hstack(
        [
            among(subject[ROW], in_effect).alias("today.is_in_effect"),
            among(subject["23.06"], participants).alias("today.is_participating"),
            among(subject["23.06"], enrolled).alias("today.is_enrolled"),
            same(day, subject.height, "today.day"),
        ]
    )


CONTEXTS: Mapping[str, Context] = {
    context.name: context
    for context in (
        Context(
            name="census",
            join=_census,
            prepare=_on_census_day,
            own={"SENR": ("1.04", "1.08", "1.17")},
            reads={
                "SENR": ("1.08", "1.22", "1.23", "1.25", "1.26"),
                "SWDS": ("22.06", "22.11", "22.12"),
                "PLAN": ("23.04", "23.06", "23.12"),
            },
            reads_if_known={"SINF": ("2.04", "2.09", "2.18")},
        ),
        Context(
            name="plan_census",
            join=_plan_census,
            prepare=_enrolled_and_participating,
            own={"PLAN": ("23.04", "23.06", "23.12"), "SERV": ("25.04", "25.07", "25.17")},
            reads={
                "SENR": ("1.04", "1.08", "1.22", "1.23", "1.24", "1.25", "1.26"),
                "SWDS": ("22.06", "22.11", "22.12"),
            },
            has_siblings=True,
        ),
        Context(
            name="today",
            join=_today,
            prepare=_enrolled_today,
            own={"PLAN": ("23.06", "23.12")},
            reads={"SENR": ("1.08", "1.22", "1.25", "1.26"), "SWDS": ("22.06", "22.11", "22.12")},
            has_siblings=True,
        ),
    )
}
