"""Columns from other records that rules may read, joined once for all rules that name them.

Each context says which fields it reads, and is given no others; where a record type that it reads is not known, the
rules that name the context are *not evaluated*. Joining keeps every subject row exactly once; row order does not
matter. Columns that no rule reads are named with an underscore first.

The record in effect on a day is the newest that starts on or before it, whichever LEA reported it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import polars as pl

from manzanita.domain import records, years
from manzanita.domain.layouts import RECORDS, layout
from manzanita.domain.rules.ages import months_old, months_old_on
from manzanita.domain.rules.declaration import Setting, state_date

Frames = Mapping[str, pl.DataFrame]
ROW = "_row"

# An enrollment that began and never took place; a secondary one; and those that carry a plan.
NO_SHOW = "N470"
SECONDARY = "20"
PRIMARY = "10"
SHORT_TERM = "30"
NON_ADA = "50"
PARTICIPATING = "1"
# Enrollment statuses that the reports of the state count, the weightiest first; and exits of those expected back.
REPORTED = (PRIMARY, SHORT_TERM, NON_ADA)
RETURNING = ("E150", "E155", "E156")
_SUMMER = timedelta(days=120)

SIS_KEYS: Mapping[str, tuple[str, ...]] = {"SENR": ("1.04", "1.08", "1.22"), "SINF": ("2.09", "2.04")}
SSID_FIELDS: Mapping[str, str] = {**records.SSID_FIELD, "PSTS": "17.08", "SENR": "1.08", "SINF": "2.09"}
# The days on which rules ask for a student's age.
_AGED_ON = ("22.11", "23.12", "25.17")
_FILE_KEYS: Mapping[str, tuple[str, ...]] = {
    **{record: layout(record).key for record in RECORDS},
    # A student without an SSID is known by the local number.
    "SENR": ("1.04", "1.08", "1.09", "1.22"),
    "SINF": SIS_KEYS["SINF"],
}


_NO_TYPES: Mapping[str, pl.DataType] = {}
# Record type -> numbers of fields.
Reads = Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Context:
    """Columns beside the rows of a subject, and what they are made of.

    ``own`` are the fields that ``join`` reads of the row itself, for each type of subject; ``has_siblings``: it reads
    them of all rows of that type. ``reads`` are the fields of other records; ``reads_if_known`` those of record types
    that it can do without. ``join`` gets frames with these columns and no others, the subject with ``file``, ``line``
    and its row number besides.

    A context that looks across students has ``narrow``: the rows of each record type that it needs of some students'
    records. Joined to those of all students it says the same as beside all records; a rule that names it names no
    other context.
    """

    name: str
    own: Reads
    join: Callable[[pl.DataFrame, Frames, Setting], pl.DataFrame]
    reads: Reads = field(default_factory=dict)
    reads_if_known: Reads = field(default_factory=dict)
    has_siblings: bool = False
    narrow: Callable[[Frames, Setting], Frames] | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """Record types without which the context cannot speak."""
        return tuple(self.reads)

    def beside(self, subject: str) -> dict[str, frozenset[str]]:
        """The fields it reads of all records of the student, by record type, where ``subject`` is asked about."""
        found = {
            record: frozenset(numbers) for record, numbers in {**self.reads, **self.reads_if_known}.items()
        }
        if self.has_siblings:
            found[subject] = found.get(subject, frozenset()).union(self.own[subject])
        return found

    def columns(self, record: str, subject: pl.DataFrame, frames: Frames, setting: Setting) -> pl.DataFrame:
        """The columns of the context, in the order of the rows of ``subject``, which are records of type ``record``."""
        # Brackets pick columns without a query, which would cost more than most joins of one student's records.
        thin = subject[:, [ROW, "file", "line", *self.own[record]]]
        others = {
            name: frames[name][:, list(numbers)]
            for name, numbers in {**self.reads, **self.reads_if_known}.items()
            # No such records are as good as unknown ones to a context that can do without.
            if name in self.reads or (name in frames and frames[name].height)
        }
        joined = self.join(thin, others, setting)
        if not joined[ROW].is_sorted():
            joined = joined.sort(ROW)
        return joined[:, [name for name in joined.columns if name not in thin.columns]]


def among(column: str, values: pl.Series) -> pl.Expr:
    """True where ``column`` is one of ``values``, each of which may stand there often."""
    # As one expression: of one student's records a query of its own would take several times as long.
    return pl.col(column).is_in(pl.lit(values).implode())


def told(
    subject: pl.DataFrame,
    found: pl.DataFrame,
    own: str | Sequence[str],
    other: str | Sequence[str],
    empty: Mapping[str, Any],
) -> pl.DataFrame:
    """``subject`` with the columns of ``found``, which has one row for each ``other``, where its ``own`` are the same.

    ``empty`` has the names of these columns, and what stands in them where nothing is found.
    """
    if not found.height:
        return none_told(subject, empty, found.schema)
    joined = subject.join(found, left_on=own, right_on=other, how="left")
    filled = [pl.col(name).fill_null(value) for name, value in empty.items() if value is not None]
    return joined.with_columns(filled) if filled else joined


def none_told(
    subject: pl.DataFrame, empty: Mapping[str, Any], types: Mapping[str, pl.DataType] = _NO_TYPES
) -> pl.DataFrame:
    """``subject`` with ``empty`` on each row. Of one student's records often nothing is found, and to look further
    would take as long as with something."""
    return subject.with_columns(pl.lit(value, types.get(name)).alias(name) for name, value in empty.items())


def _enrollment(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``enrollment.covers``: a non-secondary enrollment at the reporting LEA holds on the status date."""
    spans = (
        frames["SENR"]
        .filter(pl.col("1.23") != SECONDARY, pl.col("1.22") != "")
        .select("1.04", "1.08", "1.22", "1.25")
    )
    covered = (
        subject.select(ROW, "22.04", "22.06", "22.11")
        .join(spans, left_on=["22.04", "22.06"], right_on=["1.04", "1.08"])
        .filter(
            pl.col("1.22") <= pl.col("22.11"), (pl.col("1.25") == "") | (pl.col("1.25") >= pl.col("22.11"))
        )
    )
    return subject.with_columns(among(ROW, covered[ROW]).alias("enrollment.covers"))


def _previous_status(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``previous_status.code`` and ``.on``: the newest status of the student that starts earlier, any LEA."""
    known = frames["SWDS"].filter(pl.col("22.06") != "", pl.col("22.11") != "", pl.col("22.12") != "")
    # Most students have one status, and no previous one.
    several = known.filter(pl.col("22.06").is_duplicated())
    empty = {"previous_status.code": "", "previous_status.on": ""}
    if not several.height:
        return none_told(subject, empty)
    by_day = (
        several.sort("22.06", "22.11", "22.04", maintain_order=True)
        .unique(["22.06", "22.11"], keep="last", maintain_order=True)
        .select(
            "22.06",
            "22.11",
            pl.col("22.12").shift(1).over("22.06").fill_null("").alias("previous_status.code"),
            pl.col("22.11").shift(1).over("22.06").fill_null("").alias("previous_status.on"),
        )
    )
    key = ["22.06", "22.11"]
    return told(subject, by_day, key, key, empty)


def _statuses(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``statuses.exist``: the student has a status record at any LEA."""
    known = frames["SWDS"]["22.06"]
    return subject.with_columns(among("23.06", known).alias("statuses.exist"))


def _services(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``services.count``: services of the plan by student, start date, reporting LEA and SELPA."""
    counts = frames["SERV"].group_by("25.07", "25.17", "25.04", "25.09").len("services.count")
    own, other = ["23.06", "23.12", "23.04", "23.09"], ["25.07", "25.17", "25.04", "25.09"]
    return told(subject, counts, own, other, {"services.count": 0})


def _same_plan(subject: pl.DataFrame, _frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``same_plan.count``: plan records of the student with this start date, this one included."""
    return subject.with_columns(pl.len().over("23.06", "23.12").alias("same_plan.count"))


def _previous_meetings(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``previous_review.on`` and ``previous_evaluation.on``: days of the newest earlier ones held, any LEA.

    A plan review is a held meeting with indicator Y; an evaluation one of type 10 or 40.
    """
    is_event = {
        "previous_review.on": pl.col("24.17") == "Y",
        "previous_evaluation.on": pl.col("24.14").is_in(["10", "40"]),
    }
    held = (
        frames["MEET"]
        .lazy()
        .filter(pl.col("24.15") != "", pl.col("24.06") != "", pl.any_horizontal(*is_event.values()))
        .select(
            "24.06",
            number("24.15").alias("_held"),
            *(pl.when(event).then(number("24.15")).alias(column) for column, event in is_event.items()),
        )
    )
    earlier = (
        subject.lazy()
        .select(ROW, "24.06", number("24.15").alias("_day"))
        .join(held, on="24.06")
        .filter(pl.col("_held") < pl.col("_day"))
        .group_by(ROW)
        .agg(pl.col(column).max().cast(pl.String) for column in is_event)
        .collect()
    )
    return told(subject, earlier, ROW, ROW, dict.fromkeys(is_event, ""))


def number(day: str) -> pl.Expr:
    """The date in column ``day`` as a number, CCYYMMDD: compared much faster than as a text; null where empty."""
    return pl.col(day).cast(pl.Int32, strict=False)


def newest(frame: pl.DataFrame, ssid: str, start: str, day: str) -> pl.DataFrame:
    """Records in effect on ``day``; several rows of one student only where they start on the same day."""
    started = frame.filter(pl.col(start) != "", pl.col(start) <= day, pl.col(ssid) != "")
    if started.height < 2:
        return started
    return started.filter(number(start) == number(start).max().over(ssid))


def _census(subject: pl.DataFrame, frames: Frames, setting: Setting) -> pl.DataFrame:
    """What stands on Census Day beside an enrollment.

    ``census.birth_on`` (the enrollment's own, else the newest of SINF), ``census.has_primary`` (a primary
    enrollment at any LEA), ``census.is_participating`` and ``census.plan_here`` (the plan in effect is at this
    LEA), ``census.plan_lea`` (where it is, empty without one).
    """
    day = setting.census_day
    primary = frames["SENR"].filter(enrolled_on(day), pl.col("1.23") == PRIMARY)["1.08"]
    participating = _participating(frames, day)
    plans = newest(frames["PLAN"], "23.06", "23.12", day)
    plan_leas = plans.group_by("23.06").agg(pl.col("23.04").unique().sort().alias("census.plan_leas"))
    subject = subject.with_columns(
        among("1.08", primary).alias("census.has_primary"),
        among("1.08", participating).alias("census.is_participating"),
        pl.col("1.17").alias("census.birth_on"),
    )
    if "SINF" in frames:
        births = (
            frames["SINF"]
            .filter(pl.col("2.18") != "", pl.col("2.09") != "")
            .sort("2.09", "2.04", maintain_order=True)
            .unique("2.09", keep="last")
            .select("2.09", pl.col("2.18").alias("_sinf_birth"))
        )
        own = pl.col("1.17")
        subject = subject.join(births, left_on="1.08", right_on="2.09", how="left").with_columns(
            pl.when(own != "")
            .then(own)
            .otherwise(pl.col("_sinf_birth").fill_null(""))
            .alias("census.birth_on")
        )
    return subject.join(plan_leas, left_on="1.08", right_on="23.06", how="left").with_columns(
        pl.col("census.plan_leas").list.contains(pl.col("1.04")).fill_null(False).alias("census.plan_here"),
        pl.col("census.plan_leas").list.join(", ").fill_null("").alias("census.plan_lea"),
    )


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
    participating = _participating(frames, day)
    is_enrolled = pl.col("plan_census.grade").is_not_null() & among(ROW, in_effect)
    return subject.join(enrolled, left_on=[ssid, lea], right_on=["1.08", "1.04"], how="left").with_columns(
        is_enrolled.alias("plan_census.is_enrolled"),
        (is_enrolled & among(ssid, participating)).alias("plan_census.counts"),
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
        among("23.06", _participating(frames, day)).alias("today.is_participating"),
        among("23.06", enrolled).alias("today.is_enrolled"),
        pl.lit(day).alias("today.day"),
    )


def _participating(frames: Frames, day: str) -> pl.Series:
    """SSIDs of those whose status in effect on ``day`` is 1, whichever LEA reported it."""
    statuses = newest(frames["SWDS"], "22.06", "22.11", day)
    return statuses.filter(pl.col("22.12") == PARTICIPATING)["22.06"]


def _birth(subject: pl.DataFrame, frames: Frames, setting: Setting) -> pl.DataFrame:
    """``birth.on``: the student's date of birth, the newest of SINF, else of SENR; empty where neither says.

    ``birth.age`` in whole months on the day of the row, which for a meeting no rule asks; for a plan also
    ``birth.age_on_census``, and ``birth.age_at_end`` of the academic year. Null where a date is empty.
    """
    sources = [_newest_birth(frames["SENR"], "1.08", "1.22", "1.17")]
    if "SINF" in frames:
        sources.insert(0, _newest_birth(frames["SINF"], "2.09", "2.04", "2.18"))
    (births, *more) = sources
    if more:
        births = pl.concat(sources).unique("_ssid", keep="first", maintain_order=True)
    subject = told(subject, births, ssid_field(subject), "_ssid", {"birth.on": ""})
    day = next((day for day in _AGED_ON if day in subject.columns), None)
    ages = {"birth.age": months_old("birth.on", day)} if day else {}
    if day == "23.12":
        ages["birth.age_on_census"] = months_old_on(setting.census_day, "birth.on")
        ages["birth.age_at_end"] = months_old_on(setting.last_day, "birth.on")
    return subject.with_columns(**ages) if ages else subject


def _newest_birth(frame: pl.DataFrame, ssid: str, start: str, birth: str) -> pl.DataFrame:
    told = frame.filter(pl.col(ssid) != "", pl.col(birth) != "").sort(ssid, start, maintain_order=True)
    return told.unique(ssid, keep="last").select(pl.col(ssid).alias("_ssid"), pl.col(birth).alias("birth.on"))


def ssid_field(frame: pl.DataFrame) -> str:
    """The column of ``frame`` that holds the SSID."""
    return next(number for number in SSID_FIELDS.values() if number in frame.columns)


def _same_key(subject: pl.DataFrame, _frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``same_key.text``, ``same_key.count``, ``same_key.first_line`` and ``.last_line`` within one file."""
    if "1.08" in subject.columns:
        student = pl.when(pl.col("1.08") != "").then(pl.col("1.08")).otherwise("local " + pl.col("1.09"))
        key = pl.concat_str("1.04", student, "1.22", separator="/")
    else:
        numbers = next(numbers for numbers in _FILE_KEYS.values() if set(numbers) <= set(subject.columns))
        key = pl.concat_str(*numbers, separator="/")
    line, same = pl.col("line"), ("file", "same_key.text")
    subject = subject.with_columns(key.alias("same_key.text"))
    several = subject.filter(pl.col("same_key.text").is_duplicated())
    alone = {"same_key.count": pl.lit(1), "same_key.first_line": line, "same_key.last_line": line}
    if not several.height:
        return subject.with_columns(**alone)
    places = several.select(
        ROW,
        pl.len().over(same).alias("same_key.count"),
        line.min().over(same).alias("same_key.first_line"),
        line.max().over(same).alias("same_key.last_line"),
    )
    return subject.join(places, on=ROW, how="left").with_columns(
        pl.col(name).fill_null(value) for name, value in alone.items()
    )


def enrolled_on(day: str) -> pl.Expr:
    """True where the enrollment holds on ``day`` (CCYYMMDD) and is not a no-show; the exit day counts."""
    return (
        (pl.col("1.22") != "")
        & (pl.col("1.22") <= day)
        & ((pl.col("1.25") == "") | (pl.col("1.25") >= day))
        & (pl.col("1.26") != NO_SHOW)
    )


CONTEXTS: Mapping[str, Context] = {
    context.name: context
    for context in (
        Context(
            name="enrollment",
            join=_enrollment,
            own={"SWDS": ("22.04", "22.06", "22.11")},
            reads={"SENR": ("1.04", "1.08", "1.22", "1.23", "1.25")},
        ),
        Context(
            name="previous_status",
            join=_previous_status,
            own={"SWDS": ("22.06", "22.11")},
            reads={"SWDS": ("22.04", "22.06", "22.11", "22.12")},
        ),
        Context(
            name="statuses",
            join=_statuses,
            own={"PLAN": ("23.06",)},
            reads={"SWDS": ("22.06",)},
        ),
        Context(
            name="services",
            join=_services,
            own={"PLAN": ("23.04", "23.06", "23.09", "23.12")},
            reads={"SERV": ("25.04", "25.07", "25.09", "25.17")},
        ),
        Context(
            name="same_plan",
            join=_same_plan,
            own={"PLAN": ("23.06", "23.12")},
            has_siblings=True,
        ),
        Context(
            name="previous_meetings",
            join=_previous_meetings,
            own={"MEET": ("24.06", "24.15")},
            reads={"MEET": ("24.06", "24.14", "24.15", "24.17")},
        ),
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
        Context(
            name="birth",
            join=_birth,
            own={
                "SWDS": ("22.06", "22.11"),
                "MEET": ("24.06",),
                "PLAN": ("23.06", "23.12"),
                "SERV": ("25.07", "25.17"),
            },
            reads={"SENR": ("1.08", "1.17", "1.22")},
            reads_if_known={"SINF": ("2.04", "2.09", "2.18")},
        ),
        Context(
            name="same_key",
            join=_same_key,
            own=_FILE_KEYS,
            has_siblings=True,
        ),
    )
}
