"""Loading ``people.csv``: all of it once, and nothing of a file that names somebody it does not have."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from manzanita.accounts.models import User
from manzanita.accounts.queries import actor_of, grants_in_force
from manzanita.procedures import people
from manzanita.procedures.people import load_people
from manzanita.students.actions import state_one
from manzanita.students.models import CaseAssignment, Contact, Service
from manzanita.students.scope import visible_to
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


def test_an_npa_provider_is_let_in_by_two_districts_and_sees_the_students_of_both(
    small_world, tmp_path
) -> None:
    """Alder and Sage, of two districts, each with a service that the NPA gives."""
    head = HEAD.rstrip("\n") + ",schools,managed_by\n"
    person = f"P1,npa_provider,Plover,Pretend,plover.pretend@example.org,{w.NPA},,,,,"
    text = f"staff,{person},{w.LEA}\ngrant,{person},{w.OTHER_LEA}\n"
    text += "".join(f"team,P1,,,,,,{w.SSIDS[name]},Speech,,,,\n" for name in ("alder", "sage", "towhee"))
    path = tmp_path / "people.csv"
    path.write_text(head + text, encoding="utf-8")
    for name, lea in (("alder", w.LEA), ("sage", w.OTHER_LEA)):
        slot = {"student_id": small_world.students[name].pk, "service_no": 9}
        values = dict.fromkeys(Service.content, "") | {
            "lea_code": lea,
            "service_code": "415",
            "npa_id": w.NPA,
            "provider_code": "400",
        }
        state_one(
            "service", slot=slot, values=values, effective_from=date(2026, 9, 1), by_id=None, cause="test"
        )

    load_people(path, as_of=date(2026, 11, 23), passwords={})

    user = User.objects.get(email="plover.pretend@example.org")
    assert sorted(user.grants.values_list("managed_by_code", flat=True)) == [w.LEA, w.OTHER_LEA]
    seen = visible_to(actor_of(user, *grants_in_force(user, w.TODAY)))
    # Towhee is on the list of the team, but has no service of the NPA.
    assert {one.first_name for one in seen} == {"Alder", "Sage"}
