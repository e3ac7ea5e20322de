"""The texts of an Excel workbook's cells, with nothing but the standard library: no formats, no formulas run.

A number is the text that the file has for it, so ``24.10`` typed as a number is ``24.1`` here as it is there.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from manzanita.domain.workbook import Sheets, WorkbookRefused

# The state's workbook is far below both; what is beyond them is no workbook of layouts and codes.
LARGEST_PART_BYTES = 64 * 1024 * 1024
_LAST_ROW, _LAST_COLUMN = 200_000, 200

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


def xlsx_sheets(
    data: bytes, file: str, *, largest_part_bytes: int = LARGEST_PART_BYTES, most_sheets: int | None = None
) -> Sheets:
    """Every sheet, or the first ``most_sheets``, by name. Raises :class:`WorkbookRefused` where the file cannot be read
    as a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            shared = _shared_texts(book, largest_part_bytes)
            parts = list(_parts(book, largest_part_bytes).items())[:most_sheets]
            return {name: _rows(_tree(book, part, largest_part_bytes), shared) for name, part in parts}
    except (
        zipfile.BadZipFile,
        ElementTree.ParseError,
        KeyError,
        ValueError,
        IndexError,
        EOFError,
        RuntimeError,
        zlib.error,
    ):
        raise WorkbookRefused(
            [
                f"{file} cannot be read as an Excel workbook. Save it as .xlsx, without a password, and load it again."
            ]
        ) from None


def _parts(book: zipfile.ZipFile, largest: int) -> Mapping[str, str]:
    """Path of each sheet inside the archive, by its name."""
    targets = {
        one.attrib["Id"]: one.attrib["Target"] for one in _tree(book, "xl/_rels/workbook.xml.rels", largest)
    }
    sheets = _tree(book, "xl/workbook.xml", largest).iterfind(f"{_MAIN}sheets/{_MAIN}sheet")
    # A target is relative to xl, or begins at the root of the archive.
    return {
        one.attrib["name"]: posixpath.normpath(posixpath.join("/xl", targets[one.attrib[_RELATION]])).lstrip(
            "/"
        )
        for one in sheets
    }


def _tree(book: zipfile.ZipFile, part: str, largest: int) -> ElementTree.Element:
    """The XML of one part. Raises ``ValueError`` for one that is huge, declares entities, or is not UTF-8."""
    if book.getinfo(part).file_size > largest:
        raise ValueError(part)
    text = book.read(part).decode("utf-8")
    if "<!DOCTYPE" in text:
        raise ValueError(part)
    return ElementTree.fromstring(text)


def _shared_texts(book: zipfile.ZipFile, largest: int) -> Sequence[str]:
    if "xl/sharedStrings.xml" not in book.namelist():
        return ()
    return [_text_of(one) for one in _tree(book, "xl/sharedStrings.xml", largest).iterfind(f"{_MAIN}si")]


def _text_of(element: ElementTree.Element) -> str:
    """All text of a string, without the reading aids (``rPh``) of East Asian workbooks."""
    texts = [*element.iterfind(f"{_MAIN}t"), *element.iterfind(f"{_MAIN}r/{_MAIN}t")]
    return "".join(one.text or "" for one in texts)


def _rows(sheet: ElementTree.Element, shared: Sequence[str]) -> list[list[str]]:
    """Rows from the first, each as far as it is filled; an empty row keeps its place."""
    rows: list[list[str]] = []
    for cell in sheet.iterfind(f"{_MAIN}sheetData/{_MAIN}row/{_MAIN}c"):
        text = _text(cell, shared)
        if not text:
            continue
        row, column = _place(cell.attrib["r"])
        rows += [[] for _ in range(row - len(rows))]
        cells = rows[row - 1]
        cells += [""] * (column - len(cells))
        cells[column - 1] = text
    return rows


def _place(reference: str) -> tuple[int, int]:
    """Row and column of ``C7``, one-based. Raises ``ValueError`` beyond what a workbook of ours can have."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError(reference)
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    row = int(match[2])
    if not 1 <= row <= _LAST_ROW or column > _LAST_COLUMN:
        raise ValueError(reference)
    return row, column


def _text(cell: ElementTree.Element, shared: Sequence[str]) -> str:
    kind = cell.attrib.get("t", "n")
    if kind == "inlineStr":
        inline = cell.find(f"{_MAIN}is")
        return "" if inline is None else _text_of(inline)
    value = cell.find(f"{_MAIN}v")
    text = "" if value is None else value.text or ""
    return shared[int(text)] if kind == "s" and text else text
