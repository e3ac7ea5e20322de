"""An uploaded workbook of students as the text that ``domain.pasting`` reads: the table in it, a line for each row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import date, timedelta

from manzanita.domain.pasting import LONGEST_LINE, MOST_LINES, is_head, says_birth
from manzanita.domain.workbook import WorkbookRefused
from manzanita.domain.workbook.xlsx import xlsx_sheets

# A list of ours has two sheets, and 5,000 rows of it are two million bytes.
_MOST_SHEETS, _LARGEST_PART_BYTES = 5, 8_000_000
# Day 0 of a workbook's days, for every day since March 1900; a birth date is one of five digits.
_DAY_ZERO = date(1899, 12, 30)
_A_DAY = re.compile(r"[1-9][0-9]{4}(\.0+)?", re.ASCII)


def text_of_workbook(data: bytes, file: str, *, most: int = MOST_LINES) -> str:
    """The first sheet whose first row has heads of students, or else the first that has anything; a day is written as
    people write it. Raises :class:`WorkbookRefused` where the file cannot be read as a workbook, or has more than
    ``most`` rows."""
    sheets = xlsx_sheets(data, file, largest_part_bytes=_LARGEST_PART_BYTES, most_sheets=_MOST_SHEETS)
    filled = [rows for rows in sheets.values() if any(rows)]
    if not filled:
        raise WorkbookRefused([f"In {file} no cell is filled."])
    rows = next((one for one in filled if is_head(_first(one))), filled[0])
    if sum(1 for row in rows if row) > most + 1:
        raise WorkbookRefused([f"{file} has more than {most:,} rows, and more are not taken at once."])
    births = {place for place, head in enumerate(_first(rows)) if says_birth(head)}
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    for row in rows:
        writer.writerow(
            # Whoever has more in a cell than a line may have is told that the line is too long.
            " ".join((_day(cell) if place in births else cell)[: LONGEST_LINE + 1].split())
            for place, cell in enumerate(row)
        )
    return text.getvalue()


def _first(rows: Sequence[Sequence[str]]) -> Sequence[str]:
    return next(row for row in rows if row)


def _day(cell: str) -> str:
    if _A_DAY.fullmatch(cell) is None:
        return cell
    return f"{_DAY_ZERO + timedelta(days=int(cell[:5])):%m/%d/%Y}"
