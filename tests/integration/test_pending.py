"""An initial evaluation reported as pending: before it is due, overdue, then held or withdrawn.

Yarrow's consent is of September 28, 2026, so the evaluation is due on November 27 (60 days). Census Day is
October 7, 2026.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from manzanita.archive.models import Archive
from manzanita.domain.scenarios import EVENTS
from manzanita.exchange.models import Operation
from manzanita.meetings import actions, hold_actions
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.evaluations import Evaluation
from manzanita.meetings.models import Meeting
from manzanita.procedures.finalize import finalize_meeting
from manzanita.procedures.pending import pending_of, report_pending
from tests.support.world import NOON

pytestmark = pytest.mark.django_db
OVERDUE = datetime(2026, 12, 1, 20, 0, tzinfo=UTC)


@pytest.fixture
def world(small_world):
    return small_world


def opened(world, consent_on=date(2026, 9, 28)):
    return actions.open_meeting(
        actor=world.coordinator_actor,
        student=world.students["yarrow"],
        event=EVENTS["b_initial"],
        evaluation=Evaluation(consent_on),
    )


def operations(world):
    rows = Operation.objects.filter(student_id=world.students["yarrow"].pk).order_by("position")
    return [(row.kind, row.record_key) for row in rows]


PENDING = "MEET|9910017|9900000003|pending-20260928"


def test_before_it_is_due_it_stands_from_consent_without_a_delay_code(world):
    meeting = opened(world)
    assert pending_of(meeting).is_expected
    archive = report_pending(actor=world.coordinator_actor, meeting=meeting)
    values = {number: text for number, text in archive.records.get().values.items() if text}
    assert {n: values.get(n) for n in ("24.10", "24.13", "24.14", "24.15", "24.17", "24.18")} == {
        "24.10": "20260928",
        "24.13": "20260928",
        "24.14": "10",
        "24.15": None,
        "24.17": "N",
        "24.18": None,
    }
    assert operations(world) == [("add", PENDING)]
    # A second click reports nothing twice.
    assert report_pending(actor=world.coordinator_actor, meeting=meeting).pk == archive.pk
    assert Archive.objects.filter(cause="pending").count() == 1


@pytest.mark.parametrize(
    ("now", "consent_on", "is_expected"),
    [
        (datetime(2026, 10, 6, 20, tzinfo=UTC), date(2026, 9, 28), False),
        (datetime(2026, 10, 7, 20, tzinfo=UTC), date(2026, 9, 28), True),
        (datetime(2026, 10, 7, 20, tzinfo=UTC), date(2026, 10, 7), True),
        (NOON, date(2026, 10, 8), False),
    ],
)
def test_it_is_expected_across_census_only(world, noon, now, consent_on, is_expected):
    noon.move_to(now)
    assert pending_of(opened(world, consent_on)).is_expected is is_expected


def test_once_overdue_it_stands_from_the_day_of_reporting_with_a_reason(world, noon):
    meeting = opened(world)
    report_pending(actor=world.coordinator_actor, meeting=meeting)
    noon.move_to(OVERDUE)
    with pytest.raises(NotPossible) as refused:
        report_pending(actor=world.coordinator_actor, meeting=meeting)
    assert [reason.code for reason in refused.value.reasons] == ["MZ-MEET-LATE"]
    archive = report_pending(actor=world.coordinator_actor, meeting=meeting, delay_code="20")
    values = archive.records.get().values
    assert (values["24.10"], values["24.18"]) == ("20261201", "20")
    # The one from consent never left, so there is nothing to delete.
    assert operations(world) == [("add", "MEET|9910017|9900000003|pending-20261201")]


def test_the_held_meeting_takes_its_place(world):
    meeting = opened(world)
    report_pending(actor=world.coordinator_actor, meeting=meeting)
    hold_actions.hold_meeting(
        actor=world.coordinator_actor,
        meeting=meeting,
        held_on=date(2026, 11, 20),
        conclusion_key="not_eligible",
    )
    finalize_meeting(actor=world.coordinator_actor, meeting=Meeting.objects.get(pk=meeting.pk))
    assert operations(world) == [
        ("add", "SWDS|9910017|9900000003|20261120"),
        ("add", "MEET|9910017|9900000003|20261120"),
    ]


def test_what_the_state_holds_as_pending_is_deleted_when_consent_is_withdrawn(world):
    from manzanita.exchange.outbox import reconcile_students
    from manzanita.exchange.state_book import Learned, learn_state_lines

    meeting = opened(world)
    archive = report_pending(actor=world.coordinator_actor, meeting=meeting)
    pk = world.students["yarrow"].pk
    learn_state_lines([Learned("MEET", archive.records.get().values, pk)], at=NOON)
    reconcile_students([pk])
    assert operations(world) == []
    with pytest.raises(NotPossible) as refused:
        actions.cancel_meeting(actor=world.coordinator_actor, meeting=meeting, reason="Moved away.")
    assert refused.value.reasons[0].code == "reported-pending"
    hold_actions.hold_meeting(
        actor=world.coordinator_actor,
        meeting=meeting,
        held_on=None,
        conclusion_key="withdrawn",
        concluded_on=date(2026, 11, 21),
    )
    finalize_meeting(actor=world.coordinator_actor, meeting=Meeting.objects.get(pk=meeting.pk))
    assert operations(world) == [("delete", PENDING)]


def test_a_review_is_never_pending(world):
    meeting = actions.open_meeting(
        actor=world.coordinator_actor, student=world.students["alder"], event=EVENTS["annual"]
    )
    assert pending_of(meeting) is None
    with pytest.raises(NotPossible):
        report_pending(actor=world.coordinator_actor, meeting=meeting)
