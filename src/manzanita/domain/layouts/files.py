"""Reader and writer of caret files.

A caret file has one record a line, fields divided by ``^``, no header and no quoting: a quote mark is a
character like any other. Column 1 names the record type; an extract from the state's operational data store
has ``-R`` appended to it and two more columns at the end.

The reader never loses a good line to a bad one: a line whose encoding, field count or record type is wrong, or
that holds a control character, is set aside whole, as a finding, and the rest is there; what would be set aside is
not written either. In the frame an empty field is the empty text, never null, so that a rule cannot pass by a null
comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import repeat
from operator import le
from pathlib import Path

import polars as pl

from manzanita.domain.findings import Finding
from manzanita.domain.layouts import UNKNOWN_LENGTH_LIMIT, Field, Layout, damage
from manzanita.domain.layouts.blocks import (
    CONTROL,
    LINE_CODE,
    RecordBlocks,
    UnreadableFile,
    open_record_file,
    open_records,
)
from manzanita.domain.layouts.damage import DELIMITER, EXTRACT_SUFFIX
from manzanita.domain.layouts.recognizing import EXTRACT_COLUMNS

__all__ = [
    "LINE_CODE",
    "FieldRefused",
    "RecordFile",
    "UnreadableFile",
    "length_limit",
    "parse_record_file",
    "read_record_file",
    "rows_of",
    "write_lines",
]


@dataclass(frozen=True, slots=True)
class RecordFile:
    """One caret file, read.

    ``frame`` has ``line`` (one-based physical line) and one text column for each state number of the layout,
    ``""`` for an empty field; the record type stands there without ``-R``, which ``is_extract`` says. Extracts also
    have ``upload_date`` and ``last_updated``. Fields that only the packaged layout has stand at the end, all empty.
    ``set_aside`` holds one finding for each line not in the frame.
    """

    file: str
    record: str
    is_extract: bool
    layout: Layout
    frame: pl.DataFrame
    set_aside: list[Finding]


class FieldRefused(ValueError):
    """The writer does not write a value. ``number`` is the state's number of the field."""

    def __init__(self, number: str, text: str) -> None:
        super().__init__(text)
        self.number = number


def read_record_file(path: Path) -> RecordFile:
    """Read the caret file at ``path``. Raises :class:`UnreadableFile` when no record type can be read."""
    return _whole(open_record_file(path))


def parse_record_file(data: bytes, file: str) -> RecordFile:
    """Read the content of a caret file called ``file``; see :func:`read_record_file`.

    Where the layouts of several years are in use, the file has that of the year its first line names.
    """
    return _whole(open_records(lambda: BytesIO(data), file))


def _whole(records: RecordBlocks) -> RecordFile:
    blocks = list(records.blocks())
    frame = pl.concat([block.frame for block in blocks])
    set_aside = sorted((one for block in blocks for one in block.set_aside), key=lambda one: one.line or 0)
    return RecordFile(records.file, records.record, records.is_extract, records.layout, frame, set_aside)


def rows_of(record_file: RecordFile) -> list[dict[str, str]]:
    """The good lines as mappings number -> text, in file order, without the line numbers."""
    return record_file.frame.sort("line").drop("line").to_dicts()


def write_lines(
    record_layout: Layout, rows: Iterable[Mapping[str, str]], *, is_extract: bool = False
) -> list[str]:
    """Caret lines of ``rows`` (number -> text; a missing number is an empty field), without line ends.

    The record type is filled in. Raises :class:`FieldRefused` for a caret, a line break or another control
    character, a value longer than its field, a number that the layout does not have, or another record type.
    """
    record_type = record_layout.record + (EXTRACT_SUFFIX if is_extract else "")
    limits = _limits(record_layout, is_extract)
    type_number, *others = limits
    lines = []
    for row in rows:
        line = DELIMITER.join([record_type, *map(row.get, others, repeat(""))])
        # A state's files have millions of values: they are looked at one by one only where the line is wrong.
        is_sound = (
            line.count(DELIMITER) == len(others)
            and not CONTROL.search(line)
            and row.get(type_number, "") in ("", record_layout.record)
            and all(map(le, map(len, row.values()), map(limits.get, row, repeat(-1))))
        )
        if not is_sound:
            _refuse_unwritable(record_layout, limits, row)
        lines.append(line)
    return lines


def length_limit(field: Field) -> int:
    """Most characters a field takes; fields whose length no source prints end at 255."""
    return field.max_length if field.max_length is not None else UNKNOWN_LENGTH_LIMIT


def _limits(record_layout: Layout, is_extract: bool) -> Mapping[str, int]:
    """Most characters of each column, in the order of a line."""
    limits = {field.number: length_limit(field) for field in record_layout.fields}
    return {**limits, **(dict.fromkeys(EXTRACT_COLUMNS, UNKNOWN_LENGTH_LIMIT) if is_extract else {})}


def _refuse_unwritable(record_layout: Layout, limits: Mapping[str, int], row: Mapping[str, str]) -> None:
    for number, value in row.items():
        if number not in limits:
            raise FieldRefused(number, f"{record_layout.record} has no field {number}")
        field = record_layout.by_number.get(number)
        label = f"{number} {field.name}" if field else number
        if DELIMITER in value:
            raise FieldRefused(number, f"{label}: a caret (^) divides fields and cannot stand inside one")
        if "\n" in value or "\r" in value:
            raise FieldRefused(
                number, f"{label}: a line break ends the record and cannot stand inside a field"
            )
        control = CONTROL.search(value)
        if control:
            raise FieldRefused(number, f"{label}: {damage.control_name(control[0])} cannot stand in a field")
        if len(value) > limits[number]:
            raise FieldRefused(
                number, f"{label}: {len(value)} characters, and the field takes {limits[number]}"
            )
    type_number = record_layout.fields[0].number
    raise FieldRefused(type_number, f"{row[type_number]!r} is not the record type {record_layout.record}")
