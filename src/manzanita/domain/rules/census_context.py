"""Columns that say what stands on Census Day, or today, beside an enrollment, a plan or a service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import polars as pl

from manzanita.domain import years
from manzanita.domain.rules.ages import number
from manzanita.domain.rules.context import (
    PRIMARY,
    REPORTED,
    RETURNING,
    ROW,
    Context,
    Frames,
    among,
    enrolled_on,
    has_record,
    newest,
    newest_rows,
    participating,
    ssid_field,
    told,
)
from manzanita.domain.rules.declaration import Setting, state_date

_SUMMER = timedelta(days=120)


def _census(subject: pl.DataFrame, frames: Frames, setting: Setting) -> pl.DataFrame:
    """What stands on Census Day beside an enrollment.

    ``census.birth_on`` (the enrollment's own, else the newest of SINF), ``census.has_primary`` (a primary
    enrollment at any LEA), ``census.is_participating`` and ``census.plan_here`` (the plan in effect is at this
    LEA), ``census.plan_lea`` (where it is, empty without one).
    """
    day = setting.census_day
    primary = frames["SENR"].filter(enrolled_on(day), pl.col("1.23") == PRIMARY)["1.08"]
    participants = participating(frames, day)
    plans = newest(frames["PLAN"], "23.06", "23.12", day)
    leas = plans.select("23.06", pl.col("23.04").alias("census.plan_lea")).unique()
    # Two plans on one day are rare, and texts are slow to join.
    of_several = leas.filter(pl.col("23.06").is_duplicated()).sort("census.plan_lea").group_by("23.06")
    plan_leas = pl.concat(
        [leas.filter(pl.col("23.06").is_unique()), of_several.agg(pl.col("census.plan_lea").str.join(", "))]
    )
    subject = subject.with_columns(
        among("1.08", primary).alias("census.has_primary"),
        among("1.08", participants).alias("census.is_participating"),
        pl.col("1.17").alias("census.birth_on"),
    )
    if "SINF" in frames:
        known = frames["SINF"].filter(pl.col("2.18") != "", pl.col("2.09") != "")
        births = newest_rows(known, "2.09", number("2.04"))
        births = births.select("2.09", pl.col("2.18").alias("_sinf_birth"))
        own = pl.col("1.17")
        subject = subject.join(births, left_on="1.08", right_on="2.09", how="left").with_columns(
            pl.when(own != "")
            .then(own)
            .otherwise(pl.col("_sinf_birth").fill_null(""))
            .alias("census.birth_on")
        )
    is_here = has_record(subject, ("1.08", "1.04"), plans, ("23.06", "23.04"))
    subject = subject.with_columns(is_here.alias("census.plan_here"))
    return told(subject, plan_leas, "1.08", "23.06", {"census.plan_lea": ""})


def _plan_census(subject: pl.DataFrame, frames: Frames, setting: Setting) -> pl.DataFrame:
    """What stands on Census Day beside a plan, or beside a service by the start of its plan.

    ``plan_census.is_enrolled``: it is in effect and the student is enrolled at its LEA (status 10, 30 or 50);
    ``plan_census.counts``: besides, the student participates; ``plan_census.grade`` of that enrollment;
    ``plan_census.day``.
    """
    day = setting.census_day
    ssid = ssid_field(subject)
    lea, start = ("23.04", "23.12") if ssid == "23.06" else ("25.04", "25.17")
    in_effect = newest(subject, ssid, start, day)[ROW]
    enrolled = (
        frames["SENR"]
        .filter(enrolled_on(day), pl.col("1.23").is_in(REPORTED), pl.col("1.08") != "")
        .sort("1.23", "1.22", descending=[False, True], maintain_order=True)
        .unique(["1.08", "1.04"], keep="first", maintain_order=True)
        .select("1.08", "1.04", pl.col("1.24").alias("plan_census.grade"))
    )
    participants = participating(frames, day)
    is_enrolled = pl.col("plan_census.grade").is_not_null() & among(ROW, in_effect)
    return subject.join(enrolled, left_on=[ssid, lea], right_on=["1.08", "1.04"], how="left").with_columns(
        is_enrolled.alias("plan_census.is_enrolled"),
        (is_enrolled & among(ssid, participants)).alias("plan_census.counts"),
        pl.col("plan_census.grade").fill_null(""),
        pl.lit(day).alias("plan_census.day"),
    )


def _today(subject: pl.DataFrame, frames: Frames, setting: Setting) -> pl.DataFrame:
    """What stands today beside a plan, or on the last day of an academic year that is over.

    ``today.is_in_effect``, ``today.is_participating`` and ``today.is_enrolled`` (at any LEA, whatever the status; who
    left for the summer and is expected back counts), ``today.day``.
    """
    on = min(setting.as_of, years.last_day(setting.year))
    day, spring = state_date(on), state_date(on - _SUMMER)
    is_back_soon = pl.col("1.26").is_in(RETURNING) & pl.col("1.25").is_between(pl.lit(spring), pl.lit(day))
    enrolled = frames["SENR"].filter(enrolled_on(day) | is_back_soon)["1.08"]
    in_effect = newest(subject, "23.06", "23.12", day)[ROW]
    return subject.with_columns(
        among(ROW, in_effect).alias("today.is_in_effect"),
        among("23.06", participating(frames, day)).alias("today.is_participating"),
        among("23.06", enrolled).alias("today.is_enrolled"),
        pl.lit(day).alias("today.day"),
    )


CONTEXTS: Mapping[str, Context] = {
    context.name: context
    for context in (
        Context(
            name="census",
            join=_census,
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
            own={"PLAN": ("23.06", "23.12")},
            reads={"SENR": ("1.08", "1.22", "1.25", "1.26"), "SWDS": ("22.06", "22.11", "22.12")},
            has_siblings=True,
        ),
    )
}
