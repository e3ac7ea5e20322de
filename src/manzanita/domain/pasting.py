"""Students as people paste them: SSIDs, local IDs, names, one a line, or a table from a spreadsheet with its heads.

Nothing is dropped: every line that is not blank comes out, with what was understood of it or why nothing was.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import takewhile

from manzanita.domain.names import name_words

# Lines of what is changed at once, and of a list that is only looked at.
MOST_LINES = 5_000
MOST_LISTED = 25_000
LONGEST_LINE = 2_000
_SHOWN = 120
# Below this line of a file of lines to mend (:func:`to_mend`) nothing is read.
_NOT_READ = "Why not: below this line nothing is read"
# Above its heads a table may say what it is: so far down they are looked for.
_HEADS_WITHIN = 30
_DATE = r"\d{1,2}/\d{1,2}/\d{4}|\d{4}-\d\d-\d\d"
_WHICH_CELL = "Which cell is what? Give the table a first line with heads, such as SSID."
_WHICH_NAME = "Which part is the name? Write “Last, First”, with the birth date beside it."
# What the heads of columns may be called, by what stands below them.
_HEADS: Mapping[str, str] = {
    "ssid": "ssid",
    "state id": "ssid",
    "statewide student identifier": "ssid",
    "local id": "local_id",
    "local student id": "local_id",
    "student id": "local_id",
    "student": "name",
    "name": "name",
    "student name": "name",
    "last name": "last",
    "legal last name": "last",
    "last": "last",
    "first name": "first",
    "legal first name": "first",
    "first": "first",
    "born": "born",
    "birth date": "born",
    "birthdate": "born",
    "date of birth": "born",
    "dob": "born",
}
_SAY_WHO = {"ssid", "local_id", "name", "last"}


@dataclass(frozen=True, slots=True)
class PastedLine:
    """One line: ``number`` counts from 1, ``text`` is what stands there, ``heads`` the line of heads above it, where
    there is one. A student is told by ``ssid``, by ``local_id``, or by names with ``birth_on``; ``value`` is what the
    table says of the student, ``None`` where it says nothing. ``problem`` is why no student is told."""

    number: int
    text: str
    ssid: str = ""
    local_id: str = ""
    last: str = ""
    first: str = ""
    birth_on: date | None = None
    value: str | None = None
    problem: str = ""
    heads: str = ""


@dataclass(frozen=True, slots=True)
class Pasted:
    """``problem`` is why nothing of it could be read; ``has_values`` whether it has a column of values;
    ``ignored`` the heads of columns that were not needed; ``above`` how many lines stand above the heads."""

    lines: Sequence[PastedLine] = ()
    has_values: bool = False
    ignored: Sequence[str] = field(default=())
    problem: str = ""
    above: int = 0


def read_pasted(text: str, *, value_heads: Collection[str] = (), most: int = MOST_LINES) -> Pasted:
    """Read what was pasted or uploaded, of no more than ``most`` lines. ``value_heads`` are what the column of values
    may be called."""
    lines = text.replace("\ufeff", "").replace("\0", "").splitlines()
    above = takewhile(lambda line: line.strip() != _NOT_READ, lines)
    numbered = [(number, line) for number, line in enumerate(above, 1) if line.strip(' \t,;"')]
    if not numbered:
        return Pasted(problem="Nothing stands there.")
    if len(numbered) > most + 1:
        return Pasted(problem=f"More than {most:,} lines are not taken at once.")
    if any(len(line) > LONGEST_LINE for _, line in numbered):
        return Pasted(problem="A line is longer than any student. Is it a table, with one student a line?")
    values = {_words(head) for head in value_heads}
    at, delimiter, columns = _heads(numbered, values)
    if not columns:
        read = [_loose(number, line, delimiter) for number, line in numbered]
        return Pasted(read, has_values=any(one.value is not None for one in read))
    if len(set(columns.values())) < len(columns):
        return Pasted(problem="Two columns have the same head. Keep one of them.")
    if len(numbered) == at + 1:
        return Pasted(problem="There is a line of heads, and no student below it.")
    raw = _cells(numbered[at][1], delimiter)
    return Pasted(
        [_of_table(number, line, delimiter, columns, numbered[at][1]) for number, line in numbered[at + 1 :]],
        has_values="value" in columns.values(),
        ignored=[
            raw[place].strip() for place in range(len(raw)) if place not in columns and raw[place].strip()
        ],
        above=at,
    )


def is_head(cells: Sequence[str]) -> bool:
    """Does this row say what stands in the columns below it?"""
    return any(_HEADS.get(_words(cell)) in _SAY_WHO for cell in cells)


def says_birth(head: str) -> bool:
    return _HEADS.get(_words(head)) == "born"


def _heads(
    numbered: Sequence[tuple[int, str]], values: Collection[str]
) -> tuple[int, str, Mapping[int, str]]:
    """Which line has the heads, by what its cells are parted, and what stands in which column; no columns where there
    are no heads. An export of a list says above its heads what it is; so far down two heads are asked for, as a name
    may be a word such as First."""
    first = _delimiter(numbered[0][1])
    for at, (_, line) in enumerate(numbered[:_HEADS_WITHIN]):
        delimiter = _delimiter(line)
        heads = [_words(cell) for cell in _cells(line, delimiter)]
        columns = {
            place: "value" if head in values else _HEADS[head]
            for place, head in enumerate(heads)
            if head in values or head in _HEADS
        }
        if _SAY_WHO & set(columns.values()) and (at == 0 or len(columns) > 1):
            return at, delimiter, columns
    return 0, first, {}


def _delimiter(line: str) -> str:
    return next((mark for mark in "\t;," if mark in line), ",")


def _words(head: str) -> str:
    return " ".join(name_words(head.replace("’", "'").replace("'s", "s")))


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def _of_table(number: int, line: str, delimiter: str, columns: Mapping[int, str], heads: str) -> PastedLine:
    cells = _cells(line, delimiter)
    told = {name: cells[place].strip() if place < len(cells) else "" for place, name in columns.items()}
    last, first = told.get("last", ""), told.get("first", "")
    if not last and told.get("name"):
        last, first = _names(told["name"])
    born = _date(told.get("born", ""))
    problem = ""
    if told.get("born") and born is None:
        problem = _no_date(told["born"])
    ssid, why = _ssid(told.get("ssid", ""))
    if not problem and not ssid:
        problem = why if not (told.get("local_id") or last) else ""
    if not problem and not (ssid or told.get("local_id") or last):
        problem = "No SSID, no local ID and no name stands in the line."
    return PastedLine(
        number,
        line,
        ssid=ssid,
        local_id="" if ssid else told.get("local_id", ""),
        last=last,
        first=first,
        birth_on=born,
        value=told.get("value"),
        problem=problem,
        heads=heads,
    )


def _loose(number: int, line: str, delimiter: str) -> PastedLine:
    """A line without heads: an SSID or a local ID, with a value beside it or not; or a name, with birth date or not."""
    cells = [cell.strip() for cell in _cells(line, delimiter) if cell.strip()]
    if not cells:
        return PastedLine(number, line, problem="Nothing but marks stands in the line.")
    if any(character.isdecimal() for character in cells[0]) and _date(cells[0]) is None:
        value = cells[1] if len(cells) == 2 else None
        if len(cells) > 2:
            return PastedLine(number, line, problem=_WHICH_CELL)
        ssid, why = _ssid(cells[0])
        if ssid:
            return PastedLine(number, line, ssid=ssid, value=value)
        if why:
            return PastedLine(number, line, problem=why)
        if _dated(cells[0])[1]:
            return _named(number, line, cells)
        return PastedLine(number, line, local_id=cells[0], value=value)
    return _named(number, line, cells)


def _named(number: int, line: str, cells: Sequence[str]) -> PastedLine:
    """A name in one cell or two; the birth date has a cell of its own, or stands behind the name."""
    parted = [_dated(cell) for cell in cells]
    names = [name for name, _ in parted if name]
    told = next((day for _, day in parted if day), "")
    born = _date(told)
    if told and born is None:
        return PastedLine(number, line, problem=_no_date(told))
    if len(names) > 2:
        return PastedLine(number, line, problem=_WHICH_NAME)
    last, first = (names[0], names[1]) if len(names) == 2 else _names(names[0] if names else "")
    if not name_words(last):
        return PastedLine(number, line, problem="No SSID, no local ID and no name stands in the line.")
    return PastedLine(number, line, last=last, first=first, birth_on=born)


def _dated(text: str) -> tuple[str, str]:
    """What stands before a date at the end, and the date; both as written."""
    match = re.fullmatch(rf"(?:(.*?)[\s,;]+)?({_DATE})", text.strip(), re.ASCII)
    return ((match[1] or "").strip(), match[2]) if match else (text.strip(), "")


def _no_date(text: str) -> str:
    return f"“{text[:20]}” is no birth date such as 04/09/2016."


def _names(text: str) -> tuple[str, str]:
    """``Last, First`` or ``First Last``."""
    if "," in text:
        last, _, first = text.partition(",")
        return last.strip(), first.strip()
    words = text.split()
    return (words[-1], " ".join(words[:-1])) if words else ("", "")


def _ssid(text: str) -> tuple[str, str]:
    """The SSID, or why this was meant as one and is none."""
    if re.fullmatch(r"\d+(\.\d+)?[eE]\+?\d+", text):
        return (
            "",
            f"The spreadsheet has shortened the number to {text}: make the column text, and paste it again.",
        )
    digits = re.sub(r"[\s\-]", "", text)
    if digits.endswith(".0"):
        digits = digits[:-2]
    if not re.fullmatch(r"[0-9]{10}", digits):
        return "", ""
    return digits, ""


def _date(text: str) -> date | None:
    try:
        if match := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text.strip(), re.ASCII):
            return date(int(match[3]), int(match[1]), int(match[2]))
        return (
            date.fromisoformat(text.strip())
            if re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip(), re.ASCII)
            else None
        )
    except ValueError:
        return None


def short(line: str) -> str:
    """A line as a page shows it."""
    text = " ".join(line.split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def to_mend(lines: Sequence[tuple[int, str, str]], heads: str = "") -> str:
    """Lines as they were pasted, below their ``heads`` where there are some, to mend and to paste again. ``lines`` are
    number, text and why not; the reasons stand at the end, where they are not read, each with the lines of this file
    and in brackets what they were before."""
    rows = [heads] if heads else []
    reasons: dict[str, list[str]] = {}
    for number, text, why in lines:
        rows.append(text)
        reasons.setdefault(why, []).append(f"{len(rows)} ({number})")
    told = [f"{why} Line {', '.join(numbers)}." for why, numbers in reasons.items()]
    return "\n".join([*rows, _NOT_READ, *told, ""])


def names_told(lines: Collection[PastedLine]) -> Iterator[PastedLine]:
    """Those that tell a student by name only."""
    return (one for one in lines if not one.problem and not one.ssid and not one.local_id and one.last)
