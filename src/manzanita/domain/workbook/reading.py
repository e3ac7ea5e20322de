"""The sheets of a file: an Excel workbook, or CSV with a line before each sheet that names it."""

from __future__ import annotations

import csv
import io

from manzanita.domain.workbook import Sheets, WorkbookRefused
from manzanita.domain.workbook.checking import COLUMNS
from manzanita.domain.workbook.xlsx import xlsx_sheets


def sheets_of(data: bytes, file: str) -> Sheets:
    """The sheets of the file called ``file``. Raises :class:`WorkbookRefused` where it is no workbook we read."""
    if file.lower().endswith(".csv"):
        return _csv_sheets(data, file)
    if file.lower().endswith(".xlsx"):
        return xlsx_sheets(data, file)
    raise WorkbookRefused([f"{file} is not a workbook we read: its name ends neither in .xlsx nor in .csv."])


def _csv_sheets(data: bytes, file: str) -> Sheets:
    """A row whose first cell is the name of a sheet, and whose others are empty, begins that sheet."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise WorkbookRefused([f"{file} is not UTF-8. Save it as CSV UTF-8 and load it again."]) from None
    names = {name.casefold(): name for name in COLUMNS}
    sheets: dict[str, list[list[str]]] = {}
    rows: list[list[str]] | None = None
    for row in csv.reader(io.StringIO(text, newline="")):
        first = row[0].strip().casefold() if row else ""
        if first in names and not any(cell.strip() for cell in row[1:]):
            name = names[first]
            if name in sheets:
                raise WorkbookRefused([f"The sheet {name} stands twice in {file}. Put its rows together."])
            rows = sheets[name] = []
        elif rows is not None:
            rows.append(row)
    return sheets
