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

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import le
from pathlib import Path

import polars as pl

from manzanita.domain.findings import Finding, Severity
from manzanita.domain.layouts import (
    UNKNOWN_LENGTH_LIMIT,
    Field,
    Layout,
    damage,
    packaged_layout,
)
from manzanita.domain.layouts.damage import DELIMITER, EXTRACT_SUFFIX, Damage
from manzanita.domain.layouts.recognizing import EXTRACT_COLUMNS, field_count, recognize

LINE_CODE = "MZ-LINE"

_BOM = b"\xef\xbb\xbf"
# All but the tab. No text of a record has them, and a database refuses some.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


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


class UnreadableFile(ValueError):
    """No line of the file could be read as a record.

    ``findings`` names the damage; it is empty where the file is simply something else (a CSV, a note).
    """

    def __init__(self, file: str, text: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(text)
        self.file = file
        self.findings = list(findings)

    @property
    def is_damaged(self) -> bool:
        """True for an empty or damaged record file, False for a file of another sort."""
        return bool(self.findings)


class FieldRefused(ValueError):
    """The writer does not write a value. ``number`` is the state's number of the field."""

    def __init__(self, number: str, text: str) -> None:
        super().__init__(text)
        self.number = number


def read_record_file(path: Path) -> RecordFile:
    """Read the caret file at ``path``. Raises :class:`UnreadableFile` when no record type can be read."""
    return parse_record_file(path.read_bytes(), path.name)


def parse_record_file(data: bytes, file: str) -> RecordFile:
    """Read the content of a caret file called ``file``; see :func:`read_record_file`.

    Where the layouts of several years are in use, the file has that of the year its first line names.
    """
    if damage.is_marked_utf_16(data):
        raise _unreadable(file, None, damage.utf_16(file))
    if other := damage.other_sort(file, data):
        raise _unreadable(file, *other)
    lines, undecodable = _decoded_lines(data)
    while lines and damage.is_blank(lines[-1]):
        lines.pop()
    if not lines and not undecodable:
        raise _unreadable(file, None, damage.empty_file(file))

    recognized = recognize(lines)
    if recognized is None:
        raise _unreadable(file, *damage.file_without_records(file, data, lines, undecodable))
    record_type, record_layout = recognized
    is_extract = record_type.endswith(EXTRACT_SUFFIX)
    record = record_type.removesuffix(EXTRACT_SUFFIX)
    expected = field_count(record_type, record_layout)

    damaged = {
        number: damage.undecodable_line(number, carets, record_layout)
        for number, carets in undecodable.items()
    }
    good: list[str] = []
    good_numbers: list[int] = []
    prefix = record_type + DELIMITER
    for number, line in enumerate(lines, start=1):
        if number in damaged:
            continue
        control = _CONTROL.search(line)
        if control:
            damaged[number] = damage.control_character(number, line, control.start(), record_layout)
        elif line.count(DELIMITER) == expected - 1 and line.startswith(prefix):
            good.append(line)
            good_numbers.append(number)
        else:
            damaged[number] = damage.broken_line(number, line, record_type, record_layout, expected)
    set_aside = [_line_finding(file, number, record, told) for number, told in sorted(damaged.items())]

    frame = _frame(good, good_numbers, record_layout, is_extract)
    if is_extract:
        frame = frame.with_columns(pl.lit(record).alias(record_layout.numbers[0]))
    return RecordFile(file, record, is_extract, record_layout, frame, set_aside)


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
            and not _CONTROL.search(line)
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
        control = _CONTROL.search(value)
        if control:
            raise FieldRefused(number, f"{label}: {damage.control_name(control[0])} cannot stand in a field")
        if len(value) > limits[number]:
            raise FieldRefused(
                number, f"{label}: {len(value)} characters, and the field takes {limits[number]}"
            )
    type_number = record_layout.fields[0].number
    raise FieldRefused(type_number, f"{row[type_number]!r} is not the record type {record_layout.record}")


def _decoded_lines(data: bytes) -> tuple[list[str], dict[int, int]]:
    """Lines of ``data``, and for each line that is not UTF-8 the carets before its first bad byte.

    An undecodable line stands as empty text so that line numbers hold.
    """
    if _BOM in data:
        # One more for each file that was appended.
        data = data.removeprefix(_BOM).replace(b"\n" + _BOM, b"\n")
    if b"\r" in data:
        # Line ends of Windows, of a transfer that doubled them, and of old Macintoshes.
        data = re.sub(rb"\r+\n", b"\n", data)
        is_macintosh = data.count(b"\r") > data.count(b"\n")
        data = data.replace(b"\r", b"\n") if is_macintosh else data.rstrip(b"\r")
    try:
        return data.decode("utf-8").split("\n"), {}
    except UnicodeDecodeError:
        pass
    lines: list[str] = []
    undecodable: dict[int, int] = {}
    for number, raw in enumerate(data.split(b"\n"), start=1):
        try:
            lines.append(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            lines.append("")
            undecodable[number] = raw[: error.start].count(b"^")
    return lines, undecodable


def _unreadable(file: str, line: int | None, told: Damage, is_damaged: bool = True) -> UnreadableFile:
    return UnreadableFile(file, told.text, [_line_finding(file, line, None, told)] if is_damaged else ())


def _line_finding(file: str, line: int | None, record: str | None, told: Damage) -> Finding:
    return Finding(
        code=LINE_CODE,
        severity=Severity.FATAL,
        kind="format",
        phase="input",
        record=record,
        file=file,
        line=line,
        ssid=None,
        fields=told.fields,
        values=told.values,
        message=told.text,
        record_key=f"{file}:{line or ''}",
    )


def _frame(
    lines: Sequence[str], line_numbers: Sequence[int], record_layout: Layout, is_extract: bool
) -> pl.DataFrame:
    columns = [*record_layout.numbers, *(EXTRACT_COLUMNS if is_extract else ())]
    numbers = pl.Series("line", line_numbers, dtype=pl.Int64)
    schema = dict.fromkeys(columns, pl.String())
    gone = [n for n in packaged_layout(record_layout.record).numbers if n not in record_layout.by_number]
    empty = [pl.lit("").alias(number) for number in gone]
    if not lines:
        return pl.DataFrame(schema=schema).insert_column(0, numbers).with_columns(empty)
    # Every line has exactly the right number of fields here: the CSV reader can neither pad nor cut.
    frame = pl.read_csv(
        "\n".join(lines).encode(),
        has_header=False,
        separator=DELIMITER,
        quote_char=None,
        schema=schema,
        empty_string_is_null=False,
    )
    return frame.insert_column(0, numbers).with_columns(empty)
