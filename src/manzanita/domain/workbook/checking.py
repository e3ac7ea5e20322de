"""From sheets to a workbook: every cell is looked at, and either all of it is good or nothing is taken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from manzanita.domain import records
from manzanita.domain.codes import packaged_code_sets
from manzanita.domain.layouts import RECORD_OF_FILE_NUMBER, RECORDS, YEAR_FIELD, packaged_layout
from manzanita.domain.workbook import (
    CODE_SETS,
    ERRORS,
    LAYOUTS,
    CodeRow,
    FieldRow,
    Sheets,
    Workbook,
    WorkbookRefused,
)

COLUMNS: Mapping[str, Sequence[str]] = {
    LAYOUTS: ("Record", "Position", "Field", "Name", "Type", "Length", "Required", "Code Set"),
    CODE_SETS: ("Code Set", "Code", "Name", "Status"),
    ERRORS: ("Code", "Text"),
}
MORE_COLUMNS: Mapping[str, Sequence[str]] = {LAYOUTS: ("Format", "Description"), CODE_SETS: (), ERRORS: ()}
TYPES = ("character", "number", "date")
STATUSES = ("current", "retired")
_NUMBER = re.compile(r"\d{1,2}\.\d\d", re.ASCII)
_SHORT_NUMBER = re.compile(r"\d{1,2}\.\d", re.ASCII)
_DATE_LENGTH = 8

# One row of a sheet: its number in the sheet (one-based) and its texts by column.
_Row = tuple[int, Mapping[str, str]]


def workbook_of(sheets: Sheets) -> Workbook:
    """What the sheets say. Raises :class:`WorkbookRefused` with every problem there is."""
    by_name = {name.strip().casefold(): rows for name, rows in sheets.items()}
    known = {name: by_name[name.casefold()] for name in COLUMNS if name.casefold() in by_name}
    if not known:
        there = ", ".join(sheets) or "none"
        raise WorkbookRefused(
            [
                f"No sheet is called {LAYOUTS}, {CODE_SETS} or {ERRORS}. The file has: {there}. Rename its sheets."
            ]
        )
    problems: list[str] = []
    rows = {name: _rows(name, cells, problems) for name, cells in known.items()}
    codes = _code_sets(rows.get(CODE_SETS, []), problems)
    layouts = _layouts(rows.get(LAYOUTS, []), {*packaged_code_sets(), *codes}, problems)
    errors = _error_texts(rows.get(ERRORS, []), problems)
    if not problems and not (layouts or codes or errors):
        problems.append("The sheets have no rows below their headings. Fill at least one of them.")
    if problems:
        raise WorkbookRefused(problems)
    return Workbook(layouts, codes, errors)


def _rows(sheet: str, cells: Sequence[Sequence[str]], problems: list[str]) -> list[_Row]:
    """The filled rows below the headings, none where a heading is missing."""
    headings = [text.strip().casefold() for text in cells[0]] if cells else []
    missing = [column for column in COLUMNS[sheet] if column.casefold() not in headings]
    for column in missing:
        problems.append(
            f"{sheet}, row 1: there is no column {column}. Add it; the columns are {', '.join(COLUMNS[sheet])}."
        )
    if missing:
        return []
    places = {
        column: headings.index(column.casefold())
        for column in (*COLUMNS[sheet], *MORE_COLUMNS[sheet])
        if column.casefold() in headings
    }
    found: list[_Row] = []
    for number, row in enumerate(cells[1:], start=2):
        values = {column: row[place].strip() if place < len(row) else "" for column, place in places.items()}
        if any(values.values()):
            found.append((number, values))
    return found


def _problem(sheet: str, row: int, column: str, text: str) -> str:
    return f"{sheet}, row {row}, column {column}: {text}"


# Layouts


def _layouts(
    rows: Sequence[_Row], code_sets: set[str], problems: list[str]
) -> dict[str, tuple[FieldRow, ...]]:
    placed: dict[str, dict[int, FieldRow]] = {}
    first_row: dict[str, int] = {}
    numbers: dict[str, int] = {}
    for at, row in rows:
        wrong = list(_wrong_in_field(row, code_sets, numbers))
        record = row["Record"].upper()
        position = _whole_number(row["Position"])
        fields = placed.setdefault(record, {})
        first_row.setdefault(record, at)
        if position is not None and position in fields:
            wrong.append(
                ("Position", f"position {position} of {record} stands twice. Give each field its own.")
            )
        problems += [_problem(LAYOUTS, at, column, text) for column, text in wrong]
        numbers.setdefault(row["Field"], at)
        if not wrong and position is not None:
            fields[position] = FieldRow(
                number=row["Field"],
                name=row["Name"],
                type=row["Type"].casefold(),
                max_length=_whole_number(row["Length"]) or 0,
                required=row["Required"].upper()
                if row["Required"].upper() in ("Y", "N")
                else row["Required"],
                code_set=row["Code Set"],
                format=row.get("Format", ""),
                description=row.get("Description", ""),
            )
    if problems:
        return {}
    for record, fields in placed.items():
        problems += [
            _problem(LAYOUTS, first_row[record], column, text)
            for column, text in _wrong_in_record(record, fields)
        ]
    return {record: tuple(fields[place] for place in sorted(fields)) for record, fields in placed.items()}


def _wrong_in_field(
    row: Mapping[str, str], code_sets: set[str], numbers: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    record, number, length = row["Record"].upper(), row["Field"], _whole_number(row["Length"])
    if record not in RECORDS:
        yield "Record", f'"{row["Record"]}" is no record we know. Write one of {", ".join(RECORDS)}.'
    if _whole_number(row["Position"]) is None:
        yield (
            "Position",
            f'"{row["Position"]}" is not a whole number above 0. Write the place of the field, from 1.',
        )
    if _SHORT_NUMBER.fullmatch(number):
        yield "Field", f'"{number}" has lost its last zero. Format the column as text and write {number}0.'
    elif not _NUMBER.fullmatch(number):
        yield "Field", f'"{number}" is no field number. Write file and field with two digits, such as 24.05.'
    elif record in RECORDS and RECORD_OF_FILE_NUMBER.get(number.split(".")[0]) != record:
        yield "Field", f"{number} is no field of {record}. Correct the number or the record."
    elif number in numbers:
        yield "Field", f"{number} stands already in row {numbers[number]}. Remove one of the two."
    if not row["Name"]:
        yield "Name", "is empty. Write the state's name of the field."
    if row["Type"].casefold() not in TYPES:
        yield "Type", f'"{row["Type"]}" is not one of {", ".join(TYPES)}. Write one of them.'
    if length is None:
        yield (
            "Length",
            f'"{row["Length"]}" is not a whole number above 0. Write the most characters it takes.',
        )
    elif row["Type"].casefold() == "date" and length != _DATE_LENGTH:
        yield "Length", f"a date has 8 characters (CCYYMMDD), not {length}. Write 8, or correct the type."
    if not row["Required"]:
        yield "Required", "is empty. Write Y, N, or the condition in words."
    if row["Code Set"] and row["Code Set"] not in code_sets:
        yield "Code Set", f"no set is called {row['Code Set']}. Add its codes to the sheet {CODE_SETS}."


def _wrong_in_record(record: str, fields: Mapping[int, FieldRow]) -> Iterator[tuple[str, str]]:
    gaps = [str(place) for place in range(1, max(fields) + 1) if place not in fields]
    if gaps:
        yield (
            "Position",
            f"{record} has no field at position {', '.join(gaps)}. Number its fields without a gap.",
        )
        return
    packaged = packaged_layout(record)
    for place in (1, 2):
        wanted = packaged.fields[place - 1]
        found = fields[place].number if place in fields else "nothing"
        if found != wanted.number:
            yield (
                "Position",
                (
                    f"{record} begins with its record type and transaction type; at position {place} stands {found}, "
                    f"not {wanted.number} {wanted.name}. Correct the positions."
                ),
            )
    there = {field.number for field in fields.values()}
    for number in _needed(record):
        if number not in there:
            name = packaged.by_number[number].name
            yield (
                "Field",
                f"{record} lacks {number} {name}, without which no record can be named. Add its row.",
            )


def _needed(record: str) -> tuple[str, ...]:
    """Fields by which the product tells whose record it is, of which year, and which record of it."""
    packaged = packaged_layout(record)
    named = (
        record_fields[record]
        for record_fields in (
            records.SSID_FIELD,
            records.LEA_FIELD,
            records.TRANSACTION_FIELD,
            records.LOCAL_RECORD_FIELD,
        )
        if record in record_fields
    )
    keys = (*packaged.key, *records.KEY_FIELDS.get(record, ()), YEAR_FIELD[record], *named)
    return tuple(number for number in packaged.numbers if number in keys)


def _whole_number(text: str) -> int | None:
    """A whole number above 0, also where a spreadsheet wrote it as ``8.0``; else ``None``."""
    match = re.fullmatch(r"(\d{1,4})(?:\.0)?", text, re.ASCII)
    return int(match[1]) or None if match else None


# Codes and errors


def _code_sets(rows: Sequence[_Row], problems: list[str]) -> dict[str, tuple[CodeRow, ...]]:
    found: dict[str, dict[str, CodeRow]] = {}
    places: dict[tuple[str, str], int] = {}
    for at, row in rows:
        name, code = row["Code Set"], row["Code"]
        status = row["Status"].casefold() or "current"
        wrong: list[tuple[str, str]] = []
        if not name:
            wrong.append(("Code Set", "is empty. Write which set the code belongs to."))
        if not code or "^" in code:
            wrong.append(("Code", f'"{code}" is no code. Write it as it stands in a file.'))
        if (name, code) in places:
            wrong.append(
                ("Code", f"{code} stands already in row {places[name, code]}. Remove one of the two.")
            )
        if not row["Name"]:
            wrong.append(("Name", "is empty. Write the state's name of the code."))
        if status not in STATUSES:
            wrong.append(("Status", f'"{row["Status"]}" is not current or retired. Write one of them.'))
        problems += [_problem(CODE_SETS, at, column, text) for column, text in wrong]
        places.setdefault((name, code), at)
        found.setdefault(name, {}).setdefault(code, CodeRow(code, row["Name"], status))
    for (name, code), at in places.items():
        if whole := _with_its_zeros(name, code, found[name]):
            text = f'"{code}" has lost the zero at its front. Format the column as text and write {whole}.'
            problems.append(_problem(CODE_SETS, at, "Code", text))
    return {name: tuple(codes.values()) for name, codes in found.items()}


def _with_its_zeros(name: str, code: str, listed: Mapping[str, CodeRow]) -> str:
    """The code we know by which ``code`` lost its zeros in a spreadsheet, or empty text."""
    ours = packaged_code_sets()[name].codes if name in packaged_code_sets() else {}
    if code in ours:
        return ""
    return next(
        (one for one in ours if one not in listed and one.startswith("0") and one.lstrip("0") == code), ""
    )


def _error_texts(rows: Sequence[_Row], problems: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for at, row in rows:
        code = row["Code"].upper()
        if not code:
            problems.append(_problem(ERRORS, at, "Code", "is empty. Write the code of the error."))
        elif code in found:
            problems.append(_problem(ERRORS, at, "Code", f"{code} stands twice. Remove one of the two rows."))
        if not row["Text"]:
            problems.append(_problem(ERRORS, at, "Text", "is empty. Write the state's words for the error."))
        found[code] = row["Text"]
    return found
