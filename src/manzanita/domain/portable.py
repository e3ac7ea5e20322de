"""The portable student file: what stands in it, and what is wrong with one that somebody brings.

The document is plain JSON: text, whole numbers, true and false; days as ``2026-11-23``; what has no end has ``null``
as ``to``. Version 1 is read by every later version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from manzanita.domain.fields import PLAN_FIELDS, SERVICE_FIELDS

KIND = "manzanita-student-file"
SCHEMA_VERSION = 1
LARGEST_BYTES = 2_000_000
MOST_ROWS = 2_000

_OPTIONAL_DAY, _DAY, _FLAG, _NUMBER = "day or null", "day", "true or false", "whole number"


def _text(longest: int) -> str:
    return f"text of at most {longest}"


def _codes(names: Sequence[str], longest: int) -> dict[str, str]:
    return dict.fromkeys(names, _text(longest))


_SPAN = {"from": _DAY, "to": _OPTIONAL_DAY}
# Codes of plans and services are as wide as their columns; a test compares.
_WIDE = {
    "plan_type_code": 3,
    "primary_residence_code": 3,
    "disability_1_code": 3,
    "degree_of_support_1_code": 4,
    "disability_2_code": 3,
    "degree_of_support_2_code": 4,
    "program_setting_code": 3,
    "preschool_location_code": 2,
    "general_education_percent": 3,
    "program_type_code": 3,
    "agency_representative_code": 2,
    "parental_involvement_code": 2,
    "service_code": 3,
    "provider_code": 3,
    "npa_id": 7,
    "location_code": 3,
    "frequency_code": 2,
    "duration_minutes": 5,
}
_PLAN = {one.attribute: _text(_WIDE.get(one.attribute, 1)) for one in PLAN_FIELDS}
_SERVICE = {one.attribute: _text(_WIDE.get(one.attribute, 1)) for one in SERVICE_FIELDS}
# Section: field: what it holds. As wide as the tables that a file is read into.
STUDENT: Mapping[str, str] = MappingProxyType(
    {
        **_codes(("first_name", "middle_name", "last_name", "suffix"), 255),
        "birth_on": _OPTIONAL_DAY,
        "gender_code": _text(1),
        "local_sped_id": _text(15),
    }
)
SECTIONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "ssids": {"ssid": _text(10), **_SPAN},
        "enrollments": {
            **_codes(("lea_code", "school_code", "nps_code"), 7),
            "status_code": _text(2),
            "grade_code": _text(2),
            "exit_reason_code": _text(4),
            "completion_code": _text(3),
            "local_student_id": _text(255),
            "started_on": _DAY,
            **_SPAN,
        },
        "statuses": {
            "lea_code": _text(7),
            "status_code": _text(1),
            "reason_code": _text(2),
            "initial_entry_on": _OPTIONAL_DAY,
            **_SPAN,
        },
        "plans": {"lea_code": _text(7), "dsea_code": _text(7), "reason_code": _text(2), **_PLAN, **_SPAN},
        "services": {"service_no": _NUMBER, "lea_code": _text(7), **_SERVICE, **_SPAN},
        "meetings": {
            "lea_code": _text(7),
            "event_key": _text(20),
            "held_on": _DAY,
            "evaluation_type_code": _text(2),
            "is_plan_review": _FLAG,
            "outcome_code": _text(2),
            "delay_code": _text(2),
        },
        "people": {
            "contact_no": _NUMBER,
            "name": _text(120),
            **_codes(("relation", "language", "written_language", "phone"), 30),
            "email": _text(120),
            "street": _text(120),
            "street_2": _text(120),
            "city": _text(60),
            "state_code": _text(2),
            "zip_code": _text(10),
            "confidential_code": _text(20),
            **_SPAN,
        },
        "rights": {
            "contact_no": _NUMBER,
            "kind_code": _text(20),
            "evidence_code": _text(30),
            "evidence_on": _OPTIONAL_DAY,
            "is_sole": _FLAG,
            "limitation": _text(300),
            **_SPAN,
        },
    }
)
SECTION_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "ssids": "SSIDs",
        "enrollments": "Enrollments",
        "statuses": "Special education status",
        "plans": "Plans",
        "services": "Services",
        "meetings": "Meetings held",
        "people": "People around the student",
        "rights": "Who decides on education",
    }
)
# Within these two rows of one student never hold on the same day.
SLOTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ssids": (),
        "enrollments": ("lea_code", "started_on"),
        "statuses": (),
        "plans": (),
        "services": ("service_no",),
        "people": ("contact_no",),
        "rights": ("contact_no",),
    }
)
# What a confidential person keeps to oneself, here as on screen (``domain.contacts``).
WITHHELD = ("phone", "email", "street", "street_2", "city", "state_code", "zip_code")
_HEAD = {"kind": _text(40), "schema_version": _NUMBER, "made_on": _DAY}
_MADE = {"agency_code": _text(7), "agency_name": _text(120), "person": _text(120), "meant_for": _text(200)}


class Unreadable(Exception):
    """The file is refused; ``problems`` name each place and what is wrong there."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = list(problems)


def parsed(content: bytes) -> dict[str, Any]:
    """The JSON object in ``content``. A name twice, a float and what is no JSON are refused. Raises ``Unreadable``."""
    if len(content) > LARGEST_BYTES:
        raise Unreadable([f"The file has {len(content):,} bytes; {LARGEST_BYTES:,} are read at most."])

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise Unreadable([f"“{name}” stands twice in one place." for name in twice])
        return dict(pairs)

    def no_number(text: str) -> Any:
        raise Unreadable([f"{text[:20]} is not a whole number; no other numbers stand in such a file."])

    try:
        found = json.loads(
            content.decode("utf-8"), object_pairs_hook=once, parse_float=no_number, parse_constant=no_number
        )
    except UnicodeDecodeError as error:
        raise Unreadable([f"Byte {error.start + 1}: the file is not UTF-8 text."]) from error
    except json.JSONDecodeError as error:
        raise Unreadable([f"Line {error.lineno}, character {error.colno}: no JSON ({error.msg})."]) from error
    except (RecursionError, ValueError) as error:
        raise Unreadable(["The file is no student file: it is nested or numbered beyond measure."]) from error
    if not isinstance(found, dict):
        raise Unreadable(["The file is no student file: it holds no object."])
    return found


def problems_of(document: Any) -> list[str]:
    """Everything that is wrong with a document, each with its place, such as ``plans[2].from``; empty: none."""
    if not isinstance(document, dict):
        return ["document: not an object."]
    if document.get("kind") != KIND:
        return [f"kind: not “{KIND}”; this is another kind of file."]
    version = document.get("schema_version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        return [f"schema_version: {str(version)[:20]}; this installation reads version {SCHEMA_VERSION}."]
    found = [*_row(document, _HEAD, "document", more={"made_by", "student", *SECTIONS})]
    found += _row(document.get("made_by"), _MADE, "made_by")
    found += _row(document.get("student"), STUDENT, "student")
    for section, fields in SECTIONS.items():
        rows = document.get(section)
        if not isinstance(rows, list):
            found.append(f"{section}: not a list.")
        elif len(rows) > MOST_ROWS:
            found.append(f"{section}: {len(rows):,} rows; {MOST_ROWS:,} are read at most.")
        else:
            for number, row in enumerate(rows):
                found += _row(row, fields, f"{section}[{number}]")
    return found or [*_spans_wrong(document), *_sense_wrong(document)]


def _row(row: Any, fields: Mapping[str, str], place: str, more: Set[str] = frozenset()) -> list[str]:
    if not isinstance(row, dict):
        return [f"{place}: not an object."]
    found = [f"{place}.{str(name)[:40]}: unknown." for name in row if name not in fields and name not in more]
    for name, kind in fields.items():
        if name not in row:
            found.append(f"{place}.{name}: missing.")
        elif not _fits(row[name], kind):
            found.append(f"{place}.{name}: not a {kind}.")
    return found


def _fits(value: Any, kind: str) -> bool:
    if kind in (_DAY, _OPTIONAL_DAY):
        return (value is None and kind == _OPTIONAL_DAY) or _is_day(value)
    if kind == _FLAG:
        return isinstance(value, bool)
    if kind == _NUMBER:
        return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 32_000
    longest = int(kind.rsplit(" ", 1)[1])
    return isinstance(value, str) and len(value) <= longest and "\0" not in value and value.isprintable()


def _is_day(value: Any) -> bool:
    if not isinstance(value, str) or len(value) != 10:
        return False
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return False
    return 1950 <= day.year <= 2100


def _spans_wrong(document: Mapping[str, Any]) -> list[str]:
    found = []
    for section, slot in SLOTS.items():
        seen: dict[tuple[Any, ...], list[tuple[str, str, int]]] = {}
        for number, row in enumerate(document[section]):
            start, end = row["from"], row["to"] or "9999-12-31"
            if end < start:
                found.append(f"{section}[{number}].to: before “from”.")
            beside = seen.setdefault(tuple(row[name] for name in slot), [])
            found += [
                f"{section}[{number}]: holds on days on which {section}[{other}] does."
                for first, last, other in beside
                if start <= last and first <= end
            ][:1]
            beside.append((start, end, number))
    return found


def _sense_wrong(document: Mapping[str, Any]) -> list[str]:
    student, found = document["student"], []
    if not student["first_name"].strip() or not student["last_name"].strip() or student["birth_on"] is None:
        found.append("student: first name, last name or birth date is empty; nobody can be found by it.")
    for number, row in enumerate(document["ssids"]):
        if not (len(row["ssid"]) == 10 and row["ssid"].isascii() and row["ssid"].isdecimal()):
            found.append(f"ssids[{number}].ssid: not ten digits.")
    people = {row["contact_no"] for row in document["people"]}
    found += [
        f"rights[{number}].contact_no: {row['contact_no']} is none of the people."
        for number, row in enumerate(document["rights"])
        if row["contact_no"] not in people
    ]
    found += [
        f"people[{number}]: confidential, and yet with an address."
        for number, row in enumerate(document["people"])
        if row["confidential_code"] and any(row[name] for name in WITHHELD)
    ]
    return found


class Standing(StrEnum):
    """What a row of the file is against what is known here."""

    KNOWN = "known"
    NEW = "new"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Held:
    """One known row of a slot: its days and its values."""

    start: date
    end: date | None
    values: Mapping[str, Any]


def standing_of(known: Sequence[Held], start: date, end: date | None, values: Mapping[str, Any]) -> Standing:
    """Is the row known, new, or does something else stand here on one of its days? What stands here is never replaced
    by a file; days of which nothing is known may be added to the same values."""

    def last(day: date | None) -> date:
        return day or date.max

    beside = [one for one in known if one.start <= last(end) and start <= last(one.end)]
    if any(dict(one.values) != dict(values) for one in beside):
        return Standing.DIFFERS
    if any(one.start <= start and last(one.end) >= last(end) for one in beside):
        return Standing.KNOWN
    return Standing.NEW
