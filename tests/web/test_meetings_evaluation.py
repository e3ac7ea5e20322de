"""Consent and referral of an evaluation, corrected while its meeting is open: every date of it counts anew.

Yarrow's consent was entered as September 28, 2026: 60 days are November 27. October 5 was meant: December 4. One of
July 6 would have been due on September 4.
"""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from manzanita.auditing.models import ChangeEvent
from manzanita.deadlines.models import DueDate
from manzanita.domain.access import Capability
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.actions import cancel_meeting, open_meeting
from manzanita.meetings.evaluations import Evaluation
from manzanita.meetings.hold_actions import hold_meeting
from manzanita.meetings.models import Meeting
from manzanita.procedures.pending import pending_of, report_pending
from tests.support import pages
from tests.support.pages import text_of

MEANT = {
    "consent_on": "2026-10-05",
    "referred_on": "2026-09-30",
    "referred_by": "10",
    "reason": "Read a 28 for a 5",
}


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def meeting(small_world, django_capture_on_commit_callbacks) -> Meeting:
    with django_capture_on_commit_callbacks(execute=True):
        return open_meeting(
            actor=small_world.coordinator_actor,
            student=small_world.students["yarrow"],
            event=EVENTS["b_initial"],
            evaluation=Evaluation(date(2026, 9, 28)),
        )


def address(meeting: Meeting) -> str:
    return f"/meetings/{meeting.public_id}/evaluation"


def due_on(meeting: Meeting) -> date:
    return DueDate.objects.get(student=meeting.student_id, clock="initial-iep").state_due_on


def corrections() -> list[tuple[str, list[str]]]:
    events = ChangeEvent.objects.filter(action="correct_evaluation").order_by("pk")
    return [(event.reason, event.detail["fields"]) for event in events]


def test_a_consent_entered_wrongly_is_corrected_and_every_date_counts_anew(
    meeting, coordinator, django_capture_on_commit_callbacks
):
    page = text_of(coordinator.get(f"/meetings/{meeting.public_id}?step=hold"))
    assert "It began with the consent of" in page and "09/28/2026" in page
    assert due_on(meeting) == date(2026, 11, 27)
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            answer = coordinator.post(address(meeting), MEANT)
        assert answer.url == f"/meetings/{meeting.public_id}?step=hold"
    meeting.refresh_from_db()
    assert (meeting.consent_on, meeting.referred_on, meeting.referred_by_code, meeting.evaluation_due_on) == (
        date(2026, 10, 5), date(2026, 9, 30), "10", date(2026, 12, 4),
    )  # fmt: skip
    assert due_on(meeting) == date(2026, 12, 4)
    # The second click found what it says, and wrote nothing.
    assert corrections() == [("Read a 28 for a 5", ["24.13", "24.11", "24.12"])]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": " "}, "so a correction says why"),
        ({"reason": "x" * 301}, "The reason has 301 characters"),
        ({"consent_on": ""}, "begins with the consent to evaluate"),
        ({"consent_on": "2026-02-30"}, "The day of the consent is no date."),
        ({"consent_on": "2026-11-24"}, "a day that is still to come"),
        ({"referred_on": "2026-10-06"}, "The referral of 10/06/2026 comes after the consent of 10/05/2026."),
    ],
)
def test_a_refusal_says_why_and_keeps_what_was_typed(meeting, coordinator, changes, words):
    answer = coordinator.post(address(meeting), {**MEANT, **changes})
    assert answer.status_code == 422
    page = text_of(answer)
    assert words in page and "Nothing was corrected." in page
    typed = {**MEANT, **changes}
    assert f'value="{typed["consent_on"]}"' in page and f'value="{typed["reason"]}"' in page
    meeting.refresh_from_db()
    assert (meeting.consent_on, corrections()) == (date(2026, 9, 28), [])


def test_a_meeting_that_was_held_bounds_the_consent_and_is_judged_by_it(meeting, coordinator, small_world):
    hold_meeting(actor=small_world.coordinator_actor, meeting=meeting, held_on=date(2026, 10, 2))
    assert "a consent of 10/05/2026 comes after it" in text_of(coordinator.post(address(meeting), MEANT))
    # On the day of the meeting itself the consent may have been given.
    assert coordinator.post(address(meeting), {**MEANT, "consent_on": "2026-10-02"}).status_code == 302
    early = {**MEANT, "consent_on": "2026-07-06", "referred_on": ""}
    page = text_of(coordinator.post(address(meeting), early, follow=True))
    assert "By it the meeting was held late: choose the reason of delay" in page
    late = {"held_on": "2026-10-02", "delay_code": "90"}
    assert coordinator.post(f"/meetings/{meeting.public_id}/hold", late).status_code == 302
    meeting.refresh_from_db()
    assert meeting.delay_code == "90"
    # In time again, there is nothing to explain.
    coordinator.post(address(meeting), {**early, "consent_on": "2026-09-28"})
    meeting.refresh_from_db()
    assert (meeting.evaluation_due_on, meeting.delay_code) == (date(2026, 11, 27), "")


def test_what_the_state_was_told_as_pending_is_told_again(meeting, coordinator, small_world):
    actor = small_world.coordinator_actor
    first = report_pending(actor=actor, meeting=meeting)
    assert not pending_of(meeting).is_outdated
    page = text_of(coordinator.post(address(meeting), MEANT, follow=True))
    assert "The state was told of another consent." in page
    meeting.refresh_from_db()
    second = report_pending(actor=actor, meeting=meeting)
    assert second != first and second.records.get().values["24.13"] == "20261005"
    assert not pending_of(meeting).is_outdated
    assert report_pending(actor=actor, meeting=meeting) == second


def test_only_who_holds_meetings_of_an_open_one_with_a_consent(
    meeting, coordinator, small_world, sign_in, monkeypatch
):
    assert sign_in(pages.other_coordinator(small_world)).post(address(meeting), MEANT).status_code == 404
    assert coordinator.get(address(meeting)).url == f"/meetings/{meeting.public_id}?step=hold#evaluation"
    assert coordinator.post(address(meeting), {**MEANT, "referred_by": "zz"}).status_code == 400
    review = pages.opened(small_world)
    assert "did not begin with a consent" in text_of(coordinator.post(address(review), MEANT, follow=True))
    cancel_meeting(actor=small_world.coordinator_actor, meeting=meeting, reason="Moved away")
    assert "this meeting was canceled" in text_of(coordinator.post(address(meeting), MEANT, follow=True))
    pages.take_away(monkeypatch, "coordinator", Capability.HOLD_MEETING)
    assert coordinator.post(address(meeting), MEANT).status_code == 403
    assert corrections() == []
