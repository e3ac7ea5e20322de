"""What the sandbox refuses, in its own plain code. It is a witness: no rule of Manzanita is used here.

``SBX`` codes are the sandbox's own, for refusals whose CALPADS code no public page prints.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import asdict, dataclass
from datetime import date

from manzanita.domain.codes import code_sets
from manzanita.domain.layouts import UNKNOWN_LENGTH_LIMIT, Field
from manzanita.sandbox.records import KEYS, MEETING_DATE, RECORDS, Line, fields_of


@dataclass(frozen=True)
class Problem:
    """One reason to reject a line. ``field`` is a state number, or None for the whole line."""

    code: str
    field: str | None
    text: str

    def as_json(self) -> dict[str, str | None]:
        return asdict(self)


_NEEDS_DEGREE_OF_SUPPORT = {"210", "260", "270", "280", "290", "300", "310", "320", "330"}
_TRANSACTION_TYPES = {"", "A", "R", "D"}
_NONPUBLIC_AGENCY_PROVIDER = "400"
_ENROLLED_ELSEWHERE = "20"
# Part of the key of PSTS, and blank for the programs that are not special education.
_MAY_BE_BLANK = {"17.10"}
_SPECIAL_EDUCATION = "30"
_NONPUBLIC_SCHOOL = "0000001"

_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_EIGHT_DIGITS = re.compile(r"[0-9]{8}", re.ASCII)


def split(text: str) -> Line | Problem:
    """The line with its fields, or the one problem that makes it unreadable."""
    values = text.split("^")
    if values[0] not in RECORDS:
        return Problem("SBX-FORMAT", None, "Column 1 is not SWDS, MEET, PLAN, SERV or PSTS.")
    fields = fields_of(values[0])
    if len(values) != len(fields):
        return Problem(
            "SBX-FORMAT", None, f"The line has {len(values)} fields; a {values[0]} line has {len(fields)}."
        )
    return Line(values)


def check(line: Line, connection: sqlite3.Connection) -> list[Problem]:
    """Every problem of a line, in field order within each kind; empty means it may be posted.

    A line whose format is wrong is not looked at further. A delete needs a sound key and no more.
    """
    problems = _format_problems(line) or _retired_ssid(line, connection)
    if problems:
        return problems
    if line.transaction_type == "D":
        return _missing(line, key_only=True)
    problems = _missing(line, key_only=False) + _unknown_codes(line)
    own_rules = {"SWDS": _swds, "MEET": _meet, "PLAN": _plan, "SERV": _serv, "PSTS": _psts}[line.record]
    problems += own_rules(line, connection)
    if (
        line.ssid
        and _any(connection, "SELECT 1 FROM enrollment LIMIT 1")
        and not _any(connection, "SELECT 1 FROM known_ssid WHERE ssid = ?", line.ssid)
    ):
        problems.append(Problem("SBX0002", KEYS[line.record][0], "The state has no student with this SSID."))
    return problems


def _any(connection: sqlite3.Connection, query: str, *values: str) -> bool:
    return connection.execute(query, values).fetchone() is not None


def _is_date(value: str) -> bool:
    if not _EIGHT_DIGITS.fullmatch(value):
        return False
    try:
        date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        return False
    return True


def _format_problem(field: Field, value: str) -> Problem | None:
    if field.type == "date" and not _is_date(value):
        return Problem("FRMT0002", field.number, f"{field.name} is not a date in the form CCYYMMDD.")
    if field.type == "number" and not _DIGITS.fullmatch(value):
        return Problem("FRMT0004", field.number, f"{field.name} is not a whole number.")
    longest = field.max_length or UNKNOWN_LENGTH_LIMIT
    if len(value) > longest:
        return Problem("FRMT0001", field.number, f"{field.name} is longer than {longest} characters.")
    return None


def _format_problems(line: Line) -> list[Problem]:
    problems = []
    for position, (field, value) in enumerate(zip(fields_of(line.record), line.values, strict=True)):
        if position == 1:
            if value not in _TRANSACTION_TYPES:
                problems.append(
                    Problem("GERR0008", field.number, "The transaction type is not blank, A, R or D.")
                )
        elif value and (problem := _format_problem(field, value)):
            problems.append(problem)
    return problems


def _retired_ssid(line: Line, connection: sqlite3.Connection) -> list[Problem]:
    row = connection.execute("SELECT replaced_by FROM retired_ssid WHERE ssid = ?", (line.ssid,)).fetchone()
    if row is None:
        return []
    text = f"This SSID is retired. The student now has the SSID {row['replaced_by']}."
    return [Problem("SBX0003", KEYS[line.record][0], text)]


def _missing(line: Line, *, key_only: bool) -> list[Problem]:
    problems = []
    for field, value in zip(fields_of(line.record), line.values, strict=True):
        is_key = field.number in KEYS[line.record] and field.number not in _MAY_BE_BLANK
        is_wanted = is_key or (field.is_required and not key_only)
        if is_wanted and not value.strip():
            problems.append(Problem("GERR0001", field.number, f"{field.name} is required and is empty."))
    if line.record == "MEET" and not line.key[-1]:
        problems.append(
            Problem("GERR0001", MEETING_DATE, "Both the meeting date and the pending date are empty.")
        )
    return problems


def _unknown_codes(line: Line) -> list[Problem]:
    problems = []
    for field, value in zip(fields_of(line.record), line.values, strict=True):
        if not value or not field.code_set:
            continue
        codes = code_sets()[field.code_set]
        # An incomplete list proves nothing about a code that it lacks.
        if codes.is_complete and (value not in codes.codes or codes.codes[value].status != "current"):
            problems.append(
                Problem("GERR0002", field.number, f"{field.name} is not a code of the set {codes.name}.")
            )
    return problems


def _swds(line: Line, connection: sqlite3.Connection) -> list[Problem]:
    problems = []
    if line["22.12"] == "1" and line["22.13"]:
        problems.append(
            Problem("SWDS0594", "22.13", "A student with status 1 has no reason for not participating.")
        )
    if (
        line["22.12"] in ("1", "3")
        and line.starts_on
        and line.starts_on[4:6] not in ("06", "07", "08")
        and _any(connection, "SELECT 1 FROM enrollment LIMIT 1")
        and not _any(
            connection,
            "SELECT 1 FROM enrollment WHERE ssid = ? AND lea = ? AND status <> ?"
            " AND starts_on <= ? AND (ends_on = '' OR ends_on >= ?)",
            line.ssid,
            line.lea,
            _ENROLLED_ELSEWHERE,
            line.starts_on,
            line.starts_on,
        )
    ):
        problems.append(
            Problem("GERR0005", "22.11", "The reporting LEA does not enroll the student on the status date.")
        )
    return problems


def _meet(line: Line, connection: sqlite3.Connection) -> list[Problem]:
    return []


def _plan(line: Line, connection: sqlite3.Connection) -> list[Problem]:
    problems = []
    for disability, degree in (("23.15", "23.16"), ("23.17", "23.18")):
        if line[disability] in _NEEDS_DEGREE_OF_SUPPORT and line[degree] not in ("MMSN", "ESN"):
            problems.append(
                Problem("PLAN0726", degree, f"The disability in {disability} needs MMSN or ESN in {degree}.")
            )
    if _any(
        connection,
        "SELECT 1 FROM record WHERE ssid = ? AND record = 'PLAN' AND starts_on = ? AND lea <> ?",
        line.ssid,
        line.starts_on,
        line.lea,
    ):
        problems.append(
            Problem("PLAN0663F1", "23.12", "Another LEA has a plan for this student with this start date.")
        )
    return problems


def _serv(line: Line, connection: sqlite3.Connection) -> list[Problem]:
    problems = []
    agency, provider = line["25.05"], line["25.12"]
    if provider == _NONPUBLIC_AGENCY_PROVIDER and not agency:
        problems.append(Problem("SERV0327", "25.05", "Provider 400 needs the id of the nonpublic agency."))
    if agency and provider != _NONPUBLIC_AGENCY_PROVIDER:
        problems.append(Problem("SERV0328", "25.12", "A service with a nonpublic agency has provider 400."))
    if (
        agency
        and _any(connection, "SELECT 1 FROM nonpublic_agency LIMIT 1")
        and not _any(connection, "SELECT 1 FROM nonpublic_agency WHERE npa_id = ?", agency)
    ):
        problems.append(
            Problem("SERV0447", "25.05", "The nonpublic agency is not in the list of the department.")
        )
    if not _any(
        connection,
        "SELECT 1 FROM record WHERE ssid = ? AND record = 'PLAN' AND starts_on = ? AND lea = ?",
        line.ssid,
        line.starts_on,
        line.lea,
    ):
        problems.append(Problem("SBX0001", "25.17", "The plan that this service belongs to is not posted."))
    return problems


def _psts(line: Line, connection: sqlite3.Connection) -> list[Problem]:
    problems = []
    is_special_education = line["17.11"] == _SPECIAL_EDUCATION
    for number, name, missing, unwanted in (
        ("17.09", "local student id", "PSTS0478", "PSTS0477"),
        ("17.10", "SELPA", "PSTS0476", "PSTS0475"),
    ):
        if is_special_education and not line[number]:
            problems.append(Problem(missing, number, f"Participation type 30 needs the {name}."))
        if not is_special_education and line[number]:
            problems.append(Problem(unwanted, number, f"Only participation type 30 has a {name}."))
    if line["17.06"] and line["17.05"] != _NONPUBLIC_SCHOOL:
        problems.append(Problem("PSTS0003", "17.05", "With a nonpublic school the school is 0000001."))
    if line["17.05"] == _NONPUBLIC_SCHOOL and not line["17.06"]:
        problems.append(Problem("PSTS0004", "17.06", "School 0000001 needs the nonpublic school."))
    return problems
