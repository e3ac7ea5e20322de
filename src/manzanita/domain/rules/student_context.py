"""Columns from the other records of a student, whatever the day: statuses, plans, services, meetings, the birth."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from manzanita.domain.clocks.reviews import ANNUAL_YEARS, TRIENNIAL_YEARS
from manzanita.domain.rules.ages import (
    BIRTH,
    BIRTH_COUNT,
    DAY_OF_ROW,
    MONTHS,
    after,
    birthdays,
    number,
    whole_months,
)
from manzanita.domain.rules.context import FILE_KEYS, SECONDARY, SSID_FIELDS, Context, Frames, ssid_field
from manzanita.domain.rules.declaration import Setting
from manzanita.domain.rules.joining import (
    ROW,
    among,
    day_number,
    greatest,
    has_double,
    has_record,
    newest_rows,
    none_told,
    pairs,
    told,
    where,
)


def _spans(frames: Frames, _setting: Setting) -> pl.DataFrame:
    """Enrollments that are not secondary."""
    senr = frames["SENR"]
    return where(senr, (senr["1.23"] != SECONDARY) & (senr["1.22"] != ""))[
        :, ["1.04", "1.08", "1.22", "1.25"]
    ]


def _enrollment(subject: pl.DataFrame, spans: pl.DataFrame, _setting: Setting) -> pl.DataFrame:
    """``enrollment.covers``: a non-secondary enrollment at the reporting LEA holds on the status date."""
    asked = subject[:, [ROW, "22.04", "22.06", "22.11"]]
    near = pairs(asked, spans, ["22.04", "22.06"], ["1.04", "1.08"])
    day, end = near["22.11"], near["1.25"]
    covers = (near["1.22"] <= day) & ((end == "") | (end >= day))
    return subject.hstack([among(subject[ROW], near[ROW].filter(covers)).alias("enrollment.covers")])


def _by_day(frames: Frames, _setting: Setting) -> pl.DataFrame:
    """What the status before was, of students with several."""
    swds = frames["SWDS"]
    known = where(swds, (swds["22.06"] != "") & (swds["22.11"] != "") & (swds["22.12"] != ""))
    # Most students have one status, and no previous one.
    several = where(known, has_double(known, ["22.06"]))
    if not several.height:
        return several
    return (
        several.sort("22.06", "22.11", "22.04", maintain_order=True)
        .unique(["22.06", "22.11"], keep="last", maintain_order=True)
        .select(
            "22.06",
            "22.11",
            pl.col("22.12").shift(1).over("22.06").fill_null("").alias("previous_status.code"),
            pl.col("22.11").shift(1).over("22.06").fill_null("").alias("previous_status.on"),
        )
    )


def _previous_status(subject: pl.DataFrame, by_day: pl.DataFrame, _setting: Setting) -> pl.DataFrame:
    """``previous_status.code`` and ``.on``: the newest status of the student that starts earlier, any LEA."""
    empty = {"previous_status.code": "", "previous_status.on": ""}
    return told(subject, by_day, ["22.06", "22.11"], ["22.06", "22.11"], empty)


def _statuses(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``statuses.exist``: the student has a status record at any LEA."""
    return subject.hstack([among(subject["23.06"], frames["SWDS"]["22.06"]).alias("statuses.exist")])


def _services(subject: pl.DataFrame, frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``services.exist``: the plan has a service, by student, start date, reporting LEA and SELPA."""
    plan, service = ("23.06", "23.12", "23.04", "23.09"), ("25.07", "25.17", "25.04", "25.09")
    return subject.hstack([has_record(subject, plan, frames["SERV"], service).alias("services.exist")])


def _same_plan(subject: pl.DataFrame, _frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``same_plan.count``: plan records of the student with this start date, this one included."""
    return subject.with_columns(pl.len().over("23.06", "23.12").alias("same_plan.count"))


# What a held meeting may be, and after how many years the next one of its kind is due.
_EVENTS: Mapping[str, int] = {"previous_review": ANNUAL_YEARS, "previous_evaluation": TRIENNIAL_YEARS}


def _held(frames: Frames, _setting: Setting) -> pl.DataFrame:
    """Plan reviews and evaluations by student, with the day of each, and by when the next is due, in their columns."""
    meet = frames["MEET"]
    sort = meet["24.14"]
    is_event = (meet["24.17"] == "Y", (sort == "10") | (sort == "40"))
    is_asked = (meet["24.15"] != "") & (meet["24.06"] != "") & (is_event[0] | is_event[1])
    marked = [event.alias(f"_{name}") for name, event in zip(_EVENTS, is_event, strict=True)]
    held = where(meet[:, ["24.06", "24.15"]].hstack(marked), is_asked)
    columns = {
        f"{name}.{what}": pl.when(f"_{name}").then(day)
        for name, years in _EVENTS.items()
        for what, day in {"on": number("24.15"), "next_by": after("24.15", f"{years}y")}.items()
    }
    return held.select("24.06", number("24.15").alias("_held"), **columns)


def _previous_meetings(subject: pl.DataFrame, held: pl.DataFrame, _setting: Setting) -> pl.DataFrame:
    """``previous_review.on`` and ``previous_evaluation.on``: days of the newest earlier ones held, any LEA; and
    ``.next_by`` of each, the day by which the next is due, as a number.

    A plan review is a held meeting with indicator Y; an evaluation one of type 10 or 40.
    """
    asked = subject[:, [ROW, "24.06"]].hstack([day_number(subject["24.15"]).alias("_day")])
    near = pairs(asked, held, "24.06", "24.06")
    newest = greatest(where(near, near["_held"] < near["_day"]), ROW, held.columns[2:])
    days = {name: newest[name].cast(pl.String) for name in newest.columns if name.endswith(".on")}
    empty = {name: "" if name in days else None for name in newest.columns[1:]}
    return told(subject, newest.with_columns(**days), ROW, ROW, empty)


def _births(frames: Frames, _setting: Setting) -> pl.DataFrame:
    """The date of birth by ``_ssid``: the newest of SINF, else of SENR."""
    senr, sources = frames["SENR"], []
    if "SINF" in frames:
        sources.append(_newest_birth(frames["SINF"], "2.09", "2.04", "2.18"))
        senr = where(senr, ~among(senr["1.08"], sources[0]["_ssid"]))
    sources.append(_newest_birth(senr, "1.08", "1.22", "1.17"))
    births = pl.concat(sources) if len(sources) > 1 else sources[0]
    return births.with_columns(what.alias(name) for name, what in birthdays().items())


def _birth(subject: pl.DataFrame, births: pl.DataFrame, _setting: Setting) -> pl.DataFrame:
    """``birth.on``: the student's date of birth, the newest of SINF, else of SENR; empty where neither says.

    ``birth.months`` is the age in months on the day of the row; of a meeting no rule asks that. The others are named in
    :mod:`manzanita.domain.rules.ages`.
    """
    ssid = ssid_field(subject)
    day = next((day for record, day in DAY_OF_ROW.items() if SSID_FIELDS[record] == ssid), None)
    joined = told(subject, births, ssid, "_ssid", {BIRTH: "", **dict.fromkeys(birthdays())})
    if day is None:
        return joined
    parts = [number(day) // 10_000, number(day) // 100 % 100, number(day) % 100]
    # First, so that the day is taken apart once.
    joined = joined.with_columns(part.alias(f"_{place}") for place, part in enumerate(parts))
    return joined.with_columns(whole_months(*map(pl.col, (BIRTH_COUNT, "_0", "_1", "_2"))).alias(MONTHS))


def _newest_birth(frame: pl.DataFrame, ssid: str, start: str, birth: str) -> pl.DataFrame:
    known = where(frame, (frame[ssid] != "") & (frame[birth] != ""))
    newest = newest_rows(known, ssid, day_number(known[start]))
    return pl.DataFrame([newest[ssid].alias("_ssid"), newest[birth].alias(BIRTH)])


def _same_key(subject: pl.DataFrame, _frames: Frames, _setting: Setting) -> pl.DataFrame:
    """``same_key.text``, ``.count``, ``.first_line`` and ``.last_line`` of lines of one file with the same key.

    The text is null, and the count 1, on a line whose key no other has.
    """
    if "1.08" in subject.columns:
        student = pl.when(pl.col("1.08") != "").then(pl.col("1.08")).otherwise("local " + pl.col("1.09"))
        key = pl.concat_str("1.04", student, "1.22", separator="/")
        numbers: tuple[str, ...] = ("1.04", "1.08", "1.22")
    else:
        numbers = next(numbers for numbers in FILE_KEYS.values() if set(numbers) <= set(subject.columns))
        key = pl.concat_str(*numbers, separator="/")
    group = ("file", "same_key.text")
    # Hardly any line has a double, so that texts are made only of those that may have one.
    several = where(subject, has_double(subject, numbers))
    empty = {
        "same_key.text": None,
        "same_key.count": 1,
        "same_key.first_line": None,
        "same_key.last_line": None,
    }
    if not several.height:
        return none_told(subject, empty, {"same_key.text": pl.String()})
    places = several.with_columns(key.alias("same_key.text")).select(
        ROW,
        "same_key.text",
        pl.len().over(group).alias("same_key.count"),
        pl.col("line").min().over(group).alias("same_key.first_line"),
        pl.col("line").max().over(group).alias("same_key.last_line"),
    )
    return told(subject, places, ROW, ROW, empty)


CONTEXTS: Mapping[str, Context] = {
    context.name: context
    for context in (
        Context(
            name="enrollment",
            join=_enrollment,
            prepare=_spans,
            own={"SWDS": ("22.04", "22.06", "22.11")},
            reads={"SENR": ("1.04", "1.08", "1.22", "1.23", "1.25")},
        ),
        Context(
            name="previous_status",
            join=_previous_status,
            prepare=_by_day,
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
            prepare=_held,
            own={"MEET": ("24.06", "24.15")},
            reads={"MEET": ("24.06", "24.14", "24.15", "24.17")},
        ),
        Context(
            name="birth",
            join=_birth,
            prepare=_births,
            own={
                "MEET": ("24.06",),
                **{record: (SSID_FIELDS[record], day) for record, day in DAY_OF_ROW.items()},
            },
            reads={"SENR": ("1.08", "1.17", "1.22")},
            reads_if_known={"SINF": ("2.04", "2.09", "2.18")},
        ),
        Context(
            name="same_key",
            join=_same_key,
            own=FILE_KEYS,
            has_siblings=True,
        ),
    )
}
