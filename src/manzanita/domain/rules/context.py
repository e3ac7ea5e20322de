"""What a context is: columns from other records that rules may read, joined once for all rules that name them.

Each context says which fields it reads, and is given no others; where a record type that it reads is not known, the
rules that name the context are *not evaluated*. Joining keeps every subject row exactly once; row order does not
matter. Columns that are named with an underscore first are left behind.

The record in effect on a day is the newest that starts on or before it, whichever LEA reported it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import polars as pl

from manzanita.domain import records
from manzanita.domain.layouts import RECORDS, layout
from manzanita.domain.rules.declaration import Setting
from manzanita.domain.rules.joining import ROW, day_number, is_newest, where

Frames = Mapping[str, pl.DataFrame]

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


Column = TypeVar("Column", pl.Expr, pl.Series)
# Record type -> numbers of fields.
Reads = Mapping[str, Sequence[str]]


def _as_they_are(frames: Frames, _setting: Setting) -> Frames:
    return frames


@dataclass(frozen=True, kw_only=True, eq=False)
class Context:
    """Columns beside the rows of a subject, and what they are made of.

    ``own`` are the fields that ``join`` reads of the row itself, for each type of subject; ``has_siblings``: it reads
    them of all rows of that type. ``reads`` are the fields of other records; ``reads_if_known`` those of record types
    that it can do without. ``prepare`` makes of frames with these columns, and no others, what ``join`` gets: once for
    all types of subject, and while somebody types once for as long as those records stay as they are. ``join`` gets the
    subject with its own columns, ``file``, ``line`` and the row number.

    A context that looks across students has ``narrow``: the rows of each record type that it needs of some students'
    records. Joined to those of all students it says the same as beside all records; a rule that names it names no
    other context.
    """

    name: str
    own: Reads
    join: Callable[[pl.DataFrame, Any, Setting], pl.DataFrame]
    prepare: Callable[[Frames, Setting], Any] = _as_they_are
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

    def columns(
        self,
        record: str,
        subject: pl.DataFrame,
        frames: Frames,
        setting: Setting,
        prepared: MutableMapping[str, Any] | None = None,
    ) -> pl.DataFrame:
        """The columns of the context, in the order of the rows of ``subject``, which are records of type ``record``.

        ``prepared`` keeps what contexts have made of ``frames``, by name.
        """
        # Brackets pick columns without a query, which would cost more than most joins of one student's records.
        thin = subject[:, [ROW, "file", "line", *self.own[record]]]
        kept = {} if prepared is None else prepared
        if self.name not in kept:
            kept[self.name] = self.prepare(self._others(frames), setting)
        joined = self.join(thin, kept[self.name], setting)
        if not joined[ROW].is_sorted():
            joined = joined.sort(ROW)
        return joined[:, [name for name in joined.columns if name not in thin.columns and name[0] != "_"]]

    def _others(self, frames: Frames) -> Frames:
        return {
            name: frames[name][:, list(numbers)]
            for name, numbers in {**self.reads, **self.reads_if_known}.items()
            # No such records are as good as unknown ones to a context that can do without.
            if name in self.reads or (name in frames and frames[name].height)
        }


def newest(frame: pl.DataFrame, ssid: str, start: str, day: str) -> pl.DataFrame:
    """Records in effect on ``day``; several rows of one student only where they start on the same day."""
    starts = frame[start]
    started = where(frame, (starts != "") & (starts <= day) & (frame[ssid] != ""))
    if started.height < 2:
        return started
    return where(started, is_newest(started[ssid], day_number(started[start])))


def enrolled_on(day: str, column: Callable[[str], Column]) -> Column:
    """True where the enrollment holds on ``day`` (CCYYMMDD) and is not a no-show; the exit day counts.

    An expression of ``pl.col``, or a series of the columns of a frame.
    """
    return (
        (column("1.22") != "")
        & (column("1.22") <= day)
        & ((column("1.25") == "") | (column("1.25") >= day))
        & (column("1.26") != NO_SHOW)
    )


def participating(frames: Frames, day: str) -> pl.Series:
    """SSIDs of those whose status in effect on ``day`` is 1, whichever LEA reported it."""
    statuses = newest(frames["SWDS"], "22.06", "22.11", day)
    return statuses["22.06"].filter(statuses["22.12"] == PARTICIPATING)


def ssid_field(frame: pl.DataFrame) -> str:
    """The column of ``frame`` that holds the SSID."""
    return next(number for number in SSID_FIELDS.values() if number in frame.columns)
