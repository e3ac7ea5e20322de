"""The gateway as files for hand upload: caret files of one record type each, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from manzanita.domain.layouts.recognizing import layout_of_line
from manzanita.domain.records import ORDER
from manzanita.exchange.gateway import Answers, WrittenFile

_DELETE = "D"


class FileGateway:
    """Files are numbered in the order of upload: deletes first, services before plans, then the rest.

    Lines of years in which the fields of a record stand in another order go into files of their own.
    """

    form = "files"

    def __init__(self, *, folder: Path, destination: str) -> None:
        self.destination = destination
        self._folder = folder

    def deliver(self, *, file_name: str, lines: Sequence[str]) -> str:
        self.write(file_name=file_name, lines=lines)
        return ""

    def write(self, *, file_name: str, lines: Sequence[str]) -> list[WrittenFile]:
        """Write the lines, each file in their order; the same call again writes the same bytes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        written = []
        # Sorting is stable, so that lines of one file stay in the order they came in.
        for number, ((is_change, _, record, _), group) in enumerate(
            groupby(sorted(filter(None, lines), key=_place), _place), 1
        ):
            of_file = list(group)
            kind = "" if is_change else "_delete"
            path = self._folder / f"{Path(file_name).stem}_{number}_{record}{kind}.txt"
            partial = path.with_suffix(".part")
            with partial.open("w", encoding="utf-8", newline="") as file:
                file.write("".join(f"{line}\r\n" for line in of_file))
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
            written.append(WrittenFile(path, record, len(of_file)))
        return written

    def files_of(self, file_name: str) -> list[Path]:
        """The files of one submission that are on disk, in the order of upload."""
        return sorted(self._folder.glob(f"{Path(file_name).stem}_*.txt"))

    def find_delivery(self, *, file_name: str) -> str | None:
        return None

    def answers(self, *, remote_job: str, after: int) -> Answers | None:
        return None

    def extract(self, *, record: str, lea_code: str | None, ssids: Sequence[str] | None) -> str | None:
        return None


def _place(line: str) -> tuple[bool, int, str, tuple[str, ...]]:
    """Where a line belongs: whether it adds or replaces, the place of its record type, the type, its fields' order."""
    columns = line.split("^")
    record, transaction = columns[:2]
    order = ORDER.index(record)
    is_change = transaction != _DELETE
    return is_change, order if is_change else -order, record, layout_of_line(columns).numbers
