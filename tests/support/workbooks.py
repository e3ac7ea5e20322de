"""Reading a workbook that the product wrote, with nothing of the product: its sheets as rows of text."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, timedelta
from xml.etree import ElementTree

_SPACE = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
_DATE_STYLES_FROM = date(1899, 12, 30)


def sheets_of(content: bytes) -> dict[str, list[list[str]]]:
    """Rows by sheet name; a date is written 11/23/2026. Raises where a cell is a formula."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        root = ElementTree.fromstring(book.read("xl/workbook.xml"))
        names = [one.attrib["name"] for one in root.iterfind(".//x:sheet", _SPACE)]
        shared: list[str] = []
        if "xl/sharedStrings.xml" in book.namelist():
            strings = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
            shared = ["".join(one.itertext()) for one in strings.iterfind("x:si", _SPACE)]
        return {
            name: _rows(ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml")), shared)
            for number, name in enumerate(names, start=1)
        }


def _rows(sheet: ElementTree.Element, shared: list[str]) -> list[list[str]]:
    rows = []
    for row in sheet.iterfind(".//x:row", _SPACE):
        cells: dict[int, str] = {}
        for cell in row.iterfind("x:c", _SPACE):
            assert cell.find("x:f", _SPACE) is None, "a formula in a cell"
            letter = re.sub(r"\d", "", cell.attrib["r"])
            cells[ord(letter) - ord("A")] = _text(cell, shared)
        rows.append([cells.get(column, "") for column in range(max(cells) + 1)])
    return rows


def _text(cell: ElementTree.Element, shared: list[str]) -> str:
    if cell.attrib.get("t") == "inlineStr":
        return "".join(cell.find("x:is", _SPACE).itertext())
    value = cell.find("x:v", _SPACE)
    if value is None:
        return ""
    if cell.attrib.get("t") == "s":
        return shared[int(value.text)]
    return (_DATE_STYLES_FROM + timedelta(days=int(float(value.text)))).strftime("%m/%d/%Y")
