"""The district of residence from SIS files (SENR 1.31) to who sees the student, and who owes the IEP by
it. What the office says by hand: ``test_residence_by_hand.py``.

Chaparral (``w.LEA``) takes files in; Heron Creek (``w.OTHER_LEA``) is where students live. It is November 23, 2026."""

from __future__ import annotations

from datetime import date

import pytest
from django.http import Http404

from manzanita.deadlines.models import DueDate
from manzanita.deadlines.recompute import recompute_stale
from manzanita.domain.part_b import By, Owes
from manzanita.exchange.models import ImportNote
from manzanita.platform.reach import reach
from manzanita.procedures.residence import Said, say_residence
from manzanita.students.actions import state_one
from manzanita.students.infants import part_b_leas
from manzanita.students.models import AgencyRelation, Enrollment
from manzanita.students.onlookers import other_agencies
from manzanita.students.queries import get_student
from manzanita.students.scope import here_for, listed_for, visible_to
from tests.support import pages
from tests.support import world as w
from tests.support.residence import actor_at, infant, relations
from tests.support.sis_files import FERN_SSID, fern, notes, outcome, student_of, text, words
from tests.support.special import state

pytestmark = pytest.mark.django_db

CAME = date(2026, 8, 15)
THERE = {"1.31": w.OTHER_LEA}


def versions() -> list[tuple]:
    return list(AgencyRelation.objects.order_by("pk").values_list()) + list(
        Enrollment.objects.order_by("pk").values_list()
    )


# From the file to the relation


def test_another_district_becomes_a_relation_on_the_days_of_the_enrollment(take_in):
    run = take_in(SENR=text(fern(**THERE, **{"1.25": "20261218", "1.26": "E400"})))
    assert outcome(run) == {"lines": 1, "new": 1} and notes(run) == []
    student = student_of(FERN_SSID)
    assert relations(student) == [(w.OTHER_LEA, CAME, date(2026, 12, 18))]
    row = AgencyRelation.objects.get(student=student)
    assert (row.cause, row.school_code) == (f"sis-import:{run.pk}", "")
    assert Enrollment.objects.get(student=student).residence_code == w.OTHER_LEA


@pytest.mark.parametrize(("code", "kept"), [("", ""), (w.LEA, w.LEA)])
def test_a_blank_and_the_own_lea_make_no_relation(take_in, code, kept):
    take_in(SENR=text(fern(**{"1.31": code})))
    student = student_of(FERN_SSID)
    assert relations(student) == []
    assert Enrollment.objects.get(student=student).residence_code == kept


def test_importing_the_same_file_twice_changes_nothing(take_in):
    files = {
        "SENR": text(
            fern(**THERE),
            fern(**{"1.22": "20250815", "1.25": "20260601", "1.26": "E155", "1.31": "9910010"}),
            # Beside the other one, and it says something else.
            fern(**{"1.22": "20261001", "1.23": "20", "1.31": w.LEA}),
            w.senr("alder", **THERE),
        )
    }
    take_in(**files)
    assert relations(student_of(FERN_SSID)) == [
        ("9910010", date(2025, 8, 15), date(2026, 6, 1)),
        (w.OTHER_LEA, CAME, None),
    ]
    before = versions()
    run = take_in(**files)
    assert outcome(run)["unchanged"] == 4 and versions() == before


def test_what_the_sis_corrects_ends_or_deletes_is_followed(take_in, noon):
    take_in(SENR=text(fern(**THERE)))
    student = student_of(FERN_SSID)
    noon.shift(3600)
    take_in(SENR=text(fern(**{"1.31": "9910010"})))
    assert relations(student) == [("9910010", CAME, None)]
    # The old value is kept, with the time in which it was believed.
    first = AgencyRelation.objects.get(student=student, agency_code=w.OTHER_LEA)
    assert first.superseded_at is not None and first.effective_to is None
    take_in(SENR=text(fern(**THERE, **{"1.25": "20261002", "1.26": "E400"})))
    assert relations(student) == [(w.OTHER_LEA, CAME, date(2026, 10, 2))]
    take_in(SENR=text(fern(**{"1.31": ""})))
    assert relations(student) == []
    take_in(SENR=text(fern(**THERE)))
    take_in(SENR=text(fern(**THERE, **{"1.02": "D"})))
    assert relations(student) == []


def test_of_two_leas_the_newer_primary_enrollment_says_it_whoever_imports_last(take_in):
    ours = text(fern(**THERE))
    theirs = text(
        fern(**{"1.04": w.OTHER_LEA, "1.05": w.OTHER_SCHOOL, "1.22": "20261102", "1.31": w.OTHER_LEA})
    )
    take_in(SENR=ours)
    take_in(w.OTHER_LEA, SENR=theirs)
    student = student_of(FERN_SSID)
    assert relations(student) == [(w.OTHER_LEA, CAME, date(2026, 11, 1))]
    before = versions()
    take_in(SENR=ours)
    take_in(w.OTHER_LEA, SENR=theirs)
    assert versions() == before


def test_lines_in_several_chunks_come_to_the_same(take_in, monkeypatch):
    monkeypatch.setattr("manzanita.procedures.import_sis.LINES_AT_ONCE", 1)
    rows = [
        fern(**{"1.22": "20250815", "1.25": "20260601", "1.26": "E155", **THERE}),
        fern(**{"1.31": "9910010"}),
        fern(**{"1.22": "20260901", "1.23": "20", "1.31": w.OTHER_LEA}),
    ]
    take_in(SENR=text(*rows))
    expected = [(w.OTHER_LEA, date(2025, 8, 15), date(2026, 6, 1)), ("9910010", CAME, None)]
    assert relations(student_of(FERN_SSID)) == expected
    before = versions()
    take_in(SENR=text(*rows))
    assert versions() == before


@pytest.mark.parametrize("code", ["991002", "Heron Creek", "99100250000000"])
def test_a_code_that_is_none_is_emptied_with_row_field_and_fix(take_in, code):
    run = take_in(SENR=text(fern(), w.senr("alder", **{"1.31": code})))
    assert outcome(run) == {"lines": 2, "new": 1, "unchanged": 1, "matched": 1, "emptied": 1}
    assert notes(run) == [("SENR.txt", 2, "emptied", ["1.31"])]
    assert words(run) == [
        f'Line 2: 1.31 District of Geographic Residence: "{code}" is no district: county and district are 7 digits. '
        "The field is left empty, so nobody is told where the student lives; the rest of the line is loaded."
    ]
    note = ImportNote.objects.get()
    assert note.owner == "SIS staff" and note.fix.startswith("Enter the seven digits")


def test_a_district_that_the_directory_does_not_know_stands_and_is_told_once(take_in):
    rows = [fern(**{"1.08": f"99000001{n:02}", "1.09": f"K{n}", "1.31": "1234567"}) for n in range(2)]
    run = take_in(
        SENR=text(*rows, fern(**{"1.31": w.NPA}), fern(**THERE, **{"1.22": "20250815", "1.25": "20260601"}))
    )
    assert notes(run) == [("SENR.txt", 1, "kept", ["1.31"]), ("SENR.txt", 3, "kept", ["1.31"])]
    assert words(run) == [
        "Lines 1, 2: 1.31 District of Geographic Residence: 1234567 is not in the directory. The lines are loaded as "
        "they are. Nobody is shown the student by it.",
        f"Line 3: 1.31 District of Geographic Residence: {w.NPA} is Meadowlark Therapies, and that is no district. The "
        "line is loaded as it is. Nobody is shown the student by it.",
    ]
    assert relations(student_of("9900000100")) == [("1234567", CAME, None)]


@pytest.mark.parametrize("count", [2, 60])
def test_an_import_costs_the_same_queries_for_few_and_many(take_in, django_assert_max_num_queries, count):
    rows = [fern(**{"1.08": f"99000002{n:02}", "1.09": f"K{n}", **THERE}) for n in range(count)]
    with django_assert_max_num_queries(IMPORT_QUERIES):
        take_in(SENR=text(*rows))
    assert AgencyRelation.objects.count() == count


# On PostgreSQL, which locks by questions and renews its statistics once at the end; on SQLite four fewer.
IMPORT_QUERIES = 78


# Who sees the student by it


def test_the_district_of_residence_sees_the_student_from_the_first_day_to_the_last(
    small_world, take_in, noon
):
    take_in(SENR=text(fern(**THERE, **{"1.25": "20261127", "1.26": "E400"})))
    student, lives, neighbor = student_of(FERN_SSID), actor_at(w.OTHER_LEA), actor_at(w.LEA)
    for actor in (lives, actor_at(w.OTHER_LEA, "coordinator")):
        with reach(actor.agency_codes):
            assert visible_to(actor).filter(pk=student.pk).exists()
            assert get_student(actor, student.public_id) == student
    with reach(lives.agency_codes):
        assert list(listed_for(lives).values_list("pk", flat=True)) == [student.pk]
        assert here_for(lives).filter(pk=student.pk).exists()
    # Who lives at home is no business of this perspective.
    assert not listed_for(neighbor).exists()
    assert w.OTHER_LEA in {one.code for one in other_agencies(small_world.coordinator_actor, student)}
    noon.move_to(w.NOON.replace(day=27))
    with reach(lives.agency_codes):
        assert visible_to(lives).filter(pk=student.pk).exists()
    noon.move_to(w.NOON.replace(day=28))
    with reach(lives.agency_codes):
        assert not visible_to(lives).exists() and not listed_for(lives).exists()
        with pytest.raises(Http404):
            get_student(lives, student.public_id)


# C to B


def test_who_owes_the_iep_by_each_fact(small_world, take_in):
    student, today = infant(), w.TODAY
    assert part_b_leas([student.pk], today) == {}
    say_residence(
        actor=small_world.coordinator_actor,
        student=student,
        said=Said(w.OTHER_LEA, date(2026, 9, 1), "Told."),
    )
    recompute_stale()
    assert part_b_leas([student.pk], today) == {student.pk: Owes(w.OTHER_LEA, By.RESIDENCE)}
    dues = DueDate.objects.filter(student=student, clock="c-to-b-iep")
    assert set(dues.values_list("lea_code", flat=True)) == {w.LEA, w.OTHER_LEA}
    state_one(
        "agency",
        slot={"student_id": student.pk, "relationship": "next_year"},
        values={"agency_code": w.LEA, "school_code": ""},
        effective_from=today,
        by_id=None,
        cause="test",
    )
    assert part_b_leas([student.pk], today) == {student.pk: Owes(w.LEA, By.NEXT_YEAR)}


@pytest.mark.parametrize(("code", "owes"), [(w.OTHER_LEA, w.OTHER_LEA), (w.LEA, w.LEA), ("", "")])
def test_the_sis_says_who_owes_the_iep_also_where_the_child_lives_at_home(small_world, take_in, code, owes):
    student = infant()
    plover = {"1.08": "9900900001", "1.10": "Plover", "1.12": "Testcase", "1.17": "20240202", "1.24": "IN"}
    take_in(SENR=text(fern(**plover, **{"1.31": code})))
    expected = {student.pk: Owes(owes, By.RESIDENCE, is_of_sis=True)} if owes else {}
    assert part_b_leas([student.pk], w.TODAY) == expected
    # What stands beside it says nothing: a secondary enrollment, and one that the newer primary one outranks.
    beside = {"school_code": w.OTHER_SCHOOL, "residence_code": w.OTHER_LEA, "grade_code": "IN"}
    older = [("10", date(2026, 8, 10))] if code else []
    for status, since in [("20", date(2026, 11, 2)), *older]:
        slot = {"student_id": student.pk, "lea_code": w.OTHER_LEA, "started_on": since}
        state("enrollment", slot, pages.enrollment() | beside | {"status_code": status}, since)
        assert part_b_leas([student.pk], w.TODAY) == expected
