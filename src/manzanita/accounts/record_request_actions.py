"""Asking another LEA for a student's record, and its answer. Each act is logged on the student."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from manzanita.accounts.access_refusals import NotGiven, decide_on, refusal, require_open
from manzanita.accounts.actions import grant_perspective
from manzanita.accounts.guest_mail import tell_coordinators
from manzanita.accounts.guest_queries import REQUESTED
from manzanita.accounts.models import RecordRequest, User
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.orgs.models import Agency
from manzanita.platform import clock
from manzanita.platform.changed import students_changed


@transaction.atomic
def request_record(*, actor: Actor, agency: Agency, student_id: int, reason: str) -> RecordRequest:
    """Ask the LEA ``agency`` for a student's record. Asking again while it is open changes nothing."""
    if not reason.strip():
        raise NotGiven(
            [refusal("no-reason", "The reason is missing.", "Say why you need the record; the LEA reads it.")]
        )
    request, is_new = RecordRequest.objects.get_or_create(
        asked_by_id=actor.user_id,
        agency=agency,
        student_id=student_id,
        state="asked",
        defaults={
            "asked_through_id": actor.grant_id,
            "reason": reason.strip()[:300],
            "asked_at": clock.now(),
        },
    )
    if is_new:
        log_change(
            actor=actor, action="request_record", student_id=student_id, subject=request, reason=reason
        )
        tell_coordinators(agency.pk, "record-requested")
        students_changed([student_id])
    return request


@transaction.atomic
def grant_record(*, actor: Actor, request: RecordRequest, days: int, answer: str) -> RecordRequest:
    """Let the asker read the record for ``days`` days from today. Raises ``NotGiven``."""
    locked = RecordRequest.objects.select_for_update().get(pk=request.pk)
    require_open(actor, REQUESTED, locked, answer)
    longest = PERSPECTIVES[REQUESTED].longest_days or 0
    if not 1 <= days <= longest:
        raise NotGiven([refusal("days", f"Access lasts 1 to {longest} days.", "Enter the days anew.")])
    today = clock.today()
    locked.grant = grant_perspective(
        user=locked.asked_by,
        perspective_key=REQUESTED,
        agency=locked.agency,
        starts_on=today,
        ends_on=today + timedelta(days=days - 1),
        by=User.objects.get(pk=actor.user_id),
        reason=f"Record request {locked.pk}",
        student_ids=[locked.student_id],
    )
    decide_on(actor, locked, "granted", answer)
    locked.save()
    log_change(
        actor=actor, action="grant_record", student_id=locked.student_id, subject=locked, reason=answer
    )
    students_changed([locked.student_id])
    return locked


@transaction.atomic
def refuse_record(*, actor: Actor, request: RecordRequest, answer: str) -> RecordRequest:
    locked = RecordRequest.objects.select_for_update().get(pk=request.pk)
    require_open(actor, REQUESTED, locked, answer)
    decide_on(actor, locked, "refused", answer)
    locked.save()
    log_change(
        actor=actor, action="refuse_record", student_id=locked.student_id, subject=locked, reason=answer
    )
    students_changed([locked.student_id])
    return locked
