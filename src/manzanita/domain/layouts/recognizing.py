"""Which record type and which year's layout a file has, by what stands on its lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from manzanita.domain.layouts import RECORDS, YEAR_FIELD, Layout, layout, layouts_in_use
from manzanita.domain.layouts.damage import DELIMITER, EXTRACT_SUFFIX

# The two columns an extract has beyond its layout: Upload Date and Last Date Updated.
EXTRACT_COLUMNS = ("upload_date", "last_updated")

_ACADEMIC_YEAR = re.compile(r"[0-9]{4}-[0-9]{4}")


def recognize(lines: Iterable[str]) -> tuple[str, Layout] | None:
    """Column 1 and the layout of the first line that has the right field count and is of the layout's own year.

    Where no line is, in this order: the layout of the year that a line of another count names, so that each such line
    is told; any line of a right count; the first known type in column 1: the file is a damaged one of that type.
    """
    of_year: tuple[str, Layout] | None = None
    of_count: tuple[str, Layout] | None = None
    named: tuple[str, Layout] | None = None
    candidates: dict[str, list[Layout]] = {}
    for line in lines:
        record_type = line.partition(DELIMITER)[0]
        record = record_type.removesuffix(EXTRACT_SUFFIX)
        if record not in RECORDS:
            continue
        if record not in candidates:
            candidates[record] = layouts_in_use(record)
        count = line.count(DELIMITER) + 1
        for candidate in candidates[record]:
            if count != field_count(record_type, candidate):
                continue
            if len(candidates[record]) == 1:
                return record_type, candidate
            year = _year_in(line.split(DELIMITER), candidate)
            if year and layout(record, year) is candidate:
                return record_type, candidate
            of_year = of_year or ((record_type, layout(record, year)) if year else None)
            of_count = of_count or (record_type, candidate)
        named = named or (record_type, candidates[record][0])
    return of_year or of_count or named


def layout_of_line(columns: Sequence[str]) -> Layout:
    """The layout of the year that the columns of one line name, whatever stands behind them.

    Raises ``KeyError`` where the first is no record type.
    """
    record = columns[0].removesuffix(EXTRACT_SUFFIX)
    candidates = layouts_in_use(record)
    for candidate in candidates:
        year = _year_in(columns, candidate)
        if year and layout(record, year) is candidate:
            return candidate
    return candidates[0]


def field_count(record_type: str, record_layout: Layout) -> int:
    """How many columns a line of this type (``"MEET-R"`` for an extract) has in this layout."""
    extra = len(EXTRACT_COLUMNS) if record_type.endswith(EXTRACT_SUFFIX) else 0
    return len(record_layout.fields) + extra


def _year_in(columns: Sequence[str], record_layout: Layout) -> str:
    """The academic year on a line, where it stands as the layout says; else empty text."""
    number = YEAR_FIELD[record_layout.record]
    place = record_layout.numbers.index(number)
    text = columns[place] if place < len(columns) else ""
    return text if _ACADEMIC_YEAR.fullmatch(text) else ""
