"""A meeting from its opening to its end: opened, handed over, canceled, made final, corrected.

What is said in it is written by ``answer_actions``, that it was held by ``hold_actions``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import IntegrityError, transaction

from manzanita.archive.queries import pending_archive
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason, RefusedForReasons
from manzanita.domain.scenarios import Event
from manzanita.meetings.evaluations import Evaluation, consent_reasons, evaluation_due
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES, last_dates
from manzanita.platform import clock
from manzanita.platform.changed import students_changed
from manzanita.students import actions as student_actions
from manzanita.students.assignment_actions import lock_students
from manzanita.students.models import Merge, Student

MAX_REASON_LENGTH = 300


class NotPossible(RefusedForReasons):
    """The action is refused; ``reasons`` says why, by which rule, whose job it is and what ends it."""


@transaction.atomic
def open_meeting(
    *, actor: Actor, student: Student, event: Event, evaluation: Evaluation | None = None
) -> Meeting:
    """Open ``event`` for the student, against the clocks that it meets. The caller has asked
    ``reasons_not_to_open`` first.

    Raises ``NotPossible`` when another meeting was opened in the same moment, and for an initial evaluation
    without consent or with dates that cannot be.
    """
    lock_unmerged(student)
    if event.is_initial:
        if reasons := list(consent_reasons(evaluation)):
            raise NotPossible(reasons)
    elif evaluation is not None:
        raise ValueError(f"{event.key} is no initial evaluation")
    try:
        with transaction.atomic():
            meeting = Meeting.objects.create(
                student=student,
                event_key=event.key,
                lea_code=actor.agency_code,
                due_on=student.plan_review_due_on if event.is_plan_review else None,
                evaluation_due_on=evaluation_due(student, event, evaluation),
                referred_on=evaluation.referred_on if evaluation else None,
                referred_by_code=evaluation.referred_by_code if evaluation else "",
                consent_on=evaluation.consent_on if evaluation else None,
                evaluation_type_code=event.evaluation_type_code,
                is_plan_review=event.is_plan_review,
                opened_at=clock.now(),
                opened_by_id=actor.user_id,
            )
    except IntegrityError as error:
        raise NotPossible(
            [
                Reason(
                    "open-meeting",
                    "Another meeting was opened a moment ago.",
                    Owner.TEAM,
                    "Work in that one.",
                )
            ]
        ) from error
    if event.is_initial:
        student_actions.issue_local_sped_id(student)
    students_changed([student.pk])
    log_change(actor=actor, action="open_meeting", student_id=student.pk, subject=meeting)
    return meeting


def lock_unmerged(student: Student) -> None:
    """Nobody else changes the student until the transaction ends. Raises ``NotPossible`` for a record that was put
    together with another."""
    lock_students([student.pk])
    if Merge.objects.filter(other=student.pk, undone_at__isnull=True).exists():
        raise NotPossible(
            [
                Reason(
                    "merged-away",
                    "The record was put together with another a moment ago.",
                    Owner.COORDINATOR,
                    "Open the meeting on the record that stays.",
                )
            ]
        )


def require_open(meeting_id: int) -> Meeting:
    meeting = Meeting.objects.select_for_update().get(pk=meeting_id)
    if meeting.state not in OPEN_STATES:
        raise NotPossible(
            [
                Reason(
                    "meeting-closed",
                    f"This meeting is {meeting.get_state_display().lower()}; its answers stand.",
                    Owner.COORDINATOR,
                    "Correct the archive, or open an amendment.",
                )
            ]
        )
    return meeting


@transaction.atomic
def cancel_meeting(*, actor: Actor, meeting: Meeting, reason: str) -> bool:
    """Close a meeting that will not be held. Its answers stay readable. False when it was closed already.

    Raises ``NotPossible`` without a reason.
    """
    if not reason.strip():
        raise NotPossible(
            [
                Reason(
                    "no-reason",
                    "A canceled meeting stays in the record, so it needs the reason why.",
                    Owner.YOU,
                    "Write the reason in a sentence.",
                )
            ]
        )
    if pending_archive(meeting.pk) is not None:
        raise NotPossible(
            [
                Reason(
                    "reported-pending",
                    "The state was told that this evaluation is pending, so it cannot just disappear.",
                    Owner.TEAM,
                    "Conclude it under Hold: consent to evaluate was withdrawn. The pending record is then deleted.",
                )
            ]
        )
    if len(reason) > MAX_REASON_LENGTH:
        raise NotPossible(
            [
                Reason(
                    "long-reason",
                    f"The reason has {len(reason)} characters, and {MAX_REASON_LENGTH} are kept.",
                    Owner.TEAM,
                    "Say it in a sentence or two.",
                )
            ]
        )
    changed = Meeting.objects.filter(pk=meeting.pk, state__in=OPEN_STATES).update(state="canceled")
    if changed:
        students_changed([meeting.student_id])
        log_change(
            actor=actor,
            action="cancel_meeting",
            student_id=meeting.student_id,
            subject=meeting,
            reason=reason,
        )
    return bool(changed)


def hand_over_meeting(*, actor: Actor, meeting: Meeting, to_lea: str, reason: str) -> bool:
    """Let another LEA go on with a meeting that is being prepared; False when it is not any more. One that was held,
    or that the state knows as pending, is its own LEA's to finish (``domain.student_transfers.obstacles``)."""
    changed = Meeting.objects.filter(pk=meeting.pk, state="open", lea_code=meeting.lea_code).update(
        lea_code=to_lea
    )
    if changed:
        students_changed([meeting.student_id])
        log_change(
            actor=actor,
            action="hand_over_meeting",
            student_id=meeting.student_id,
            subject=meeting,
            reason=reason,
            detail={"from": meeting.lea_code, "to": to_lea},
        )
    return bool(changed)


def reopen_canceled(*, actor: Actor, meeting_ids: Sequence[int]) -> int:
    """Take the canceling of meetings back, each as far as it was; how many. One that would stand beside another open
    meeting of the student stays canceled."""
    count = 0
    for meeting in Meeting.objects.filter(pk__in=meeting_ids, state="canceled"):
        if Meeting.objects.filter(student=meeting.student_id, state__in=OPEN_STATES).exists():
            continue
        meeting.state = "held" if meeting.held_on else "open"
        meeting.save(update_fields=["state"])
        students_changed([meeting.student_id])
        log_change(actor=actor, action="reopen_meeting", student_id=meeting.student_id, subject=meeting)
        count += 1
    return count


def mark_finalized(
    *, actor: Actor, meeting: Meeting, outcome_key: str, plan_starts_on: date | None, at: datetime
) -> bool:
    """Turn a meeting into a finalized one; False when it is no longer in the state that ``meeting`` shows.

    One conditional UPDATE, so that of two clicks only one goes on.
    """
    changed = Meeting.objects.filter(pk=meeting.pk, state=meeting.state).update(
        state="finalized",
        outcome_key=outcome_key,
        plan_starts_on=plan_starts_on,
        finalized_at=at,
        finalized_by_id=actor.user_id,
    )
    if changed:
        students_changed([meeting.student_id])
    return bool(changed)


def correct_delay(*, student_id: int, lea_code: str, held_on: date, delay_code: str) -> int:
    """Bring the delay reason of a finalized meeting up to its corrected archive; how many meetings changed."""
    return Meeting.objects.filter(
        student_id=student_id, lea_code=lea_code, held_on=held_on, state="finalized"
    ).update(delay_code=delay_code)


def correct_held_on(*, student_id: int, lea_code: str, held_on: date, becomes: date) -> int:
    """Bring the day of a finalized meeting up to its corrected archive; how many meetings changed."""
    return Meeting.objects.filter(
        student_id=student_id, lea_code=lea_code, held_on=held_on, state="finalized"
    ).update(held_on=becomes)


def refresh_clocks(student_ids: list[int]) -> None:
    """Bring the due dates of students up to their newest meetings."""
    student_actions.set_clocks(last_dates(student_ids))


def withdraw_known(meeting_id: int) -> int:
    """A meeting that the office had recorded without its form was none; how many that were."""
    return Meeting.objects.filter(pk=meeting_id, source="procedure", state="finalized").update(
        state="canceled"
    )


@transaction.atomic
def take_over_meetings(meetings: list[Meeting]) -> None:
    """Store meetings that the state already holds, as finalized and without answers."""
    Meeting.objects.bulk_create(meetings, batch_size=500)
