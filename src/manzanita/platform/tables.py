"""A table as a file that people open elsewhere: a workbook, or CSV. Each cell is text or a date, never a formula."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import xlsxwriter

Cell = str | date | None
# A cell that begins so is run as a formula by a spreadsheet; the full-width signs too.
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_CHUNK_BYTES = 64 * 1024
_WIDTHS = (10, 40)


@dataclass(frozen=True, slots=True)
class Table:
    """``about`` are the lines that stand before the rows, as (word, text); ``mark`` is on every printed page."""

    title: str
    about: Sequence[tuple[str, str]]
    mark: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def as_csv(table: Table) -> Iterator[bytes]:
    """UTF-8 with a byte order mark, as Excel wants it: the lines about the file, an empty one, head, rows."""
    yield b"\xef\xbb\xbf"
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([harmless(table.mark)])
    writer.writerows([harmless(word), harmless(text)] for word, text in table.about)
    writer.writerow([])
    writer.writerow([harmless(column) for column in table.columns])
    for row in table.rows:
        writer.writerow([harmless(_text(cell)) for cell in row])
        if buffer.tell() >= _CHUNK_BYTES:
            yield _taken(buffer)
    yield _taken(buffer)


def harmless(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would run it as a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_STARTS_FORMULA) else text


def as_xlsx(table: Table) -> Iterator[bytes]:
    """A workbook of two sheets: what the file is, and the rows. One row at a time is held in memory."""
    with tempfile.TemporaryFile() as file, tempfile.TemporaryDirectory() as folder:
        options = {
            "constant_memory": True,
            "tmpdir": folder,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        with xlsxwriter.Workbook(file, options) as book:
            bold = book.add_format({"bold": True})
            wrapped = book.add_format({"text_wrap": True, "valign": "top"})
            day = book.add_format({"num_format": "mm/dd/yyyy", "align": "left"})
            about = book.add_worksheet("About this file")
            about.set_column(0, 0, 18)
            about.set_column(1, 1, 80)
            about.write_string(0, 0, table.mark, bold)
            for number, (word, text) in enumerate(table.about, start=1):
                about.write_string(number, 0, word, bold)
                about.write_string(number, 1, text, wrapped)
            sheet = book.add_worksheet("List")
            sheet.freeze_panes(1, 1)
            sheet.set_landscape()
            sheet.fit_to_pages(1, 0)
            sheet.repeat_rows(0)
            for one in (about, sheet):
                one.set_footer(f"&L{table.mark.replace('&', '&&')}&RPage &P of &N")
            for column, word in enumerate(table.columns):
                sheet.set_column(column, column, min(max(len(word) + 4, _WIDTHS[0]), _WIDTHS[1]))
                sheet.write_string(0, column, word, bold)
            for number, row in enumerate(table.rows, start=1):
                for column, cell in enumerate(row):
                    if isinstance(cell, date):
                        sheet.write_datetime(number, column, cell, day)
                    elif cell:
                        sheet.write_string(number, column, cell)
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return cell.strftime("%m/%d/%Y") if isinstance(cell, date) else cell


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()
