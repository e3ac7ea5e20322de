"""The district of residence as the office says it by hand, where no SIS does; and taking that back.

Chaparral (``w.LEA``) says it; Heron Creek (``w.OTHER_LEA``) is where students live. It is November 23, 2026."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.auditing.models import ChangeEvent
from manzanita.meetings.actions import NotPossible
from manzanita.orgs.models import Agency
from manzanita.procedures.residence import Said, last_said, say_residence, take_back_residence
from manzanita.students.models import AgencyRelation
from manzanita.students.scope import visible_to
from tests.support import world as w
from tests.support.residence import actor_at, infant, relations
from tests.support.sis_files import FERN_SSID, fern, student_of, text

pytestmark = pytest.mark.django_db

SINCE = date(2026, 9, 1)
MOVED = Said(w.OTHER_LEA, SINCE, "The mother told us on the phone.")


def codes(call, **given) -> list[str]:
    with pytest.raises(NotPossible) as refused:
        call(**given)
    return [one.code for one in refused.value.reasons]


def test_the_office_says_it_with_day_and_reason_and_takes_it_back(small_world, noon):
    actor, student = small_world.coordinator_actor, infant()
    assert say_residence(actor=actor, student=student, said=MOVED)
    assert relations(student) == [(w.OTHER_LEA, SINCE, None)]
    assert not say_residence(actor=actor, student=student, said=MOVED)
    event = ChangeEvent.objects.get(action="state_residence")
    assert (event.student_id, event.reason) == (student.pk, "The mother told us on the phone.")
    lives = actor_at(w.OTHER_LEA)
    assert visible_to(lives).filter(pk=student.pk).exists()

    noon.shift(3600)
    assert say_residence(
        actor=actor, student=student, said=Said("", date(2026, 11, 2), "Moved into our district.")
    )
    assert relations(student) == [(w.OTHER_LEA, SINCE, date(2026, 11, 1))]
    assert not visible_to(lives).exists()

    noon.shift(3600)
    take_back_residence(actor=actor, student=student, seen=last_said(student).pk)
    assert relations(student) == [(w.OTHER_LEA, SINCE, None)]
    # Once taken back, nothing is left to take back by this way.
    assert last_said(student) is None
    assert codes(take_back_residence, actor=actor, student=student, seen=event.pk) == ["changed-since"]
    assert list(
        ChangeEvent.objects.filter(student_id=student.pk).order_by("pk").values_list("action", flat=True)
    ) == [
        "state_residence",
        "state_residence",
        "take_back_residence",
    ]


def test_what_was_said_first_is_taken_back_whole(small_world, noon):
    actor, student = small_world.coordinator_actor, infant()
    say_residence(actor=actor, student=student, said=MOVED)
    noon.shift(3600)
    take_back_residence(actor=actor, student=student, seen=last_said(student).pk)
    assert relations(student) == [] and not visible_to(actor_at(w.OTHER_LEA)).exists()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Said("9999999", SINCE, "Told."), ["no-district"]),
        (Said(w.NPA, SINCE, "Told."), ["no-district"]),
        (Said("Heron", SINCE, "Told."), ["no-district"]),
        (Said(w.OTHER_LEA, None, "Told."), ["no-day"]),
        (Said(w.OTHER_LEA, date(2026, 11, 24), "Told."), ["no-day"]),
        (Said(w.OTHER_LEA, date(2024, 2, 1), "Told."), ["no-day"]),
        (Said(w.OTHER_LEA, SINCE, ""), ["no-reason"]),
    ],
)
def test_what_is_lacking_is_refused_with_its_reason(small_world, said, expected):
    student = infant()
    assert codes(say_residence, actor=small_world.coordinator_actor, student=student, said=said) == expected
    assert relations(student) == []


def test_who_may_not_and_whose_word_counts(small_world, take_in):
    # The IFSP is another LEA's: its office says it.
    theirs = infant(w.OTHER_LEA, dsea=w.LEA)
    actor = small_world.coordinator_actor
    assert codes(say_residence, actor=actor, student=theirs, said=MOVED) == ["other-agency"]
    case_manager = small_world.case_manager_actor
    assert codes(say_residence, actor=case_manager, student=theirs, said=MOVED) == ["perspective-may-not"]
    # The SIS says it: its staff corrects it there.
    take_in(SENR=text(fern(**{"1.31": w.LEA})))
    student = student_of(FERN_SSID)
    assert codes(say_residence, actor=actor, student=student, said=MOVED) == ["sis-says"]
    # It says nothing, and the office may.
    take_in(SENR=text(fern(**{"1.31": ""})))
    assert say_residence(actor=actor, student=student, said=MOVED)
    assert relations(student) == [(w.OTHER_LEA, SINCE, None)]


def test_what_was_said_by_hand_ends_where_a_sis_begins_to_say_it_and_keeps_who_said_it(
    small_world, take_in, noon
):
    take_in(SENR=text(fern()))
    student, actor = student_of(FERN_SSID), small_world.coordinator_actor
    say_residence(actor=actor, student=student, said=MOVED)
    noon.shift(3600)
    take_in(SENR=text(fern(), fern(**{"1.22": "20261102", "1.31": w.LEA})))
    assert relations(student) == [(w.OTHER_LEA, SINCE, date(2026, 11, 1))]
    row = AgencyRelation.objects.believed().get(student=student)
    assert (row.by_id, row.cause) == (actor.user_id, "residence")
    assert codes(take_back_residence, actor=actor, student=student, seen=last_said(student).pk) == [
        "changed-since"
    ]
    # Once a SIS says it, the office says nothing any more, of no day.
    noon.shift(3600)
    before = Said("9910010", date(2026, 10, 1), "A letter.")
    Agency.objects.create(code="9910010", kind="coe", name="County Office", selpa_code=w.SELPA)
    assert codes(say_residence, actor=actor, student=student, said=before) == ["sis-says"]


def test_in_no_other_district_is_recorded_where_one_begins_later(small_world, noon):
    actor, student = small_world.coordinator_actor, infant()
    since = Said(w.OTHER_LEA, date(2026, 11, 10), "A letter.")
    assert say_residence(actor=actor, student=student, said=since)
    noon.shift(3600)
    nowhere = Said("", date(2026, 11, 1), "The letter was another child's.")
    assert say_residence(actor=actor, student=student, said=nowhere)
    assert relations(student) == [] and not visible_to(actor_at(w.OTHER_LEA)).exists()
    assert not say_residence(actor=actor, student=student, said=nowhere)


def test_the_same_district_over_a_gap_or_to_an_earlier_end_does_not_stand_so_already(small_world, noon):
    actor, student = small_world.coordinator_actor, infant()
    say_residence(actor=actor, student=student, said=MOVED)
    noon.shift(3600)
    say_residence(actor=actor, student=student, said=Said("", date(2026, 11, 2), "Moved to us."))
    noon.shift(3600)
    assert say_residence(actor=actor, student=student, said=Said(w.OTHER_LEA, SINCE, "Did not."))
    assert relations(student) == [(w.OTHER_LEA, SINCE, None)]
    # Of a later day it stands so already.
    later = Said(w.OTHER_LEA, date(2026, 10, 1), "Told again.")
    assert not say_residence(actor=actor, student=student, said=later)


def test_a_secondary_enrollment_neither_cuts_nor_forbids_what_the_office_said(small_world, take_in, noon):
    Agency.objects.create(code="9910010", kind="coe", name="County Office", selpa_code=w.SELPA)
    take_in(SENR=text(fern()))
    student, actor = student_of(FERN_SSID), small_world.coordinator_actor
    say_residence(actor=actor, student=student, said=Said("9910010", SINCE, "A letter."))
    noon.shift(3600)
    there = {"1.04": w.OTHER_LEA, "1.05": w.OTHER_SCHOOL, "1.22": "20261102", "1.23": "20"}
    take_in(w.OTHER_LEA, SENR=text(fern(**there, **{"1.31": w.OTHER_LEA})))
    assert relations(student) == [("9910010", SINCE, None)]
    noon.shift(3600)
    assert say_residence(actor=actor, student=student, said=Said("", date(2026, 11, 9), "Moved to us."))
    assert relations(student) == [("9910010", SINCE, date(2026, 11, 8))]
