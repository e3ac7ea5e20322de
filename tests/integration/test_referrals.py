"""Referrals as facts: recorded, answered, corrected, taken back; what ends one; which due dates run meanwhile."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest
import time_machine

from manzanita.auditing.models import ChangeEvent
from manzanita.deadlines.models import DueDate
from manzanita.deadlines.recompute import recompute_stale
from manzanita.domain.referrals import Answer, Asked
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.actions import NotPossible, cancel_meeting, open_meeting
from manzanita.meetings.evaluations import Evaluation
from manzanita.meetings.models import Meeting
from manzanita.meetings.referral_actions import (
    Received,
    answer_referral,
    correct_referral,
    give_plan,
    record_referral,
    take_back_step,
)
from manzanita.meetings.referrals import referrals_of, waiting_in, waiting_referrals
from manzanita.platform import clock
from manzanita.procedures.settling import records_to_settle
from manzanita.students.actions import state_one
from manzanita.students.models import Referral
from tests.support import world as w

pytestmark = pytest.mark.django_db
CAME = date(2026, 11, 16)
BY_TEACHER = Received(CAME, "20", "Reads far below grade.")
MAY = Asked(True)


@pytest.fixture
def yarrow(small_world):
    return small_world.students["yarrow"]


@pytest.fixture
def of(small_world, yarrow):
    """What every act is given."""
    return {"actor": small_world.coordinator_actor, "student": yarrow}


@pytest.fixture
def row(of):
    return record_referral(**of, asked=MAY, received=BY_TEACHER)


def believed(student) -> list[tuple]:
    rows = referrals_of(student.pk)
    return list(rows.values_list("effective_from", "effective_to", "plan_given_on", "answer_code"))


def dues(student) -> dict[str, date | None]:
    recompute_stale()
    return dict(DueDate.objects.filter(student=student).values_list("clock", "due_on"))


def codes(call, *args, **kwargs) -> list[str]:
    with pytest.raises(NotPossible) as refused:
        call(*args, **kwargs)
    return [one.code for one in refused.value.reasons]


def test_a_referral_is_a_fact_of_its_day_and_its_clock_runs(yarrow, row):
    assert believed(yarrow) == [(CAME, None, None, "")]
    assert (row.referred_by_code, row.note, row.lea_code) == ("20", "Reads far below grade.", w.LEA)
    # November 17 to 30 are 14 days, December 1 is the fifteenth; no calendar is known here.
    assert dues(yarrow) == {"assessment-plan": date(2026, 12, 1)}
    assert DueDate.objects.get(student=yarrow).about == f"referral:{w.LEA}"
    event = ChangeEvent.objects.get(action="record_referral")
    assert (event.student_id, event.reason, event.detail) == (yarrow.pk, "Reads far below grade.", {})


def test_the_same_sent_twice_is_one_and_another_is_refused(of, yarrow, row):
    assert record_referral(**of, asked=MAY, received=BY_TEACHER).pk == row.pk
    other = Received(date(2026, 11, 18), "10")
    assert codes(record_referral, **of, asked=MAY, received=other) == ["referred-already"]
    assert Referral.objects.count() == 1


def test_the_plan_given_ends_the_clock_and_the_referral_goes_on(of, yarrow, row):
    give_plan(**of, seen=row.pk, on=date(2026, 11, 20))
    assert believed(yarrow) == [(CAME, None, date(2026, 11, 20), "")]
    assert dues(yarrow) == {}
    assert waiting_referrals().filter(student=yarrow).exists()


def test_the_consent_ends_it_a_canceled_evaluation_does_not(small_world, of, yarrow, row):
    meeting = open_meeting(
        actor=of["actor"],
        student=yarrow,
        event=EVENTS["b_initial"],
        evaluation=Evaluation(date(2026, 11, 18), CAME),
    )
    assert not waiting_referrals().filter(student=yarrow).exists()
    assert dues(yarrow).keys() == {"initial-iep", "leftover-meeting"}
    assert codes(give_plan, **of, seen=row.pk, on=CAME) == ["changed-since"]
    cancel_meeting(actor=of["actor"], meeting=meeting, reason="Opened for the wrong student.")
    assert dues(yarrow) == {"assessment-plan": date(2026, 12, 1)}


def test_a_consent_before_the_referral_is_of_an_earlier_evaluation(small_world, of, yarrow, row):
    Meeting.objects.create(
        student=yarrow,
        lea_code=w.LEA,
        event_key="b_initial",
        state="finalized",
        consent_on=CAME - timedelta(days=1),
        opened_at=w.NOON,
        finalized_at=w.NOON,
        opened_by_id=small_world.coordinator.pk,
    )
    assert waiting_referrals().filter(student=yarrow).exists()


def test_withdrawn_needs_a_day_and_a_reason_and_ends_it(of, yarrow, row):
    say = {"seen": row.pk, "answer": Answer.WITHDRAWN}
    assert codes(answer_referral, **of, **say, on=None, reason=" ") == ["no-reason", "no-day"]
    assert codes(answer_referral, **of, **say, on=date(2026, 11, 15), reason="x") == ["before-referral"]
    answer_referral(**of, **say, on=w.TODAY, reason="The mother withdrew it.")
    assert believed(yarrow) == [(CAME, w.TODAY, None, "withdrawn")]
    assert dues(yarrow) == {} and not waiting_referrals().filter(student=yarrow).exists()


def test_declined_waits_for_the_prior_written_notice(of, yarrow, row):
    say = {"answer": Answer.DECLINED, "reason": "The screening shows no suspected disability."}
    waits = answer_referral(**of, **say, seen=row.pk, on=None)
    assert believed(yarrow) == [(CAME, None, None, "declined")]
    assert dues(yarrow) == {"assessment-refused": date(2026, 12, 1)}
    (settled,) = [one for one in records_to_settle(of["actor"]) if one.student_id == yarrow.pk]
    assert "prior written notice to the parent is due" in settled.item.text
    answer_referral(**of, **say, seen=waits.pk, on=w.TODAY)
    assert believed(yarrow) == [(CAME, w.TODAY, None, "declined")]
    assert dues(yarrow) == {}


def test_a_new_referral_comes_after_the_one_that_ended(of, yarrow, row):
    answer_referral(**of, seen=row.pk, answer=Answer.WITHDRAWN, on=date(2026, 11, 18), reason="Withdrawn.")
    early = Received(date(2026, 11, 18), "10")
    assert codes(record_referral, **of, asked=MAY, received=early) == ["before-last"]
    record_referral(**of, asked=MAY, received=Received(date(2026, 11, 19), "10"))
    assert believed(yarrow) == [
        (CAME, date(2026, 11, 18), None, "withdrawn"),
        (date(2026, 11, 19), None, None, ""),
    ]
    assert dues(yarrow) == {"assessment-plan": date(2026, 12, 4)}


def test_a_correction_moves_the_clock_and_both_axes_answer(of, yarrow, row):
    before = clock.now()
    assert codes(correct_referral, **of, seen=row.pk, received=Received(CAME, "10"), reason="") == [
        "no-reason"
    ]
    with time_machine.travel(before + timedelta(minutes=5), tick=False):
        moved = correct_referral(
            **of,
            seen=row.pk,
            received=Received(date(2026, 11, 12), "10"),
            reason="The letter is of the 12th.",
        )
    assert believed(yarrow) == [(date(2026, 11, 12), None, None, "")]
    assert dues(yarrow) == {"assessment-plan": date(2026, 11, 27)}
    then = Referral.objects.as_of(known=before).get(student=yarrow)
    assert (then.pk, then.effective_from, then.referred_by_code) == (row.pk, CAME, "20")
    # The same again writes nothing; what somebody else saw is refused.
    same = Received(date(2026, 11, 12), "10")
    assert correct_referral(**of, seen=moved.pk, received=same, reason="").pk == moved.pk
    assert codes(give_plan, **of, seen=row.pk, on=CAME) == ["changed-since"]


def test_each_step_is_taken_back_the_last_first(of, yarrow, row):
    given = give_plan(**of, seen=row.pk, on=date(2026, 11, 18))
    gone = answer_referral(**of, seen=given.pk, answer=Answer.WITHDRAWN, on=w.TODAY, reason="Withdrawn.")
    assert codes(take_back_step, **of, seen=given.pk) == ["changed-since"]
    again = take_back_step(**of, seen=gone.pk)
    assert believed(yarrow) == [(CAME, None, date(2026, 11, 18), "")]
    first = take_back_step(**of, seen=again.pk)
    assert believed(yarrow) == [(CAME, None, None, "")]
    assert dues(yarrow) == {"assessment-plan": date(2026, 12, 1)}
    assert take_back_step(**of, seen=first.pk) is None
    assert believed(yarrow) == [] and dues(yarrow) == {}
    actions = ChangeEvent.objects.filter(student_id=yarrow.pk).order_by("pk").values_list("action", flat=True)
    assert list(actions) == [
        "record_referral",
        "give_assessment_plan",
        "withdraw_referral",
        "take_back_referral_step",
        "take_back_referral_step",
        "take_back_referral",
    ]


def test_who_waits_is_the_same_asked_of_many_and_of_one(small_world):
    """Of 60 students with random referrals and evaluations the query and the function name the same."""
    draw, students = Random(7), list(small_world.students.values())
    for turn in range(15):
        for student in students:
            _random(draw, student, small_world, f"{turn}")
            known = {one.pk for one in waiting_referrals().filter(student=student)}
            one = waiting_in(referrals_of(student.pk), Meeting.objects.filter(student=student))
            assert known == ({one.pk} if one else set())


def _random(draw: Random, student, world, cause: str) -> None:
    slot = {"student_id": student.pk, "lea_code": w.LEA}
    start = date(2026, 9, 1) + timedelta(days=draw.randrange(80))
    end = start + timedelta(days=draw.randrange(30)) if draw.random() < 0.5 else None
    values = {
        "referred_by_code": "10",
        "note": cause,
        "plan_given_on": None,
        "answer_code": "withdrawn" if end else "",
        "answer_note": "",
    }
    said = None if draw.random() < 0.3 else values
    state_one(
        "referral", slot=slot, values=said, effective_from=start, effective_to=end, by_id=None, cause="test"
    )
    Meeting.objects.filter(student=student, event_key="b_initial").update(state="canceled")
    Meeting.objects.create(
        student=student,
        lea_code=draw.choice([w.LEA, w.OTHER_LEA]),
        event_key="b_initial",
        state=draw.choice(["canceled", "finalized"]),
        consent_on=draw.choice([None, date(2026, 9, 1) + timedelta(days=draw.randrange(80))]),
        opened_at=w.NOON,
        finalized_at=w.NOON,
        opened_by_id=world.coordinator.pk,
    )
