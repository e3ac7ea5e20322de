"""Loading ``people.csv``: all of it once, and nothing of a file that names somebody it does not have."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from manzanita.accounts.models import User
from manzanita.procedures import people
from manzanita.procedures.people import load_people
from manzanita.students.models import CaseAssignment, Contact
from tests.support import world as w

HEAD = "kind,person_id,role,first_name,last_name,email,agency,ssid,relation,language,phone\n"
STAFF = f"staff,P1,case_manager,Larkspur,Sample,larkspur.sample@example.org,{w.LEA},,,,\n"
ROWS = (
    f"assignment,P1,,,,,,{w.SSIDS['yarrow']},,,\n"
    f"rights_holder,,,Poppy,Testcase,,,{w.SSIDS['yarrow']},Mother,English,555-0101\n"
    f"rights_holder,,,Reed,Testcase,,,{w.SSIDS['yarrow']},Father,English,555-0102\n"
    f"rights_holder,,,Lupine,Testcase,,,{w.SSIDS['towhee']},Mother,English,555-0103\n"
)


@pytest.fixture
def load(small_world: w.World, tmp_path: Path):
    def loaded(text: str):
        path = tmp_path / "people.csv"
        path.write_text(HEAD + text, encoding="utf-8")
        return load_people(path, as_of=date(2026, 11, 23), passwords={})

    return loaded


def test_a_load_that_was_cut_off_is_completed_by_the_next(load, monkeypatch) -> None:
    calls = []

    def cut_off(kind, stated, **how):
        calls.append(kind)
        if len(calls) == 3:
            raise RuntimeError("cut off")
        return real(kind, stated, **how)

    real = people.state_student_facts
    monkeypatch.setattr(people, "STATEMENTS_AT_ONCE", 1)
    monkeypatch.setattr(people, "state_student_facts", cut_off)
    before = CaseAssignment.objects.count(), Contact.objects.count()
    with pytest.raises(RuntimeError):
        load(STAFF + ROWS)
    # What was written before the cut stays: the assignment and the first contact, each in a transaction of its own.
    assert (CaseAssignment.objects.count(), Contact.objects.count()) == (before[0] + 1, before[1] + 1)

    loaded = load(STAFF + ROWS)

    assert (loaded.staff, loaded.assignments, loaded.contacts, loaded.unknown) == (1, 1, 3, 0)
    assert (CaseAssignment.objects.count(), Contact.objects.count()) == (before[0] + 1, before[1] + 3)


def test_a_file_that_names_nobody_it_has_leaves_nothing(load) -> None:
    with pytest.raises(ValueError, match=r"people\.csv, line 3: no case manager P2 in this file"):
        load(STAFF + f"assignment,P2,,,,,,{w.SSIDS['yarrow']},,,\n")

    assert not User.objects.filter(email="larkspur.sample@example.org").exists()
