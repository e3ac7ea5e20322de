"""A referral that waits where a student leaves: closed there when the transfer is completed, and gone on with where the
student is, or why not.

Yarrow is at Chaparral Unified, referred there by a teacher on November 16, 2026. Heron Creek Unified asks on November
23, and has the student by its SIS from November 30.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from manzanita.accounts.queries import actor_of, grants_in_force
from manzanita.auditing.models import ChangeEvent
from manzanita.deadlines.models import DueDate
from manzanita.deadlines.recompute import recompute_stale
from manzanita.domain.access import Actor
from manzanita.domain.referrals import Answer, Asked
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.actions import NotPossible, lock_unmerged, open_meeting
from manzanita.meetings.evaluations import Evaluation
from manzanita.meetings.referral_actions import (
    Received,
    answer_referral,
    give_plan,
    record_referral,
    take_back_step,
)
from manzanita.platform.facts import Statement
from manzanita.platform.reach import reach
from manzanita.procedures import student_transfer_referral
from manzanita.procedures.student_transfer_asking import Wanted, request_student
from manzanita.procedures.student_transfer_base import NotMoved, obstacles_of
from manzanita.procedures.student_transfer_referral import evaluation_moved, goes_on_from, passing_of
from manzanita.procedures.student_transfers import accept, complete
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Referral
from manzanita.transfers.models import StudentTransfer
from tests.support import pages
from tests.support import world as w

pytestmark = pytest.mark.django_db
CAME, ENROLLS = date(2026, 11, 16), date(2026, 11, 30)
COMPLETED = datetime(2026, 12, 2, 20, 0, tzinfo=UTC)


@pytest.fixture
def yarrow(small_world):
    return small_world.students["yarrow"]


@pytest.fixture
def juniper(small_world) -> Actor:
    return small_world.coordinator_actor


@pytest.fixture
def fern(small_world) -> Actor:
    user = pages.other_coordinator(small_world)
    return actor_of(user, next(iter(grants_in_force(user, w.TODAY))))


@pytest.fixture
def row(juniper, yarrow) -> Referral:
    found = record_referral(
        actor=juniper, student=yarrow, asked=Asked(True), received=Received(CAME, "20", "Reads far below.")
    )
    recompute_stale()
    return found


@pytest.fixture
def asked(fern, yarrow, row) -> StudentTransfer:
    return request_student(actor=fern, student_id=yarrow.pk, wanted=Wanted("Yarrow", ENROLLS))[0]


@pytest.fixture
def accepted(juniper, asked, yarrow) -> StudentTransfer:
    assert accept(actor=juniper, transfer=asked)
    slot = {"student_id": yarrow.pk, "lea_code": w.OTHER_LEA, "started_on": ENROLLS}
    values = pages.enrollment("H1") | {"school_code": w.OTHER_SCHOOL}
    state_student_facts("enrollment", [Statement(slot, values, ENROLLS)], by_id=None, cause="sis-import:1")
    pages.leaves(yarrow, date(2026, 11, 29))
    asked.refresh_from_db()
    return asked


def completed(fern: Actor, transfer: StudentTransfer, choice: str = "continue", words: str = "") -> bool:
    with time_machine.travel(COMPLETED, tick=False), reach([w.OTHER_LEA]):
        return complete(actor=fern, transfer=transfer, referral=choice, words=words)


def referrals(lea: str) -> list[tuple]:
    rows = Referral.objects.believed().filter(lea_code=lea).order_by("effective_from")
    return list(
        rows.values_list("effective_from", "effective_to", "referred_by_code", "plan_given_on", "answer_code")
    )


def test_the_next_lea_is_told_days_party_and_clocks_and_nobodys_words(asked):
    passing = passing_of(asked)

    assert (passing.received_on, passing.party, passing.plan_given_on) == (CAME, "teacher", None)
    # November 17 to 30 are 14 days; December 1 is the fifteenth.
    assert [(one.title, one.due_on) for one in passing.dues] == [
        ("Assessment plan to the parent", date(2026, 12, 1))
    ]
    assert "Reads" not in repr(passing)


def test_it_waits_with_its_clock_at_the_sender_until_the_transfer_is_completed(accepted, yarrow):
    assert referrals(w.LEA) == [(CAME, None, "20", None, "")]
    assert referrals(w.OTHER_LEA) == []
    recompute_stale()
    assert list(DueDate.objects.filter(student=yarrow).values_list("lea_code", "due_on")) == [
        (w.LEA, date(2026, 12, 1))
    ]


def test_completed_it_is_closed_there_and_goes_on_here_from_the_day_of_both(fern, accepted, yarrow):
    assert completed(fern, accepted)

    assert referrals(w.LEA) == [(CAME, ENROLLS, "20", None, "moved")]
    assert referrals(w.OTHER_LEA) == [(ENROLLS, None, "20", None, "")]
    sent, here = (Referral.objects.believed().get(lea_code=lea) for lea in (w.LEA, w.OTHER_LEA))
    # Nothing of it is lost where it was.
    assert (sent.note, sent.answer_note) == ("Reads far below.", "Handed over to Heron Creek Unified")
    assert here.note == (
        "Handed over by Chaparral Unified: referred there on 11/16/2026. Assessment plan to the parent: due there "
        "on 12/01/2026, not met."
    )
    with time_machine.travel(COMPLETED, tick=False):
        recompute_stale()
    # December 1 to 15 are its own fifteen days; no calendar is known there.
    assert list(
        DueDate.objects.filter(student=yarrow, clock="assessment-plan").values_list("lea_code", "due_on")
    ) == [(w.OTHER_LEA, date(2026, 12, 15))]


def test_both_sides_are_told(fern, accepted):
    completed(fern, accepted)

    told = ChangeEvent.objects.filter(action__in=["close_moved_referral", "receive_referral"])
    assert sorted(told.values_list("action", "lea_code", "actor_user_id")) == [
        ("close_moved_referral", w.LEA, None),
        ("receive_referral", w.OTHER_LEA, fern.user_id),
    ]


def test_the_day_of_both_is_the_later_one(accepted, asked, yarrow):
    with time_machine.travel(COMPLETED, tick=False):
        assert goes_on_from(accepted) == ENROLLS
        accepted.decided_at = datetime(2026, 12, 1, 20, 0, tzinfo=UTC)
        assert goes_on_from(accepted) == date(2026, 12, 1)
    assert goes_on_from(accepted) is None


@pytest.mark.parametrize(
    ("choice", "words", "code"),
    [
        ("", "", "referral-undecided"),
        ("anything", "x", "referral-undecided"),
        ("declined", " ", "referral-words"),
        ("withdrawn", "", "referral-words"),
    ],
)
def test_without_a_word_on_it_nothing_is_completed(fern, accepted, choice, words, code):
    with pytest.raises(NotMoved) as refused:
        completed(fern, accepted, choice, words)

    assert [one.code for one in refused.value.reasons] == [code]
    assert all(one.source and one.way_out for one in refused.value.reasons)
    accepted.refresh_from_db()
    assert accepted.state == "accepted"
    assert referrals(w.LEA) == [(CAME, None, "20", None, "")]


def test_declined_here_the_notice_is_owed_here(fern, accepted, yarrow):
    assert completed(fern, accepted, "declined", "The records show progress with support.")

    assert referrals(w.LEA) == [(CAME, ENROLLS, "20", None, "moved")]
    assert referrals(w.OTHER_LEA) == [(ENROLLS, None, "20", None, "declined")]
    with time_machine.travel(COMPLETED, tick=False):
        recompute_stale()
    assert list(DueDate.objects.filter(student=yarrow).values_list("clock", "lea_code")) == [
        ("assessment-refused", w.OTHER_LEA)
    ]


def test_withdrawn_it_ends_on_both_sides_and_stays_in_both_records(fern, accepted):
    assert completed(fern, accepted, "withdrawn", "The mother wrote so on December 1.")

    assert referrals(w.OTHER_LEA) == [(ENROLLS, date(2026, 12, 2), "20", None, "withdrawn")]
    assert referrals(w.LEA) == [(CAME, ENROLLS, "20", None, "moved")]


def test_a_plan_of_the_former_district_is_told_and_does_not_count_here(
    fern, juniper, asked, yarrow, row, accepted
):
    give_plan(actor=juniper, student=yarrow, seen=row.pk, on=date(2026, 11, 20))
    assert completed(fern, accepted)

    assert referrals(w.LEA) == [(CAME, ENROLLS, "20", date(2026, 11, 20), "moved")]
    assert referrals(w.OTHER_LEA) == [(ENROLLS, None, "20", None, "")]
    note = Referral.objects.believed().get(lea_code=w.OTHER_LEA).note
    assert "Assessment plan given there on 11/20/2026, and no consent came." in note


def test_a_referral_that_waits_here_already_goes_on_and_theirs_is_closed(fern, accepted, yarrow):
    with time_machine.travel(COMPLETED, tick=False):
        own = record_referral(
            actor=fern, student=yarrow, asked=Asked(True), received=Received(date(2026, 12, 1), "10", "")
        )
        assert passing_of(accepted).ours_since == date(2026, 12, 1)
    assert completed(fern, accepted, "")

    assert referrals(w.OTHER_LEA) == [(date(2026, 12, 1), None, "10", None, "")]
    assert Referral.objects.believed().get(lea_code=w.OTHER_LEA).pk == own.pk
    assert referrals(w.LEA) == [(CAME, ENROLLS, "20", None, "moved")]


def own(fern: Actor, student, on: date) -> Referral:
    received = Received(on, "10", "Ours.")
    return record_referral(actor=fern, student=student, asked=Asked(True), received=received)


@pytest.mark.parametrize("choice", ["continue", "declined", "withdrawn"])
def test_a_notice_that_is_owed_here_is_given_before_anything_is_completed(fern, accepted, yarrow, choice):
    with time_machine.travel(COMPLETED, tick=False):
        row = own(fern, yarrow, date(2026, 12, 1))
        declined = answer_referral(
            actor=fern, student=yarrow, seen=row.pk, answer=Answer.DECLINED, on=None, reason="Progress."
        )
    with pytest.raises(NotMoved) as refused:
        completed(fern, accepted, choice, "A reason.")

    (reason,) = refused.value.reasons
    assert (reason.code, reason.owner, reason.source) == (
        "own-referral",
        "IEP team",
        "34 CFR 300.503; EC 56500.4",
    )
    assert "declined a referral of 12/01/2026" in reason.text and reason.way_out == "Record the notice first."
    # The debt stands, with its clock, and so does theirs.
    assert Referral.objects.believed().get(lea_code=w.OTHER_LEA).pk == declined.pk
    assert referrals(w.OTHER_LEA) == [(date(2026, 12, 1), None, "10", None, "declined")]
    assert referrals(w.LEA) == [(CAME, None, "20", None, "")]
    with time_machine.travel(COMPLETED, tick=False):
        recompute_stale()
    dues = DueDate.objects.filter(student=yarrow, lea_code=w.OTHER_LEA)
    assert list(dues.values_list("clock", flat=True)) == ["assessment-refused"]


@pytest.mark.parametrize("choice", ["continue", "declined", "withdrawn"])
def test_it_goes_on_here_after_the_last_of_our_own(fern, accepted, yarrow, choice):
    """Their own referral of November 30 was withdrawn on December 1, and the student is there since November 30."""
    with time_machine.travel(COMPLETED, tick=False):
        row = own(fern, yarrow, ENROLLS)
        answer_referral(
            actor=fern,
            student=yarrow,
            seen=row.pk,
            answer=Answer.WITHDRAWN,
            on=date(2026, 12, 1),
            reason="The mother.",
        )
        assert goes_on_from(accepted) == date(2026, 12, 2)
    assert completed(fern, accepted, choice, "A reason.")

    end, answer = {
        "continue": (None, ""),
        "declined": (None, "declined"),
        "withdrawn": (date(2026, 12, 2), "withdrawn"),
    }[choice]
    assert referrals(w.OTHER_LEA) == [
        (ENROLLS, date(2026, 12, 1), "10", None, "withdrawn"),
        (date(2026, 12, 2), end, "20", None, answer),
    ]
    assert referrals(w.LEA) == [(CAME, date(2026, 12, 2), "20", None, "moved")]


def test_on_the_day_on_which_our_own_ended_it_is_told_that_it_goes_on_tomorrow(fern, accepted, yarrow):
    with time_machine.travel(COMPLETED, tick=False):
        row = own(fern, yarrow, ENROLLS)
        answer_referral(
            actor=fern,
            student=yarrow,
            seen=row.pk,
            answer=Answer.WITHDRAWN,
            on=date(2026, 12, 2),
            reason="The mother.",
        )
    with pytest.raises(NotMoved) as refused:
        completed(fern, accepted)

    (reason,) = refused.value.reasons
    assert (reason.code, reason.owner) == ("own-ended-today", "IEP team") and reason.source
    assert "from 12/03/2026" in reason.text and "Enter the day" not in reason.way_out
    assert referrals(w.LEA) == [(CAME, None, "20", None, "")]
    accepted.refresh_from_db()
    with time_machine.travel(COMPLETED + timedelta(days=1), tick=False), reach([w.OTHER_LEA]):
        assert complete(actor=fern, transfer=accepted, referral="continue")
    assert referrals(w.OTHER_LEA)[1] == (date(2026, 12, 3), None, "20", None, "")


def meanwhile(monkeypatch, act) -> None:
    """``act`` is committed by somebody else while the completing waits for the student."""

    def after(student) -> None:
        act()
        lock_unmerged(student)

    monkeypatch.setattr(student_transfer_referral, "lock_unmerged", after, raising=False)


def test_a_plan_that_the_sender_gives_in_the_same_moment_is_kept(
    fern, juniper, accepted, yarrow, row, monkeypatch
):
    def give() -> None:
        with reach([w.LEA]):
            give_plan(actor=juniper, student=yarrow, seen=row.pk, on=date(2026, 12, 1))

    meanwhile(monkeypatch, give)
    assert completed(fern, accepted)

    assert referrals(w.LEA) == [(CAME, ENROLLS, "20", date(2026, 12, 1), "moved")]
    note = Referral.objects.believed().get(lea_code=w.OTHER_LEA).note
    assert "Assessment plan given there on 12/01/2026, and no consent came." in note


def test_one_of_our_own_that_is_withdrawn_in_the_same_moment_asks_what_becomes_of_theirs(
    fern, accepted, yarrow, monkeypatch
):
    with time_machine.travel(COMPLETED, tick=False):
        mine = own(fern, yarrow, date(2026, 12, 1))

    def withdraw() -> None:
        answer_referral(
            actor=fern,
            student=yarrow,
            seen=mine.pk,
            answer=Answer.WITHDRAWN,
            on=date(2026, 12, 1),
            reason="The mother.",
        )

    meanwhile(monkeypatch, withdraw)
    with pytest.raises(NotMoved) as refused:
        completed(fern, accepted, "")
    assert [one.code for one in refused.value.reasons] == ["referral-undecided"]


def test_one_that_the_former_district_declined_stays_its_own(fern, juniper, yarrow, row, accepted):
    answer_referral(
        actor=juniper, student=yarrow, seen=row.pk, answer=Answer.DECLINED, on=None, reason="Progress."
    )
    assert passing_of(accepted) is None
    assert completed(fern, accepted, "")

    assert referrals(w.LEA) == [(CAME, None, "20", None, "declined")]
    assert referrals(w.OTHER_LEA) == []


def test_the_former_district_does_not_take_it_back(fern, juniper, yarrow, accepted):
    completed(fern, accepted)
    sent = Referral.objects.believed().get(lea_code=w.LEA)

    with pytest.raises(NotPossible) as refused:
        take_back_step(actor=juniper, student=yarrow, seen=sent.pk)
    assert [one.code for one in refused.value.reasons] == ["referral-moved"]
    assert referrals(w.LEA) == [(CAME, ENROLLS, "20", None, "moved")]


def test_completed_twice_it_is_handed_over_once(fern, accepted):
    assert completed(fern, accepted)
    assert not completed(fern, accepted)
    assert len(referrals(w.OTHER_LEA)) == 1


def test_the_sender_is_told_what_becomes_of_it_and_who_asks_nothing(asked):
    found = next(one for one in obstacles_of(asked) if one.code == "referral-waits")
    assert "A referral of 11/16/2026 waits" in found.text
    assert (found.kindly, found.stops) == ("", False)


def test_an_evaluation_that_moved_says_when_its_sixty_days_end(fern, juniper, small_world, asked, yarrow):
    began = Evaluation(date(2026, 11, 20), CAME, "20")
    open_meeting(actor=juniper, student=yarrow, event=EVENTS["b_initial"], evaluation=began)
    assert passing_of(asked) is None
    assert accept(actor=juniper, transfer=asked, meeting="hand_over")
    asked.refresh_from_db()
    moved = evaluation_moved(asked)
    # November 20, 2026 and 60 calendar days.
    assert (moved.consent_on, moved.due_on) == (date(2026, 11, 20), date(2027, 1, 19))
