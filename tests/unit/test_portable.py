"""The document of a portable student file: what is refused, with its place; and what a row is against what is known."""

from __future__ import annotations

import copy
import json
from datetime import date

import pytest

from manzanita.domain.portable import (
    SECTIONS,
    SLOTS,
    STUDENT,
    Held,
    Standing,
    Unreadable,
    parsed,
    problems_of,
    standing_of,
)
from manzanita.meetings.models import Meeting
from manzanita.students.actions import FACT_MODELS
from manzanita.students.models import Student

SPAN = {"from": "2025-08-14", "to": None}
PLAN = dict.fromkeys((name for name in SECTIONS["plans"] if name not in ("from", "to")), "")
GOOD = {
    "kind": "manzanita-student-file",
    "schema_version": 1,
    "made_on": "2026-11-23",
    "made_by": {"agency_code": "9910010", "agency_name": "A", "person": "B", "meant_for": "C"},
    "student": {
        "first_name": "Alder",
        "middle_name": "",
        "last_name": "Testcase",
        "suffix": "",
        "birth_on": "2016-04-09",
        "gender_code": "M",
        "local_sped_id": "",
    },
    "ssids": [{"ssid": "9900000005", **SPAN}],
    "enrollments": [],
    "statuses": [
        {"lea_code": "9910010", "status_code": "1", "reason_code": "", "initial_entry_on": None, **SPAN}
    ],
    "plans": [
        PLAN | {"from": "2024-11-20", "to": "2025-11-13"},
        PLAN | {"from": "2025-11-14", "to": None},
    ],
    "services": [],
    "meetings": [],
    "people": [],
    "rights": [],
}


def changed(path: str, value: object) -> dict:
    document = copy.deepcopy(GOOD)
    *way, last = path.split(".")
    at = document
    for one in way:
        at = at[int(one)] if one.isdecimal() else at[one]
    at[int(last) if last.isdecimal() else last] = value
    return document


def test_a_good_document_has_no_problem():
    assert problems_of(GOOD) == []


@pytest.mark.parametrize(
    ("path", "value", "problems"),
    [
        ("kind", "other", ["kind: not “manzanita-student-file”; this is another kind of file."]),
        ("schema_version", 2, ["schema_version: 2; this installation reads version 1."]),
        ("schema_version", True, ["schema_version: True; this installation reads version 1."]),
        ("made_on", "yesterday", ["document.made_on: not a day."]),
        ("student.birth_on", "2016-02-30", ["student.birth_on: not a day or null."]),
        ("student.extra", "", ["student.extra: unknown."]),
        ("student.last_name", 5, ["student.last_name: not a text of at most 255."]),
        ("student.last_name", "A\u0000B", ["student.last_name: not a text of at most 255."]),
        ("statuses.0.status_code", "12", ["statuses[0].status_code: not a text of at most 1."]),
        ("plans", {}, ["plans: not a list."]),
        ("plans.1", [], ["plans[1]: not an object."]),
        ("plans.1.from", "2025-11-13", ["plans[1]: holds on days on which plans[0] does."]),
        ("plans.0.to", "2024-11-19", ["plans[0].to: before “from”."]),
        ("ssids.0.ssid", "99000000051", ["ssids[0].ssid: not a text of at most 10."]),
        ("ssids.0.ssid", "990000000x", ["ssids[0].ssid: not ten digits."]),
        (
            "student.first_name",
            " ",
            ["student: first name, last name or birth date is empty; nobody can be found by it."],
        ),
    ],
)
def test_each_problem_is_told_with_its_place(path, value, problems):
    assert problems_of(changed(path, value)) == problems


def test_what_is_missing_is_told():
    document = copy.deepcopy(GOOD)
    del document["services"], document["student"]["suffix"]

    assert problems_of(document) == ["student.suffix: missing.", "services: not a list."]


def test_a_confidential_person_with_an_address_and_rights_of_nobody_are_refused():
    person = dict.fromkeys(SECTIONS["people"], "") | {"contact_no": 1, "name": "Maple", **SPAN}
    right = {
        "contact_no": 2,
        "kind_code": "parent",
        "evidence_code": "",
        "evidence_on": None,
        "is_sole": False,
        "limitation": "",
        **SPAN,
    }
    document = GOOD | {
        "people": [person | {"confidential_code": "safe_at_home", "street": "1 Elm"}],
        "rights": [right],
    }

    assert problems_of(document) == [
        "rights[0].contact_no: 2 is none of the people.",
        "people[0]: confidential, and yet with an address.",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "Line 1, character 2: no JSON"),
        (b'{"a": 1,\n "b" 2}', "Line 2, character 6: no JSON"),
        (b"\xff", "Byte 1: the file is not UTF-8 text."),
        (b"[]", "The file is no student file: it holds no object."),
        (b'{"a": 1.5}', "1.5 is not a whole number"),
        (b'{"a": NaN}', "NaN is not a whole number"),
        (b'{"a": 1, "a": 2}', "“a” stands twice in one place."),
        (b"[" * 100_000, "The file is no student file: it is nested or numbered beyond measure."),
        (b" " * 2_000_001, "The file has 2,000,001 bytes; 2,000,000 are read at most."),
    ],
)
def test_what_is_no_file_of_ours_is_refused_with_the_place(content, problem):
    with pytest.raises(Unreadable) as caught:
        parsed(content)
    assert caught.value.problems[0].startswith(problem)


def test_a_good_file_is_parsed():
    assert parsed(json.dumps(GOOD).encode()) == GOOD


def test_fields_are_as_wide_as_their_columns():
    models = {
        section: FACT_MODELS[kind]
        for section, kind in (
            *(("ssids", "ssid"), ("enrollments", "enrollment"), ("statuses", "status")),
            *(("plans", "plan"), ("services", "service"), ("people", "contact"), ("rights", "rights")),
        )
    } | {"meetings": Meeting, "student": Student}
    wrong = []
    for section, fields in (SECTIONS | {"student": STUDENT}).items():
        for name, kind in fields.items():
            if kind.startswith("text"):
                width = models[section]._meta.get_field(name).max_length
                wrong += [(section, name, kind, width)] if int(kind.rsplit(" ", 1)[1]) != width else []
    assert wrong == []


def test_a_file_says_all_that_a_fact_holds():
    """But the number of a court paper, which is not for others."""
    missing = {
        (section, name)
        for section, kind in (
            ("plans", "plan"),
            ("services", "service"),
            ("rights", "rights"),
            ("people", "contact"),
        )
        for name in FACT_MODELS[kind].content
        if name not in SECTIONS[section]
    }
    assert missing == {("rights", "evidence_reference")}
    assert set(SLOTS) == set(SECTIONS) - {"meetings"}


D = date
KNOWN = [Held(D(2025, 1, 1), D(2025, 12, 31), {"a": 1}), Held(D(2026, 1, 1), None, {"a": 2})]


@pytest.mark.parametrize(
    ("start", "end", "value", "standing"),
    [
        (D(2025, 1, 1), D(2025, 12, 31), 1, Standing.KNOWN),
        (D(2025, 3, 1), D(2025, 4, 1), 1, Standing.KNOWN),
        (D(2026, 5, 1), None, 2, Standing.KNOWN),
        (D(2024, 1, 1), D(2024, 12, 31), 9, Standing.NEW),
        # Longer than known, and nothing else on those days.
        (D(2024, 6, 1), D(2025, 6, 1), 1, Standing.NEW),
        (D(2024, 6, 1), D(2025, 1, 1), 2, Standing.DIFFERS),
        (D(2025, 6, 1), None, 1, Standing.DIFFERS),
    ],
)
def test_known_new_or_different(start, end, value, standing):
    assert standing_of(KNOWN, start, end, {"a": value}) is standing
