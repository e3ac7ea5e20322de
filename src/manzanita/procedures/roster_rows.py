"""Reading the rows of a roster: with any separator, with or without a heading.

Columns: name, email, perspective, schools, starts_on, ends_on, students, agency. A file from a spreadsheet (comma or
semicolon) and rows pasted from one (tabs) are the same.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from manzanita.accounts.granting import Wish
from manzanita.accounts.models import User

COLUMNS = ("name", "email", "perspective", "schools", "starts_on", "ends_on", "students", "agency")
MOST_ROWS = 500
TEMPLATE = (
    ",".join(COLUMNS)
    + '\nJuniper Example,juniper@example.org,Case manager,,08/13/2026,,"9900000001 9900000002",\n'
    + "Wren Example,wren@example.org,School,9911001 9911002,08/13/2026,06/30/2027,,\n"
)
# How columns are called in other people's spreadsheets.
_ALSO = {
    "e-mail": "email",
    "mail": "email",
    "school": "schools",
    "role": "perspective",
    "start": "starts_on",
    "since": "starts_on",
    "end": "ends_on",
    "until": "ends_on",
    "ssid": "students",
    "ssids": "students",
    "lea": "agency",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row is not taken in: the field, what is wrong, what to do."""

    field: str
    text: str
    fix: str


@dataclass(slots=True)
class Row:
    """One row as it was read. ``line`` counts from 1 as the spreadsheet does, a heading included."""

    line: int
    given: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    user: User | None = None
    wish: Wish | None = None
    students: tuple[str, ...] = ()
    is_namesake: bool = False
    namesakes: str = ""
    outcome: str = ""

    @property
    def is_good(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class Roster:
    """All rows; ``trouble`` says why nothing could be read at all."""

    rows: Sequence[Row]
    trouble: str = ""

    @property
    def good(self) -> list[Row]:
        return [row for row in self.rows if row.is_good]

    @property
    def bad(self) -> list[Row]:
        return [row for row in self.rows if not row.is_good]


def read_roster(text: str) -> Roster:
    """The rows of ``text``. Without a heading the columns come in their usual order."""
    text = text.lstrip("\ufeff").replace("\0", "")
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    if not first:
        return Roster([], "There is no row in it. Paste rows, or choose a file.")
    delimiter = max("\t;,", key=lambda mark: (first.count(mark), -"\t;,".index(mark)))
    columns: Sequence[str] | None = None
    rows: list[Row] = []
    try:
        reader = csv.reader(io.StringIO(text), delimiter=delimiter)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _heading(cells)
                if columns is not None:
                    if "name" not in columns or "email" not in columns:
                        return Roster([], "The heading has no column “name” or no column “email”.")
                    continue
                columns = COLUMNS
            given = dict.fromkeys(COLUMNS, "")
            given |= {name: cell.strip() for name, cell in zip(columns, cells, strict=False)}
            row = Row(reader.line_num, given)
            if len(cells) > len(columns):
                row.problems.append(
                    Problem(
                        "whole row",
                        f"It has {len(cells)} fields, the heading {len(columns)}.",
                        "Put text that holds the separator in quotes.",
                    )
                )
            rows.append(row)
    except csv.Error:
        return Roster([], f"Line {reader.line_num} cannot be read as a row: look at its quotes.")
    if len(rows) > MOST_ROWS:
        return Roster(
            [], f"These are {len(rows)} rows; at most {MOST_ROWS} are taken in at once. Divide the file."
        )
    if not rows:
        return Roster([], "There is a heading, and no row below it.")
    return Roster(rows)


def _heading(cells: Sequence[str]) -> list[str] | None:
    """The columns that a heading names, or ``None`` where the line is no heading."""
    words = [cell.strip().lower().replace(" ", "_").rstrip(":") for cell in cells]
    named = [_ALSO.get(word, word) for word in words]
    return (
        named if any(name in COLUMNS for name in named) and not any("@" in cell for cell in cells) else None
    )
