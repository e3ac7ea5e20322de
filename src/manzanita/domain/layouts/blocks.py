"""A caret file read block by block, so that a file of any size needs the memory of a few thousand lines.

What is read does not depend on where a block ends: a line, a line end or a character is never divided. A block in which
every line is sound is parsed as it is; only the lines of the others are looked at one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import polars as pl

from manzanita.domain.findings import Finding, Severity
from manzanita.domain.layouts import Layout, damage, packaged_layout
from manzanita.domain.layouts.damage import DELIMITER, EXTRACT_SUFFIX, Damage
from manzanita.domain.layouts.recognizing import EXTRACT_COLUMNS, field_count, recognize
from manzanita.domain.layouts.whole_lines import BOM, WholeLines, decoded

LINE_CODE = "MZ-LINE"
BLOCK_BYTES = 16 << 20
# All but the tab. No text of a record has them, and a database refuses some.
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")

# The control characters of ASCII but tab and line end, and how the others stand in UTF-8.
_ASCII_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09, 0x0A})
_OTHER_CONTROL = re.compile(rb"\xc2[\x80-\x9f]")
# Closes each line before it is parsed. A control character stands nowhere else on a line that is parsed so.
_END = "\x1e"
_END_COLUMN = "_end"
# Enough to tell what sort of file it is.
_HEAD_BYTES = 1 << 16


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


@dataclass(frozen=True, slots=True)
class Block:
    """Some lines of a file: ``frame`` and ``set_aside`` as those of a ``RecordFile``."""

    frame: pl.DataFrame
    set_aside: list[Finding]


@dataclass(frozen=True, slots=True)
class RecordBlocks:
    """One caret file, recognized; :meth:`blocks` reads it. The layout is that of the year its first line names."""

    file: str
    record: str
    is_extract: bool
    layout: Layout
    _text: WholeLines

    def blocks(self, columns: Collection[str] | None = None) -> Iterator[Block]:
        """The lines in file order. Only what is said of an empty line may come a block later.

        ``columns`` are the fields to parse (``None``: all); the type of the record always is.
        """
        parsed = [
            name for place, name in enumerate(self._schema) if not place or columns is None or name in columns
        ]
        number = 1
        blank: list[tuple[int, str]] = []
        for raw in self._text.blocks():
            count = raw.count(b"\n") + (not raw.endswith(b"\n"))
            frame = self._of_sound_lines(raw, count, parsed)
            if frame is None:
                yield self._line_by_line(raw, number, blank, parsed)
            else:
                told = [self._said_of(*one) for one in blank]
                blank.clear()
                numbers = pl.int_range(number, number + count, dtype=pl.Int64, eager=True)
                yield Block(self._with_lines(frame, numbers), told)
            number += count

    @property
    def _record_type(self) -> str:
        return self.record + (EXTRACT_SUFFIX if self.is_extract else "")

    @property
    def _count(self) -> int:
        return field_count(self._record_type, self.layout)

    def _of_sound_lines(self, raw: bytes, count: int, columns: Sequence[str]) -> pl.DataFrame | None:
        """The frame of a block in which every line is sound; ``None`` for any other block."""
        if not raw.isascii():
            if raw.startswith(BOM) or _OTHER_CONTROL.search(raw):
                return None
            try:
                raw.decode()
            except UnicodeDecodeError:
                return None
        if len(raw.translate(None, _ASCII_CONTROLS)) != len(raw):
            return None
        # What closes a line stands in its own column only where the number of carets is right.
        closing = f"{DELIMITER}{_END}\n".encode()
        closed = raw.replace(b"\n", closing) if raw.endswith(b"\n") else (raw + b"\n").replace(b"\n", closing)
        try:
            frame = self._parsed(closed, columns, (_END_COLUMN,))
        except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):
            return None
        is_sound = (
            frame.height == count
            and (frame.to_series(0) == self._record_type).all()
            and (frame[_END_COLUMN] == _END).all()
        )
        return frame.drop(_END_COLUMN) if is_sound else None

    def _line_by_line(
        self, raw: bytes, start: int, blank: list[tuple[int, str]], columns: Sequence[str]
    ) -> Block:
        """A block with damage in it. ``blank``: empty lines so far, which are damage only where a line follows."""
        good: list[str] = []
        good_numbers: list[int] = []
        told: list[Finding] = []
        lines, undecodable = decoded(raw)
        for number, line in enumerate(lines, start=start):
            if (carets := undecodable.get(number - start)) is not None:
                told.append(self._finding(number, damage.undecodable_line(number, carets, self.layout)))
            elif damage.is_blank(line):
                blank.append((number, line))
            else:
                told += [self._said_of(*one) for one in blank]
                blank.clear()
                if self._is_good(line):
                    good.append(line)
                    good_numbers.append(number)
                else:
                    told.append(self._said_of(number, line))
        frame = self._parsed("\n".join(good).encode(), columns) if good else self._empty().select(columns)
        return Block(self._with_lines(frame, pl.Series(good_numbers, dtype=pl.Int64)), told)

    def _is_good(self, line: str) -> bool:
        is_record = line.count(DELIMITER) == self._count - 1 and line.startswith(
            self._record_type + DELIMITER
        )
        return is_record and not CONTROL.search(line)

    def _said_of(self, number: int, line: str) -> Finding:
        if control := CONTROL.search(line):
            return self._finding(number, damage.control_character(number, line, control.start(), self.layout))
        told = damage.broken_line(number, line, self._record_type, self.layout, self._count)
        return self._finding(number, told)

    def _finding(self, line: int, told: Damage) -> Finding:
        return _line_finding(self.file, line, self.record, told)

    @property
    def _schema(self) -> dict[str, pl.String]:
        columns = [*self.layout.numbers, *(EXTRACT_COLUMNS if self.is_extract else ())]
        return dict.fromkeys(columns, pl.String())

    def _parsed(self, raw: bytes, columns: Sequence[str], behind: Sequence[str] = ()) -> pl.DataFrame:
        """``columns`` of the lines, and those ``behind`` all columns of the file."""
        schema = {**self._schema, **dict.fromkeys(behind, pl.String())}
        places = {name: place for place, name in enumerate(schema)}
        return pl.read_csv(
            raw,
            has_header=False,
            separator=DELIMITER,
            quote_char=None,
            schema=schema,
            columns=[places[name] for name in (*columns, *behind)],
            empty_string_is_null=False,
        )

    def _empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self._schema)

    def _with_lines(self, frame: pl.DataFrame, numbers: pl.Series) -> pl.DataFrame:
        gone = [n for n in packaged_layout(self.record).numbers if n not in self.layout.by_number]
        added = [pl.lit("").alias(number) for number in gone]
        if self.is_extract:
            added.append(pl.lit(self.record).alias(self.layout.numbers[0]))
        return frame.insert_column(0, numbers.alias("line")).with_columns(added)


def open_record_file(path: Path, *, block_bytes: int = BLOCK_BYTES) -> RecordBlocks:
    """Recognize the caret file at ``path``. Raises :class:`UnreadableFile` when no record type can be read."""
    return open_records(lambda: path.open("rb"), path.name, block_bytes=block_bytes)


def open_records(
    opened: Callable[[], BinaryIO], file: str, *, block_bytes: int = BLOCK_BYTES
) -> RecordBlocks:
    """Recognize the caret file called ``file`` that ``opened`` opens, once for each time it is read."""
    with opened() as content:
        head = content.read(_HEAD_BYTES)
    if damage.is_marked_utf_16(head):
        raise _unreadable(file, None, damage.utf_16(file))
    if other := damage.other_sort(file, head):
        raise _unreadable(file, *other)
    text = WholeLines(opened, block_bytes)
    recognized = recognize(line for _, line in text.telling_lines({}))
    if recognized is None:
        undecodable: dict[int, int] = {}
        told = damage.file_without_records(file, head, text.telling_lines(undecodable), undecodable)
        raise _unreadable(file, *told)
    record_type, record_layout = recognized
    record = record_type.removesuffix(EXTRACT_SUFFIX)
    return RecordBlocks(file, record, record_type.endswith(EXTRACT_SUFFIX), record_layout, text)


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
