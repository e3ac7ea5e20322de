"""Columns that the local rules read: those about plans, services, surveys and enrollments, and the list of all.

Each context says what it joins, as in :mod:`manzanita.domain.rules.context`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from manzanita.domain.rules.ages import after, number
from manzanita.domain.rules.context import NO_SHOW, NON_ADA, SECONDARY, Context, Frames, enrolled_on
from manzanita.domain.rules.declaration import Setting, state_date
from manzanita.domain.rules.joining import (
    ROW,
    among,
    day_number,
    has_record,
    is_newest,
    newest_rows,
    none_told,
    pairs,
    told,
    where,
)
from manzanita.domain.rules.local_context_meet import MEET_CONTEXTS
from manzanita.domain.rules.local_lookup import dated, up_to

# Exits after which the LEA expects the student back, and the latest Census Day, until when it may.
EXPECTED_BACK = ("E150", "E155", "E156")
_LATEST_CENSUS = 1007
_NEVER = 99999999


# The days of enrollments as numbers, which are compared much faster than texts.
_END = pl.when(pl.col("1.25") == "").then(pl.lit(_NEVER)).otherwise(number("1.25"))
_ENDED = number("1.25")
_BACK_BY = (_ENDED // 10_000 + (_ENDED % 10_000 > _LATEST_CENSUS).cast(pl.Int32)) * 10_000 + _LATEST_CENSUS
_IS_EXPECTED = (pl.col("1.25") != "") & pl.col("1.26").is_in(list(EXPECTED_BACK))


def _took_place(senr: pl.DataFrame) -> pl.DataFrame:
    return where(senr, (senr["1.22"] != "") & (senr["1.26"] != NO_SHOW))


def _covering(near: pl.DataFrame) -> pl.Series:
    """True where the enrollment from ``_start`` to ``_end`` (far off where it goes on) holds on ``_day``."""
    return (near["_start"] <= near["_day"]) & (near["_end"] >= near["_day"])


def _plan_days(subject: pl.DataFrame, _frames: Frames, setting: Setting) -> pl.DataFrame:
    """``plan_days.is_today`` and ``.is_census``: the plan is the one in effect then, whichever LEA reported it."""
    start = subject["23.12"]

    def in_effect(day: str) -> pl.Series:
        started = where(subject, (start >= "1") & (start <= day))
        newest = started[ROW].filter(is_newest(started["23.06"], day_number(started["23.12"])))
        return among(subject[ROW], newest)

    return subject.hstack(
        [
            in_effect(state_date(setting.as_of)).alias("plan_days.is_today"),
            in_effect(setting.census_day).alias("plan_days.is_census"),
        ]
    )


def _stays(frames: Frames, _setting: Setting) -> pl.DataFrame:
    """Enrollments that took place, with the days within which a plan at their LEA may start."""
    return _took_place(frames["SENR"]).select(
        "1.08",
        number("1.22").alias("_start"),
        _END.alias("_end"),
        pl.col("1.04").alias("_lea"),
        pl.col("1.05").alias("stay.school"),
        pl.col("1.23").alias("stay.status"),
        after("1.22", "-30d").alias("_from"),
        pl.when(_IS_EXPECTED).then(_BACK_BY).otherwise(_END).alias("_until"),
    )


def _stay(subject: pl.DataFrame, stays: pl.DataFrame, _setting: Setting) -> pl.DataFrame:
    """Enrollment at the plan's LEA when the plan starts.

    ``stay.holds``: one covers the day, begins within 30 days, or ended with the student expected back by Census
    Day. ``stay.school`` and ``stay.status``: of the newest non-secondary one that covers the day.
    ``stay.is_private``: one without ADA covers the day, at any LEA.
    """
    asked = subject[:, [ROW, "23.04", "23.06"]].hstack([day_number(subject["23.12"]).alias("_day")])
    near = pairs(asked, stays, "23.06", "1.08")
    near = where(near, (near["_day"] >= near["_from"]) & (near["_day"] <= near["_until"]))
    is_here, covers = near["_lea"] == near["23.04"], _covering(near)
    here = where(near, covers & is_here & (near["stay.status"] != SECONDARY))
    private = near[ROW].filter(covers & (near["stay.status"] == NON_ADA))
    subject = subject.hstack(
        [
            among(subject[ROW], near[ROW].filter(is_here)).alias("stay.holds"),
            among(subject[ROW], private).alias("stay.is_private"),
        ]
    )
    empty = {"stay.school": "", "stay.status": ""}
    return told(subject, newest_rows(here, ROW, here["_start"]), ROW, ROW, empty)


def _census_grades(frames: Frames, setting: Setting) -> pl.DataFrame:
    """The grade of the newest enrollment on Census Day by LEA and student."""
    senr = frames["SENR"]
    there = where(senr, enrolled_on(setting.census_day, senr.get_column) & (senr["1.23"] != SECONDARY))
    if there.height > 1:
        there = there.sort("1.22", maintain_order=True).unique(["1.04", "1.08"], keep="last")
    return pl.DataFrame([there["1.04"], there["1.08"], there["1.24"].alias("census_grade.code")])


def _census_grade(subject: pl.DataFrame, grades: pl.DataFrame, _setting: Setting) -> pl.DataFrame:
    """``census_grade.code``: of the newest non-secondary enrollment at the plan's LEA on Census Day."""
    return told(subject, grades, ["23.04", "23.06"], ["1.04", "1.08"], {"census_grade.code": ""})


def _homes(frames: Frames, _setting: Setting) -> pl.DataFrame:
    """Enrollments that took place and name a district of residence."""
    senr = frames["SENR"]
    return _took_place(where(senr, senr["1.31"] != "")).select(
        "1.08", number("1.22").alias("_start"), _END.alias("_end"), pl.col("1.31").alias("residence.codes")
    )


def _residence(subject: pl.DataFrame, homes: pl.DataFrame, _setting: Setting) -> pl.DataFrame:
    """``residence.codes``: the districts of residence of the enrollments, at any LEA, when the plan starts.

    Of plans that name another district than their LEA as responsible (23.10).
    """
    asked = where(subject, (subject["23.10"] != "") & (subject["23.10"] != subject["23.04"]))
    if not homes.height or not asked.height:
        return none_told(subject, {"residence.codes": None}, {"residence.codes": pl.List(pl.String)})
    near = pairs(
        asked[:, [ROW, "23.06"]].hstack([day_number(asked["23.12"]).alias("_day")]), homes, "23.06", "1.08"
    )
    found = (
        where(near, _covering(near))
        .lazy()
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
    return subject.hstack([has_record(subject, service, frames["PLAN"], plan).alias("own_plan.exists")])


def _places(frames: Frames, setting: Setting) -> pl.DataFrame:
    """An LEA of today by student."""
    senr = frames["SENR"]
    today = where(senr, enrolled_on(state_date(setting.as_of), senr.get_column) & (senr["1.08"] != ""))
    today = newest_rows(today, "1.08", today["1.22"])
    return pl.DataFrame([today["1.08"], today["1.04"].alias("enrolled_today.lea")])


def _enrolled_today(subject: pl.DataFrame, places: pl.DataFrame, _setting: Setting) -> pl.DataFrame:
    """``enrolled_today.lea``: an LEA at which the student of the survey is enrolled today; empty without one."""
    return told(subject, places, "17.08", "1.08", {"enrolled_today.lea": ""})


def _known_status(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``known_status.exists``: some LEA has reported a status of the student."""
    return subject.hstack([among(subject["17.08"], frames["SWDS"]["22.06"]).alias("known_status.exists")])


class _Adopted(NamedTuple):
    """Plans, and the same as :func:`up_to` wants them."""

    plans: pl.DataFrame
    known: pl.DataFrame


def _plans(frames: Frames, _setting: Setting) -> _Adopted:
    columns = {"adoption.plan_lea": "23.04", "adoption.plan_on": "23.12", "adoption.plan_type": "23.11"}
    return _Adopted(frames["PLAN"], dated(frames["PLAN"], ("23.06", "23.12"), columns))


def _adoption(subject: pl.DataFrame, adopted: _Adopted, setting: Setting) -> pl.DataFrame:
    """What who enrolls after Census Day brings: the plan then in effect, and whether the LEA has written one since.

    ``adoption.plan_lea``, ``.plan_on`` and ``.plan_type`` (empty without a plan), ``.is_here``.
    """
    today, start = state_date(setting.as_of), subject["1.22"]
    arrived = where(
        subject[:, [ROW, "1.04", "1.08", "1.22"]], (start > setting.census_day) & (start <= today)
    )
    empty = {name: "" for name in adopted.known.columns if name[0] != "_"}
    if not arrived.height:
        return none_told(subject, {"adoption.is_here": False, **empty})
    near = pairs(arrived, adopted.plans, ["1.04", "1.08"], ["23.04", "23.06"])
    since = near[ROW].filter((near["23.12"] >= near["1.22"]) & (near["23.12"] <= today))
    subject = subject.hstack([among(subject[ROW], since).alias("adoption.is_here")])
    return told(subject, up_to(arrived, "1.22", adopted.known), ROW, ROW, empty)


def _several_births(frames: Frames, _setting: Setting) -> pl.DataFrame:
    """The dates of birth by student, of those of whom the SIS files give several."""
    senr = frames["SENR"]
    named = [pl.DataFrame([senr["1.08"].alias("_ssid"), senr["1.17"].alias("_birth")])]
    if "SINF" in frames:
        sinf = frames["SINF"]
        named.append(pl.DataFrame([sinf["2.09"].alias("_ssid"), sinf["2.18"].alias("_birth")]))
    births = pl.concat(named)
    births = where(births, (births["_ssid"] != "") & (births["_birth"] != "")).unique()
    several = where(births, births["_ssid"].is_duplicated())
    return several.group_by("_ssid").agg(pl.col("_birth").sort().alias("births.told"))


def _births(subject: pl.DataFrame, births: pl.DataFrame, _setting: Setting) -> pl.DataFrame:
    """``births.told``: the dates of birth that the SIS files give the student, ascending; null where all agree."""
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
            prepare=_stays,
            own={"PLAN": ("23.04", "23.06", "23.12")},
            reads={"SENR": ("1.04", "1.05", "1.08", "1.22", "1.23", "1.25", "1.26")},
        ),
        Context(
            name="census_grade",
            join=_census_grade,
            prepare=_census_grades,
            own={"PLAN": ("23.04", "23.06")},
            reads={"SENR": ("1.04", "1.08", "1.22", "1.23", "1.24", "1.25", "1.26")},
        ),
        Context(
            name="residence",
            join=_residence,
            prepare=_homes,
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
            prepare=_places,
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
            prepare=_plans,
            own={"SENR": ("1.04", "1.08", "1.22")},
            reads={"PLAN": ("23.04", "23.06", "23.11", "23.12")},
        ),
        Context(
            name="births",
            join=_births,
            prepare=_several_births,
            own={"SENR": ("1.08",)},
            reads={"SENR": ("1.08", "1.17")},
            reads_if_known={"SINF": ("2.09", "2.18")},
        ),
    )
}
