"""Correcting what an archived initial evaluation began with: MEET 24.11 to 24.13, their meeting, their referral, undo.

Yarrow was referred by a parent on September 14, 2026, consent came on September 28, the meeting was held on November 20
and found nothing: the state is told MEET and SWDS.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.auditing.models import ChangeEvent
from manzanita.domain.referrals import Asked
from manzanita.domain.scenarios import EVENTS
from manzanita.exchange.models import Operation
from manzanita.exchange.state_book import Learned, learn_state_lines
from manzanita.meetings.actions import NotPossible, open_meeting
from manzanita.meetings.evaluations import Evaluation
from manzanita.meetings.hold_actions import hold_meeting
from manzanita.meetings.models import Meeting
from manzanita.meetings.referral_actions import Received, give_plan, record_referral
from manzanita.meetings.referrals import waiting_referrals
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.procedures.correct import correct_record, preview_correction
from manzanita.procedures.finalize import finalize_meeting
from manzanita.procedures.pending import report_pending
from manzanita.procedures.take_back import known_of, reasons_not_to_take_back, take_back
from manzanita.students.actions import state_one, state_student_facts
from manzanita.students.models import Referral
from tests.support import world as w

pytestmark = pytest.mark.django_db
REFERRED, CONSENT, HELD = date(2026, 9, 14), date(2026, 9, 28), date(2026, 11, 20)
MEET = "MEET|9910017|9900000003|20261120"


@pytest.fixture
def yarrow(small_world):
    return small_world.students["yarrow"]


@pytest.fixture
def actor(small_world):
    return small_world.coordinator_actor


@pytest.fixture
def referral(actor, yarrow):
    row = record_referral(
        actor=actor, student=yarrow, asked=Asked(True), received=Received(REFERRED, "10", "Reads far below.")
    )
    return give_plan(actor=actor, student=yarrow, seen=row.pk, on=date(2026, 9, 25))


@pytest.fixture
def meeting(actor, yarrow, referral, noon):
    found = open_meeting(
        actor=actor,
        student=yarrow,
        event=EVENTS["b_initial"],
        evaluation=Evaluation(CONSENT, REFERRED, "10"),
    )
    hold_meeting(actor=actor, meeting=found, held_on=HELD, conclusion_key="not_eligible")
    finalize_meeting(actor=actor, meeting=Meeting.objects.get(pk=found.pk))
    noon.shift(timedelta(minutes=5))
    return found


@pytest.fixture
def row(meeting) -> ArchivedRecord:
    return standing()


def standing() -> ArchivedRecord:
    return ArchivedRecord.objects.get(record_key=MEET, archive__superseded_by=None)


def corrected(actor, row, **changes: str) -> Archive:
    return correct_record(
        actor=actor,
        row=row,
        changes={number.replace("f24_", "24."): text for number, text in changes.items()},
        reason="The letter says another day.",
    )


def began(meeting) -> tuple:
    found = Meeting.objects.get(pk=meeting.pk)
    return found.referred_on, found.referred_by_code, found.consent_on, found.evaluation_due_on


def referrals(yarrow) -> list[tuple]:
    rows = Referral.objects.believed().filter(student=yarrow)
    return list(rows.values_list("effective_from", "referred_by_code", "plan_given_on"))


def refused(actor, row, **changes: str) -> list[str]:
    with pytest.raises(NotPossible) as caught:
        corrected(actor, row, **changes)
    assert all(one.way_out and one.owner for one in caught.value.reasons)
    return [one.code for one in caught.value.reasons]


def test_the_meeting_began_with_what_was_recorded(meeting, row, yarrow):
    # September 28 and 60 days.
    assert began(meeting) == (REFERRED, "10", CONSENT, date(2026, 11, 27))
    assert [row.values[number] for number in ("24.11", "24.12", "24.13")] == ["20260914", "10", "20260928"]
    assert referrals(yarrow) == [(REFERRED, "10", date(2026, 9, 25))]


def test_a_consent_is_corrected_in_the_archive_the_meeting_and_at_the_state(actor, meeting, row, yarrow):
    learn_state_lines([Learned("MEET", row.values, yarrow.pk)], at=clock.now(), learned_from="answer")
    archive = corrected(actor, row, f24_13="20260929")

    assert archive.records.get(record="MEET").values["24.13"] == "20260929"
    assert archive.supersedes_id == row.archive_id and archive.reason == "The letter says another day."
    # September 29 and 60 days.
    assert began(meeting) == (REFERRED, "10", date(2026, 9, 29), date(2026, 11, 28))
    line = Operation.objects.get(record="MEET")
    # The days are no part of the key: the record is replaced, not deleted and added.
    assert (line.kind, line.record_key, line.values["24.13"]) == ("replace", MEET, "20260929")
    event = ChangeEvent.objects.get(action="correct_record")
    assert event.detail == {"record": "MEET", "fields": ["24.13"], "facts": 2}


def test_day_and_party_of_the_referral_move_the_referral_and_its_version_stays(actor, meeting, row, yarrow):
    corrected(actor, row, f24_11="20260911", f24_12="20")

    assert began(meeting)[:2] == (date(2026, 9, 11), "20")
    assert referrals(yarrow) == [(date(2026, 9, 11), "20", date(2026, 9, 25))]
    # What it said before is kept, with when it was believed.
    earlier = Referral.objects.filter(student=yarrow, plan_given_on=date(2026, 9, 25)).exclude(
        superseded_at=None
    )
    assert list(earlier.values_list("effective_from", "referred_by_code")) == [(REFERRED, "10")]
    assert not waiting_referrals().filter(student=yarrow).exists()


def test_taken_back_all_of_it_is_as_it_was(actor, meeting, row, yarrow, noon):
    before, stood = began(meeting), referrals(yarrow)
    archive = corrected(actor, row, f24_11="20260911", f24_12="20", f24_13="20261001")
    assert began(meeting) != before
    noon.shift(timedelta(minutes=5))

    assert take_back(actor=actor, archive=archive)

    assert began(meeting) == before
    assert referrals(yarrow) == stood
    assert standing().values == row.values


def test_moved_together_with_the_day_of_the_meeting_both_come_back(actor, meeting, row, noon):
    archive = corrected(actor, row, f24_15="20261118", f24_13="20261001")
    assert Meeting.objects.get(pk=meeting.pk).held_on == date(2026, 11, 18)
    noon.shift(timedelta(minutes=5))
    take_back(actor=actor, archive=archive)
    found = Meeting.objects.get(pk=meeting.pk)
    assert (found.held_on, found.consent_on) == (HELD, CONSENT)


def test_a_referral_recorded_since_does_not_keep_another_correction_from_going_back(
    actor, meeting, row, yarrow, noon
):
    archive = corrected(actor, row, f24_13="20260929")
    noon.shift(timedelta(minutes=5))
    record_referral(
        actor=actor, student=yarrow, asked=Asked(True), received=Received(date(2026, 11, 23), "10", "Again.")
    )
    assert reasons_not_to_take_back(actor, archive, known_of(yarrow.pk)) == []


def test_a_referral_that_the_correction_moved_and_somebody_moved_again_does(
    actor, meeting, row, yarrow, noon
):
    archive = corrected(actor, row, f24_11="20260911")
    noon.shift(timedelta(minutes=5))
    corrected_again = corrected(actor, standing(), f24_11="20260910")
    noon.shift(timedelta(minutes=5))
    found = [one.code for one in reasons_not_to_take_back(actor, archive, known_of(yarrow.pk))]
    assert found == ["already-corrected"]
    take_back(actor=actor, archive=corrected_again)
    assert referrals(yarrow) == [(date(2026, 9, 11), "10", date(2026, 9, 25))]


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"f24_13": ""}, ["no-consent"]),
        ({"f24_13": "20260931"}, ["no-date"]),
        ({"f24_11": "soon"}, ["no-date"]),
        ({"f24_13": "20261121"}, ["consent-after-meeting"]),
        ({"f24_13": "20261124"}, ["future-date", "consent-after-meeting"]),
        ({"f24_13": "20260913"}, ["referred-after-consent"]),
        ({"f24_11": "20260929"}, ["referred-after-consent", "after-plan"]),
        ({"f24_11": "20260926"}, ["after-plan"]),
        ({"f24_11": ""}, ["referral-stands"]),
        ({"f24_11": "20100101"}, ["before-birth"]),
        ({"f24_12": "77"}, ["no-party"]),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_half_done(actor, meeting, row, yarrow, changes, codes):
    before = began(meeting)
    found = refused(actor, row, **changes)
    # What the state's own rules say of the same stands beside it.
    assert [one for one in found if one == one.lower()] == codes
    assert began(meeting) == before and referrals(yarrow) == [(REFERRED, "10", date(2026, 9, 25))]
    assert not Archive.objects.filter(cause="correction").exists()


def test_a_consent_before_a_referral_of_its_own_would_bring_that_back(actor, meeting, row, yarrow):
    """The record names no referral, and one of September 14 led to it."""
    row.values["24.11"] = ""
    row.save()
    assert refused(actor, row, f24_13="20260913") == ["referral-later"]
    assert not waiting_referrals().filter(student=yarrow).exists()


@pytest.mark.parametrize("lea", [w.LEA, w.OTHER_LEA])
@pytest.mark.parametrize(
    ("asked_on", "consent", "codes"),
    [
        # From the day of that referral on the consent would count as its.
        (date(2026, 10, 5), "20261005", ["referral-waits"]),
        (date(2026, 10, 5), "20261012", ["referral-waits"]),
        (date(2026, 10, 5), "20261004", []),
        # It has ended this one all along.
        (date(2026, 9, 28), "20261012", []),
    ],
)
def test_a_later_consent_ends_no_other_referral_unsaid(
    actor, meeting, row, yarrow, lea, asked_on, consent, codes
):
    values = dict.fromkeys(Referral.content, "") | {"referred_by_code": "20"}
    values |= {name: None for name in Referral.content if name.endswith("_on")}
    slot = {"student_id": yarrow.pk, "lea_code": lea}
    if lea == w.LEA:
        ends = Statement(slot, None, asked_on)
        state_student_facts("referral", [ends], by_id=None, cause="test")
    state_one("referral", slot=slot, values=values, effective_from=asked_on, by_id=None, cause="test")
    waiting = waiting_referrals().filter(student=yarrow).count()
    preview = preview_correction(row, {"24.13": consent})
    assert [one.code for one in preview.blockers if one.code.startswith("referral")] == codes
    if codes:
        assert "A referral of 10/05/2026 waits" in preview.blockers[0].text
        assert refused(actor, row, f24_13=consent) == codes
        assert waiting_referrals().filter(student=yarrow).count() == waiting == 1


def test_a_review_has_neither_and_says_so(actor, small_world):
    review = ArchivedRecord.objects.get(record_key="MEET|9910017|9900000005|20251114")
    preview = preview_correction(review, {"24.13": "20250901"})
    assert "not-initial" in [one.code for one in preview.blockers]


def test_one_reported_as_pending_is_corrected_in_its_meeting(actor, yarrow):
    opened = open_meeting(
        actor=actor, student=yarrow, event=EVENTS["b_initial"], evaluation=Evaluation(CONSENT)
    )
    pending = report_pending(actor=actor, meeting=opened).records.get()
    preview = preview_correction(pending, {"24.13": "20260929"})
    assert "open-evaluation" in [one.code for one in preview.blockers]


def test_the_preview_says_what_the_rules_would_find(actor, meeting, row):
    """With a consent of September 20 the 60 days ended on November 19: the meeting of the 20th was late."""
    preview = preview_correction(row, {"24.13": "20260920"})
    assert [(step.kind, step.record) for step in preview.steps] == [("add", "MEET")]
    assert "MZ-MEET-LATE-INITIAL" in [one.code for one in preview.findings]


def test_only_the_meeting_of_that_day_is_brought_up(actor, meeting, row, yarrow):
    other = Meeting.objects.create(
        student=yarrow,
        lea_code=w.OTHER_LEA,
        event_key="b_initial",
        state="finalized",
        finalized_at=w.NOON,
        held_on=HELD,
        consent_on=CONSENT,
        evaluation_type_code="10",
        opened_at=w.NOON,
        source="meeting",
    )
    corrected(actor, row, f24_13="20260929")
    other.refresh_from_db()
    assert other.consent_on == CONSENT
