"""The rows of a body of records, kept by student: all records of one student lie in the same partition.

They are kept in memory as far as they may, the rest in Arrow files. The files hold student data: only the user of the
process may read them, and whoever makes the folder removes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from manzanita.domain.rules.context import SSID_FIELDS
from manzanita.domain.rules.joining import ROW

# So many rows of a record type are spread at once: few small files, and little memory.
_SPREAD_AT = 250_000
# What Polars takes for a text; in a text of more than twelve bytes some more.
_VALUE_BYTES = 20


class Partitions:
    """Rows by partition and record type. Records without an SSID cannot be told apart and stay together."""

    def __init__(self, count: int, folder: Path | None = None, memory_bytes: int = 0) -> None:
        """``memory_bytes`` is how much several partitions may take in memory; one is never written."""
        if count > 1 and folder is None:
            raise ValueError("several partitions need a folder")
        self.count = count
        self._folder = folder
        self._memory_left = memory_bytes
        self._waiting: dict[str, list[pl.DataFrame]] = defaultdict(list)
        self._parts: dict[tuple[int, str], list[pl.DataFrame | Path]] = defaultdict(list)
        self._empty: dict[str, pl.DataFrame] = {}

    def add(self, record: str, frame: pl.DataFrame) -> None:
        """Rows in file order; later ones stand behind earlier ones of their partition."""
        self._empty.setdefault(record, frame.clear())
        waiting = self._waiting[record]
        waiting.append(frame)
        if self.count > 1 and sum(one.height for one in waiting) >= _SPREAD_AT:
            self._spread(record)

    def finish(self) -> None:
        """All rows are there."""
        if self.count > 1:
            for record in list(self._waiting):
                self._spread(record)

    def frames(self, partition: int) -> Mapping[str, pl.DataFrame]:
        """The rows of one partition by record type, each with its number; every type is there. Asked for once."""
        return {record: self._frame(partition, record).with_row_index(ROW) for record in self._empty}

    def _frame(self, partition: int, record: str) -> pl.DataFrame:
        if self.count == 1:
            return pl.concat(self._waiting[record], rechunk=True)
        kept = self._parts.pop((partition, record), [])
        parts = [pl.read_ipc(part) if isinstance(part, Path) else part for part in kept]
        return pl.concat(parts, rechunk=True) if parts else self._empty[record]

    def _spread(self, record: str) -> None:
        rows = pl.concat(self._waiting.pop(record), rechunk=True)
        partition = (pl.col(SSID_FIELDS[record]).hash(seed=0) % self.count).alias("number")
        # Places first: quicker than a division of the rows with all their columns.
        parts = rows.select(partition).with_row_index("places").group_by("number").agg("places")
        for number, places in zip(parts["number"], parts["places"], strict=True):
            self._keep(number, record, rows[places])

    def _keep(self, number: int, record: str, part: pl.DataFrame) -> None:
        kept = self._parts[number, record]
        self._memory_left -= part.height * part.width * _VALUE_BYTES
        if self._memory_left >= 0:
            kept.append(part)
            return
        assert self._folder is not None
        path = self._folder / f"{record}-{number}-{len(kept)}.arrow"
        part.write_ipc(path)
        kept.append(path)
