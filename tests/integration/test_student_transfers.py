"""Transfers of students: what each step does to relations, meetings, cases and logs, and what nobody may do.

Alder is at Chaparral Unified (``w.LEA``); Heron Creek Unified (``w.OTHER_LEA``) asks.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine

from manzanita.accounts.actions import grant_perspective
from manzanita.accounts.models import User
from manzanita.accounts.queries import actor_of, grants_in_force
from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.auditing.models import ChangeEvent, Disclosure
from manzanita.domain.access import Actor
from manzanita.domain.statuses import Kind
from manzanita.meetings.models import Meeting
from manzanita.orgs.actions import set_policy
from manzanita.orgs.models import Agency, PolicyAnswer
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.procedures.standing import unsettled_elsewhere
from manzanita.procedures.student_transfer_asking import Attested, Wanted, attest, request_student
from manzanita.procedures.student_transfer_back import take_back
from manzanita.procedures.student_transfer_base import NotMoved
from manzanita.procedures.student_transfers import (
    accept,
    accept_by_policy,
    complete,
    decline,
    escalate,
    release,
    settle_by_policy,
    withdraw,
)
from manzanita.students.actions import state_student_facts
from manzanita.students.models import AgencyRelation, CaseAssignment
from manzanita.students.queries import is_visible
from manzanita.students.scope import listed_for, previewed
from manzanita.transfers.models import StudentTransfer
from tests.support import pages
from tests.support import world as w

ENROLLS = date(2026, 11, 30)
MONTH = Attested("Fern Sample", "SEDS coordinator", w.TODAY, "The mother came to the office today.")


@pytest.fixture
def fern(small_world) -> Actor:
    """The coordinator of the district that asks."""
    return actor(pages.other_coordinator(small_world))


def actor(user: User, number: int = 0) -> Actor:
    return actor_of(user, list(grants_in_force(user, w.TODAY))[number])


@pytest.fixture
def juniper(small_world) -> Actor:
    return small_world.coordinator_actor


@pytest.fixture
def alder(small_world):
    return small_world.students["alder"]


@pytest.fixture
def asked(fern, alder) -> StudentTransfer:
    return request_student(actor=fern, student_id=alder.pk, wanted=Wanted("Alder", ENROLLS))[0]


def selpa_person() -> Actor:
    agency = Agency.objects.create(code=w.SELPA, kind="selpa", name="Chaparral SELPA", selpa_code=w.SELPA)
    person = User.objects.create_user(email="oak.mockup@example.org", name="Oak Mockup", password=w.PASSWORD)
    grant = grant_perspective(
        user=person,
        perspective_key="selpa",
        agency=agency,
        starts_on=date(2025, 7, 1),
        by=None,
        reason="test",
    )
    return actor_of(person, grant)


def refused(call, *codes: str) -> None:
    with pytest.raises(NotMoved) as caught:
        call()
    assert [one.code for one in caught.value.reasons] == list(codes)


def by_sis(student, lea: str, start: date, end: date | None = None) -> None:
    """What a SIS file of the LEA states."""
    slot = {"student_id": student.pk, "lea_code": lea, "started_on": start}
    school = w.SCHOOL if lea == w.LEA else w.OTHER_SCHOOL
    values = pages.enrollment() | {"school_code": school}
    statement = Statement(slot, values, start, end, is_whole_slot=True)
    state_student_facts("enrollment", [statement], by_id=None, cause="sis-import:1")


def reads(who: Actor, transfer: StudentTransfer) -> bool:
    with previewed(who, transfer) as student:
        return student is not None


def coming(student) -> list[tuple[str, date, date | None]]:
    rows = AgencyRelation.objects.believed().filter(student=student, relationship="next_year")
    return list(rows.values_list("agency_code", "effective_from", "effective_to"))


# Asking


def test_a_request_names_the_district_that_has_the_record_and_is_told_to_the_parent(asked, alder):
    assert (asked.receiving_code, asked.sending_code, asked.state) == (w.OTHER_LEA, w.LEA, "requested")
    (line,) = Disclosure.objects.filter(student_id=alder.pk)
    assert (line.kind, line.party, line.lea_code) == ("requested", "Heron Creek Unified", w.LEA)
    assert line.interest == "The student is to enroll there on 11/30/2026."
    (change,) = ChangeEvent.objects.filter(action="request_student")
    assert change.detail == {"to": w.OTHER_LEA, "from": w.LEA}


def test_asked_twice_it_is_one_request_told_once(fern, asked, alder):
    again, is_new = request_student(actor=fern, student_id=alder.pk, wanted=Wanted("A.", ENROLLS))

    assert (again.pk, is_new, again.called) == (asked.pk, False, "Alder")
    assert Disclosure.objects.count() == 1


@pytest.mark.parametrize(
    ("wanted", "codes"),
    [
        (Wanted("", ENROLLS), ["called"]),
        (Wanted("Alder", None), ["enroll-on"]),
        (Wanted("Alder", w.TODAY + timedelta(days=370)), []),
        (Wanted("Alder", w.TODAY + timedelta(days=371)), ["enroll-on"]),
        (Wanted("Alder", ENROLLS, school_code=w.SCHOOL), ["school"]),
        (Wanted("Alder", ENROLLS, case_manager_id=999_999), ["case-manager"]),
        (Wanted("Alder", ENROLLS, attested=Attested("Fern", "", None, "")), ["attestation"] * 3),
        (
            Wanted("Alder", ENROLLS, attested=Attested("F", "x", w.TODAY + timedelta(days=1), "y")),
            ["attestation"],
        ),
    ],
)
def test_what_is_wrong_with_a_request(fern, alder, wanted, codes):
    if codes:
        refused(lambda: request_student(actor=fern, student_id=alder.pk, wanted=wanted), *codes)
    else:
        assert request_student(actor=fern, student_id=alder.pk, wanted=wanted)[1]


def test_nobody_asks_for_an_own_student_or_without_the_capability(small_world, juniper, alder):
    wanted = Wanted("Alder", ENROLLS)
    refused(lambda: request_student(actor=juniper, student_id=alder.pk, wanted=wanted), "nobody-to-ask")
    manager = small_world.case_manager_actor
    sage = small_world.students["sage"].pk
    refused(lambda: request_student(actor=manager, student_id=sage, wanted=wanted), "may-not-ask")
    refused(lambda: request_student(actor=selpa_person(), student_id=sage, wanted=wanted), "may-not-ask")


# Reading before


def test_a_bare_request_opens_nothing(fern, asked, alder):
    assert not reads(fern, asked)
    assert not is_visible(fern, alder.pk)


def test_an_attested_intent_opens_the_record_to_be_read_and_to_no_list(fern, asked, alder):
    assert attest(actor=fern, transfer=asked, attested=MONTH)

    assert reads(fern, asked)
    assert not is_visible(fern, alder.pk) and not listed_for(fern).filter(pk=alder.pk).exists()
    assert attest(actor=fern, transfer=asked, attested=MONTH) is False
    assert ChangeEvent.objects.filter(action="attest_enrollment").count() == 1


def test_a_release_opens_it_and_only_to_who_asked(small_world, fern, juniper, asked):
    assert release(actor=juniper, transfer=asked)

    assert reads(fern, asked)
    # Who has the record, the SELPA and a case manager read it by their own scope, or not at all.
    assert not reads(juniper, asked) and not reads(selpa_person(), asked)
    assert not reads(small_world.case_manager_actor, asked)


def test_the_own_sis_file_opens_it_and_what_somebody_typed_does_not(fern, asked, alder):
    pages.enrolled_elsewhere(alder, ENROLLS)
    assert not reads(fern, asked)

    by_sis(alder, w.OTHER_LEA, ENROLLS)
    assert reads(fern, asked)


@pytest.mark.parametrize("ends", ["decline", "withdraw"])
def test_it_ends_with_the_request(fern, juniper, asked, ends):
    attest(actor=fern, transfer=asked, attested=MONTH)
    stale = StudentTransfer.objects.get(pk=asked.pk)
    if ends == "decline":
        decline(actor=juniper, transfer=asked, words="She stays with us.")
    else:
        withdraw(actor=fern, transfer=asked, words="The family did not come.")

    assert not reads(fern, asked)
    # Also through a row that was read before.
    assert not reads(fern, stale)


# Taking the acceptance back


def test_an_acceptance_is_taken_back_and_nothing_of_it_stays_open(fern, juniper, asked, alder):
    accept(actor=juniper, transfer=asked, words="Yes")
    refused(lambda: take_back(actor=juniper, transfer=asked, words=" "), "no-words")
    refused(lambda: take_back(actor=fern, transfer=asked, words="Not mine"), "other-side")

    assert take_back(actor=juniper, transfer=asked, words="The wrong student") is True

    assert (asked.state, asked.decided_at, asked.answer) == ("requested", None, "The wrong student")
    assert coming(alder) == [] and not is_visible(fern, alder.pk) and not reads(fern, asked)
    assert take_back(actor=juniper, transfer=asked, words="Twice") is False
    assert ChangeEvent.objects.filter(action="take_back_acceptance").count() == 1
    # What was disclosed was disclosed, and it is accepted anew like any other.
    assert accept(actor=juniper, transfer=asked)
    assert coming(alder) == [(w.OTHER_LEA, w.TODAY, None)]


def test_taken_back_it_waits_where_it_waited_before(juniper, asked):
    StudentTransfer.objects.filter(pk=asked.pk).update(
        state="accepted", escalated_at=clock.now(), decided_at=clock.now()
    )
    asked.refresh_from_db()
    assert take_back(actor=juniper, transfer=asked, words="Not she") and asked.state == "escalated"


@pytest.mark.parametrize("choice", ["hand_over", "close"])
def test_the_meeting_comes_back_with_it(small_world, juniper, asked, choice):
    meeting = pages.opened(small_world, "alder")
    accept(actor=juniper, transfer=asked, meeting=choice)
    assert asked.meeting_id == meeting.pk

    take_back(actor=juniper, transfer=asked, words="Not she")

    meeting.refresh_from_db()
    assert (meeting.lea_code, meeting.state, asked.meeting_id) == (w.LEA, "open", None)


def test_what_was_built_on_it_forbids_to_take_it_back(small_world, fern, juniper, asked, alder):
    meeting = pages.opened(small_world, "alder")
    accept(actor=juniper, transfer=asked, meeting="hand_over")
    Meeting.objects.filter(pk=meeting.pk).update(state="held", held_on=w.TODAY)
    refused(lambda: take_back(actor=juniper, transfer=asked, words="No"), "meeting-went-on")
    Meeting.objects.filter(pk=meeting.pk).update(state="open", held_on=None)
    archive = Archive.objects.create(
        student_id=alder.pk,
        lea_code=w.OTHER_LEA,
        event_on=w.TODAY,
        cause="procedure",
        title="Plan adopted",
        document=b"{}",
        digest="0" * 64,
        schema_version=1,
        recorded_at=clock.now(),
    )
    ArchivedRecord.objects.create(
        archive=archive,
        student_id=alder.pk,
        lea_code=w.OTHER_LEA,
        record="SWDS",
        record_key="SWDS/1",
        key_on=w.TODAY,
        values={},
    )
    refused(lambda: take_back(actor=juniper, transfer=asked, words="No"), "recorded-there")
    assert asked.state == "accepted"


def test_where_a_policy_would_accept_again_at_once_it_is_not_taken_back(small_world, juniper, asked, alder):
    policy("exit")
    by_sis(alder, w.LEA, date(2023, 8, 14), date(2026, 11, 20))
    accept(actor=juniper, transfer=asked)
    refused(lambda: take_back(actor=juniper, transfer=asked, words="No"), "policy-accepts")


# Answering


def test_accepting_makes_the_student_incoming_and_tells_the_parent(fern, juniper, asked, alder):
    assert accept(actor=juniper, transfer=asked)

    assert coming(alder) == [(w.OTHER_LEA, w.TODAY, None)]
    assert is_visible(fern, alder.pk) and is_visible(juniper, alder.pk)
    assert [one.kind for one in Disclosure.objects.order_by("pk")] == ["requested", "disclosed"]
    assert accept(actor=juniper, transfer=asked) is False
    assert Disclosure.objects.count() == 2


def test_two_who_accept_at_once_accept_once(juniper, asked, alder):
    mine, yours = (StudentTransfer.objects.get(pk=asked.pk) for _ in range(2))

    assert accept(actor=juniper, transfer=mine) is True
    assert accept(actor=juniper, transfer=yours) is False
    assert ChangeEvent.objects.filter(action="accept_student_transfer").count() == 1
    assert coming(alder) == [(w.OTHER_LEA, w.TODAY, None)]


def test_a_record_is_handed_over_to_one_district_at_a_time(small_world, juniper, asked, alder):
    third = Agency.objects.create(code="9910099", kind="lea", name="Third Unified", selpa_code=w.SELPA)
    other = StudentTransfer.objects.create(
        student_id=alder.pk,
        receiving_code=third.code,
        sending_code=w.LEA,
        called="A",
        enroll_on=ENROLLS,
        state="requested",
        asked_by_id=1,
        asked_at=w.NOON,
    )
    accept(actor=juniper, transfer=asked)

    refused(lambda: accept(actor=juniper, transfer=other), "accepted-elsewhere")
    assert coming(alder) == [(w.OTHER_LEA, w.TODAY, None)]


def test_the_wrong_side_and_the_wrong_order(small_world, fern, juniper, asked):
    refused(lambda: accept(actor=fern, transfer=asked), "other-side")
    refused(lambda: complete(actor=juniper, transfer=asked), "other-side")
    refused(lambda: complete(actor=fern, transfer=asked), "not-accepted")
    refused(lambda: accept(actor=small_world.case_manager_actor, transfer=asked), "other-side")
    refused(lambda: decline(actor=juniper, transfer=asked, words=" "), "no-words")
    decline(actor=juniper, transfer=asked, words="She stays.")
    refused(lambda: accept(actor=juniper, transfer=asked), "over")


def test_a_meeting_in_preparation_is_handed_over(small_world, juniper, asked):
    meeting = pages.opened(small_world, "alder")

    refused(lambda: accept(actor=juniper, transfer=asked), "meeting-undecided")
    assert accept(actor=juniper, transfer=asked, meeting="hand_over")
    meeting.refresh_from_db()
    assert (meeting.lea_code, meeting.state) == (w.OTHER_LEA, "open")


def test_or_closed_with_the_reason(small_world, juniper, asked):
    meeting = pages.opened(small_world, "alder")

    assert accept(actor=juniper, transfer=asked, meeting="close", words="Held there.")
    meeting.refresh_from_db()
    assert (meeting.lea_code, meeting.state) == (w.LEA, "canceled")
    assert ChangeEvent.objects.get(action="cancel_meeting").reason == "Held there."


def test_one_that_was_held_is_finished_first(small_world, juniper, asked, alder):
    meeting = pages.held(small_world, "alder")

    refused(lambda: accept(actor=juniper, transfer=asked, meeting="close"), "meeting-held")
    assert Meeting.objects.get(pk=meeting.pk).state == "held" and coming(alder) == []


def test_withdrawn_after_it_was_accepted_the_student_is_incoming_no_more(fern, juniper, asked, alder):
    accept(actor=juniper, transfer=asked)
    with time_machine.travel(w.NOON + timedelta(days=2), tick=False):
        assert withdraw(actor=fern, transfer=asked, words="Moved on to another state.")
        assert coming(alder) == [(w.OTHER_LEA, w.TODAY, date(2026, 11, 24))]
        assert not is_visible(fern, alder.pk)


# Completing


def test_completed_when_the_enrollment_is_here_and_the_case_goes_over(
    small_world, fern, juniper, asked, alder
):
    wren = small_world.case_manager
    grant_perspective(
        user=wren,
        perspective_key="case_manager",
        agency=Agency.objects.get(code=w.OTHER_LEA),
        starts_on=date(2025, 7, 1),
        by=None,
        reason="test",
    )
    accept(actor=juniper, transfer=asked)
    refused(lambda: complete(actor=fern, transfer=asked), "not-enrolled")

    with time_machine.travel(w.NOON + timedelta(days=7), tick=False):
        by_sis(alder, w.LEA, date(2023, 8, 14), date(2026, 11, 27))
        by_sis(alder, w.OTHER_LEA, ENROLLS)
        assert complete(actor=fern, transfer=asked, case_manager_id=wren.pk)
        assert complete(actor=fern, transfer=asked) is False
        assert coming(alder) == [(w.OTHER_LEA, w.TODAY, date(2026, 11, 29))]
        (case,) = CaseAssignment.objects.as_of(effective=ENROLLS).filter(student=alder)
        assert (case.user_id, case.cause) == (wren.pk, f"transfer:{asked.pk}")
        assert unsettled_elsewhere(fern, [alder.pk]) == {}
        assert not reads(fern, asked) and is_visible(fern, alder.pk)


def test_an_open_transfer_is_to_settle_on_both_sides(fern, juniper, asked, alder):
    page = f"/transfers/{asked.public_id}"
    for actor, kind in ((fern, Kind.ARRIVING), (juniper, Kind.LEAVING)):
        ((told,),) = unsettled_elsewhere(actor, [alder.pk]).values()
        assert (told.kind, told.since, told.url) == (kind, w.TODAY, page)
    # The whole list of what is to settle is cut to whom one reaches.
    assert unsettled_elsewhere(fern, None) == {}
    assert set(unsettled_elsewhere(juniper, None)) == {(alder.pk, w.LEA)}
    accept(actor=juniper, transfer=asked)
    assert unsettled_elsewhere(juniper, [alder.pk]) == {}
    assert set(unsettled_elsewhere(fern, [alder.pk])) == {(alder.pk, w.OTHER_LEA)}


# The SELPA and its policies


def test_escalated_after_the_days_of_the_policy_the_selpa_answers(fern, asked, alder):
    refused(lambda: escalate(actor=fern, transfer=asked), "too-early")
    oak = selpa_person()
    refused(lambda: accept(actor=oak, transfer=asked), "not-escalated")
    with time_machine.travel(w.NOON + timedelta(days=7), tick=False):
        assert escalate(actor=fern, transfer=asked)
        assert escalate(actor=fern, transfer=asked) is False
        assert accept(actor=oak, transfer=asked, words="The district did not answer.")
        assert asked.state == "accepted" and coming(alder)


def policy(value: str) -> None:
    oak = selpa_person()
    set_policy(actor=oak, selpa_code=w.SELPA, key="transfer-accept", value=value, reason="Board, 11/20/2026")


@pytest.mark.parametrize(
    ("last_day", "is_accepted"), [(date(2026, 11, 30), True), (date(2026, 12, 1), False), (None, False)]
)
def test_the_policy_accepts_at_once_when_the_own_sis_shows_the_exit(fern, alder, last_day, is_accepted):
    policy("exit")
    by_sis(alder, w.LEA, date(2023, 8, 14), last_day)
    transfer, _ = request_student(actor=fern, student_id=alder.pk, wanted=Wanted("Alder", ENROLLS))

    assert transfer.state == ("accepted" if is_accepted else "requested")
    assert transfer.accepted_by_policy == ("exit" if is_accepted else "")
    assert bool(coming(alder)) is is_accepted
    if is_accepted:
        line = Disclosure.objects.get(kind="disclosed")
        assert line.by_id == PolicyAnswer.objects.get().by_id
        assert ChangeEvent.objects.get(action="accept_student_transfer").actor_user_id is None


def test_an_exit_that_nobody_of_the_sis_stated_accepts_nothing(fern, alder):
    policy("exit")
    pages.leaves(alder, date(2026, 11, 20))

    assert (
        request_student(actor=fern, student_id=alder.pk, wanted=Wanted("A", ENROLLS))[0].state == "requested"
    )


def test_nor_does_it_over_an_open_meeting(small_world, fern, alder):
    policy("exit")
    by_sis(alder, w.LEA, date(2023, 8, 14), date(2026, 11, 27))
    pages.opened(small_world, "alder")

    transfer, _ = request_student(actor=fern, student_id=alder.pk, wanted=Wanted("A", ENROLLS))
    assert transfer.state == "requested"


def test_what_a_later_sis_file_shows_is_accepted_by_the_clock(fern, asked, alder):
    policy("both")
    assert settle_by_policy() == 0
    by_sis(alder, w.LEA, date(2023, 8, 14), date(2026, 11, 27))
    assert settle_by_policy() == 0
    by_sis(alder, w.OTHER_LEA, ENROLLS)

    assert settle_by_policy() == 1
    assert settle_by_policy() == 0
    assert accept_by_policy(StudentTransfer.objects.get(pk=asked.pk)) is False
    assert ChangeEvent.objects.filter(action="accept_student_transfer").count() == 1
