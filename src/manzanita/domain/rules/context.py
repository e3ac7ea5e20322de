"""What a context is: columns from other records that rules may read, joined once for all rules that name them.

Each context says which fields it reads, and is given no others; where a record type that it reads is not known, the
rules that name the context are *not evaluated*. Joining keeps every subject row exactly once; row order does not
matter. Columns that are named with an underscore first are left behind.

The record in effect on a day is the newest that starts on or before it, whichever LEA reported it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from polars._typing import PolarsDataType

from manzanita.domain import records
from manzanita.domain.layouts import RECORDS, layout
from manzanita.domain.rules.ages import number
from manzanita.domain.rules.declaration import Setting

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

SIS_KEYS: Mapping[str, tuple[str, ...]] = {"SENR": ("1.04", "1.08", "1.22"), "SINF": ("2.09", "2.04")}
SSID_FIELDS: Mapping[str, str] = {**records.SSID_FIELD, "PSTS": "17.08", "SENR": "1.08", "SINF": "2.09"}
FILE_KEYS: Mapping[str, tuple[str, ...]] = {
    **{record: layout(record).key for record in RECORDS},
    # A student without an SSID is known by the local number.
    "SENR": ("1.04", "1.08", "1.09", "1.22"),
    "SINF": SIS_KEYS["SINF"],
}


_NO_TYPES: Mapping[str, PolarsDataType] = {}
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
        return joined[:, [name for name in joined.columns if name not in thin.columns and name[0] != "_"]]


def newest(frame: pl.DataFrame, ssid: str, start: str, day: str) -> pl.DataFrame:
    """Records in effect on ``day``; several rows of one student only where they start on the same day."""
    started = frame.filter(pl.col(start) != "", pl.col(start) <= day, pl.col(ssid) != "")
    if started.height < 2:
        return started
    return started.filter(number(start) == number(start).max().over(ssid))


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
    subject: pl.DataFrame, empty: Mapping[str, Any], types: Mapping[str, PolarsDataType] = _NO_TYPES
) -> pl.DataFrame:
    """``subject`` with ``empty`` on each row. Of one student's records often nothing is found, and to look further
    would take as long as with something."""
    return subject.with_columns(pl.lit(value, types.get(name)).alias(name) for name, value in empty.items())


def newest_rows(frame: pl.DataFrame, key: str, *order: str | pl.Expr) -> pl.DataFrame:
    """The last row of each ``key`` by ``order``."""
    if frame.height < 2:
        return frame
    return frame.sort(*order, maintain_order=True).unique(key, keep="last")


def has_record(
    subject: pl.DataFrame, own: Sequence[str], others: pl.DataFrame, theirs: Sequence[str]
) -> pl.Expr:
    """True on the rows of ``subject`` whose fields ``own`` are the fields ``theirs`` of one of ``others``."""
    found = subject[:, [ROW, *own]].join(others[:, list(theirs)], left_on=own, right_on=theirs, how="semi")
    return among(ROW, found[ROW])


def enrolled_on(day: str) -> pl.Expr:
    """True where the enrollment holds on ``day`` (CCYYMMDD) and is not a no-show; the exit day counts."""
    return (
        (pl.col("1.22") != "")
        & (pl.col("1.22") <= day)
        & ((pl.col("1.25") == "") | (pl.col("1.25") >= day))
        & (pl.col("1.26") != NO_SHOW)
    )


def participating(frames: Frames, day: str) -> pl.Series:
    """SSIDs of those whose status in effect on ``day`` is 1, whichever LEA reported it."""
    statuses = newest(frames["SWDS"], "22.06", "22.11", day)
    return statuses.filter(pl.col("22.12") == PARTICIPATING)["22.06"]


def ssid_field(frame: pl.DataFrame) -> str:
    """The column of ``frame`` that holds the SSID."""
    return next(number for number in SSID_FIELDS.values() if number in frame.columns)
