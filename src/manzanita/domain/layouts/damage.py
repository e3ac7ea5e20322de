"""What is said of a file or a line that cannot be read as records: what is wrong, where, and how it is mended.

Nothing here decides what is read; see :mod:`manzanita.domain.layouts.files`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from manzanita.domain.layouts import RECORDS, Layout

DELIMITER = "^"
EXTRACT_SUFFIX = "-R"
SAVE_AS_UTF_8 = "save the export as UTF-8 and load it again."

# A text with fewer of them in a line is some other file, not a damaged record file.
_FEWEST_DELIMITERS = 5
_UTF_16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_LOOKED_AT = 2000
_SHOWN = 20
_CONTROL_NAMES = {"\0": "a NUL character", "\r": "a carriage return", "\t": "a tab"}
_DELIMITER_NAMES = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}
_OTHER_DELIMITER = re.compile(rf"""\s*["']?(?:{"|".join(RECORDS)})(?:-R)?["']?([,;|\t])""")
_SORTS = (
    (
        b"PK\x03\x04",
        "an Excel workbook or a zip archive. Unpack it, or save the export as text with carets (^)",
    ),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook. Save the export as text with carets (^)"),
    (b"\x1f\x8b", "compressed (gzip). Unpack it and load the file inside"),
    (b"%PDF", "a PDF document. Save the export as text with carets (^)"),
)
_WEB_PAGE = re.compile(rb"\s*(?:<!doctype html|<html|<\?xml[^>]*>\s*<!doctype html)", re.IGNORECASE)


class Damage(NamedTuple):
    """One sentence or two for a person; the fields it points at; what stands in them."""

    text: str
    fields: tuple[str, ...] = ()
    values: Mapping[str, str] = {}


def is_blank(line: str) -> bool:
    """Whether nothing stands in a line; other signs without ink count as something, though Python strips them."""
    return not line.strip(" \t\r")


def is_marked_utf_16(data: bytes) -> bool:
    return data.startswith(_UTF_16_BOMS)


def _is_unmarked_utf_16(data: bytes) -> bool:
    """Whether there are so many zeros at the start, all at odd or all at even places."""
    halves = [data[:_LOOKED_AT][place::2] for place in (0, 1)]
    zeros = [half.count(0) for half in halves]
    return 0 in zeros and max(zeros) * 3 > 2 * len(halves[1]) > 0


def utf_16(file: str) -> Damage:
    return Damage(
        f"The file {file} is UTF-16, and record files are UTF-8. The whole file is set aside; {SAVE_AS_UTF_8}"
    )


def empty_file(file: str) -> Damage:
    return Damage(f"The file {file} is empty. Export it again, and check that the export finished.")


def other_sort(file: str, data: bytes) -> tuple[None, Damage, bool] | None:
    """As :func:`file_without_records`, for content that its first bytes give away; ``None`` for any other."""
    sort = _sort_of(data)
    if not sort:
        return None
    # Beside record files somebody may keep anything, but not under the name of one.
    return None, Damage(f"{file} is {sort}. Nothing of it is read."), file.lower().endswith(".txt")


def file_without_records(
    file: str, head: bytes, lines: Iterable[tuple[int, str]], carets_of_undecodable: Mapping[int, int]
) -> tuple[int | None, Damage, bool]:
    """Line, words, and whether it is a damaged record file rather than a file of another sort.

    ``lines``, with their numbers, need not be all: the first that holds anything, and those that name a record type.
    ``carets_of_undecodable`` is looked at when they are at their end.
    """
    if _is_unmarked_utf_16(head):
        return None, utf_16(file), True
    first: tuple[int, str] | None = None
    for number, line in lines:
        if name := _other_delimiter(line):
            text = (
                f"The fields of {file} are divided by {name}, and those of a record file by carets (^): line {number}. "
                "The whole file is set aside; choose the caret as the delimiter of the export."
            )
            return number, Damage(text), True
        if first is None and not is_blank(line):
            first = number, line
    if not first and not carets_of_undecodable:
        return None, empty_file(file), True
    carets = first[1].count(DELIMITER) if first else max(carets_of_undecodable.values(), default=0)
    if carets < _FEWEST_DELIMITERS:
        text = (
            f"{file} is not a record file: no line of it is divided by carets (^) and begins with a record type. "
            "Nothing of it is read."
        )
        return None, Damage(text), False
    number, line = first or (min(carets_of_undecodable), "unreadable characters")
    start = line.partition(DELIMITER)[0]
    text = (
        f"No line of {file} starts with a record type we know ({', '.join(RECORDS)}): line {number} starts with "
        f'"{start[:_SHOWN]}". The whole file is set aside. {_type_hint(start) or "Check column 1 of the export."}'
    )
    return number, Damage(text), True


def _other_delimiter(line: str) -> str:
    """What divides a line that begins with a record type, in words, where it is no caret; else empty text."""
    other = _OTHER_DELIMITER.match(line)
    return _DELIMITER_NAMES[other[1]] if other and line.count(other[1]) >= _FEWEST_DELIMITERS else ""


def _sort_of(data: bytes) -> str:
    if _WEB_PAGE.match(data[:_LOOKED_AT]):
        return "a web page: perhaps the answer of a system that was down, or that asked for a sign-in. Export it again"
    return next((sort for start, sort in _SORTS if data.startswith(start)), "")


def undecodable_line(number: int, carets: int, layout: Layout) -> Damage:
    """A line that is not UTF-8; ``carets`` are those before its first bad byte."""
    return _bad_character(number, "a character that is not UTF-8", SAVE_AS_UTF_8, carets, layout)


def control_character(number: int, line: str, position: int, layout: Layout) -> Damage:
    what = control_name(line[position])
    carets = line.count(DELIMITER, 0, position)
    return _bad_character(number, what, "take it out where it was entered.", carets, layout)


def control_name(character: str) -> str:
    """``a NUL character (U+0000)``."""
    return f"{_CONTROL_NAMES.get(character, 'a control character')} (U+{ord(character):04X})"


def _bad_character(number: int, what: str, fix: str, carets: int, layout: Layout) -> Damage:
    field = layout.fields[carets] if carets < len(layout.fields) else None
    where = f" in field {field.number} {field.name}" if field else ""
    text = f"Line {number} has {what}{where}. The whole line is set aside; {fix}"
    return Damage(text, (field.number,) if field else ())


def broken_line(number: int, line: str, record_type: str, layout: Layout, expected: int) -> Damage:
    """A line without a record, of another record type, or with another number of fields than ``expected``."""
    first = layout.fields[0].number
    if is_blank(line):
        return Damage(f"Line {number} is empty. Remove it, or look for the record that is missing here.")
    start, has_caret, _ = line.partition(DELIMITER)
    other = "" if has_caret else _other_delimiter(line)
    if other:
        return Damage(
            f"Line {number} is divided by {other}, and the fields of a record by carets (^). The "
            "whole line is set aside; choose the caret as the delimiter of the export."
        )
    if start != record_type and (has_caret or len(line) <= len(record_type)):
        hint = _type_hint(start) or "One file holds one record type: split the export."
        text = (
            f'Line {number} has the record type "{start[:_SHOWN]}" in field {first}, and this file is '
            f"{record_type}. The whole line is set aside. {hint}"
        )
        return Damage(text, (first,), {first: start[:_SHOWN]})
    count = line.count(DELIMITER) + 1
    hint = _too_few(count, layout) if count < expected else _too_many(line, record_type, count, expected)
    return Damage(
        f"Line {number} has {count} fields, and a {record_type} line has {expected}. {hint} The whole line is set "
        "aside."
    )


def _type_hint(start: str) -> str:
    """How to mend column 1, where that can be told from what stands in it."""
    bare = start.strip().strip("\"'").strip()
    if bare.upper().removesuffix(EXTRACT_SUFFIX) not in RECORDS:
        is_heading = bare.lower().startswith("record type")
        return "That is a heading, and record files have none: remove the line." if is_heading else ""
    if '"' in start or "'" in start:
        return "Export without quote marks."
    if bare != bare.upper():
        return f"Write it in capitals: {bare.upper()}."
    return "Take out the blanks around it." if bare != start else ""


def _too_few(count: int, layout: Layout) -> str:
    last = layout.fields[min(count, len(layout.fields)) - 1]
    return (
        f"It ends in the place of field {last.number} {last.name}: the line is cut off, a line break stands inside a "
        "value, or a caret (^) is missing. Export it again."
    )


def _too_many(line: str, record_type: str, count: int, expected: int) -> str:
    if count == expected + 1 and line.endswith(DELIMITER):
        return (
            "A value probably holds a caret (^), which divides fields, or the export writes one too many at the end of "
            "the line."
        )
    if all(len(carets) % 2 == 0 for carets in re.findall(r"\^+", line)):
        return "Every caret (^) is doubled: choose a single caret as the delimiter of the export."
    if count > expected + 1 and line.find(f"{record_type}{DELIMITER}", 1) > 0:
        return "Several records stand on one line: the export has to end each with a line end."
    return "A value probably holds a caret (^), which divides fields. Take it out where it was entered."
