"""Writing what people say of a due date: why it is late, and how they tried to reach the family."""

from __future__ import annotations

from datetime import date

from django.db import IntegrityError, transaction

from manzanita.auditing.actions import log_change
from manzanita.deadlines.models import ContactAttempt, DelayReason, DueDate
from manzanita.domain.access import Actor
from manzanita.domain.delays import delays_of
from manzanita.domain.findings import Owner, Reason
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.models import Meeting
from manzanita.platform import clock

LONGEST_NOTE = 300


@transaction.atomic
def record_delay(
    *, actor: Actor, due: DueDate, code: str, planned_on: date | None = None, note: str = ""
) -> DelayReason:
    """Say why ``due`` is, or will be, late before a meeting can say it. Saying the same again changes nothing; another
    reason withdraws the one that stood. Raises ``NotPossible``."""
    locked = DueDate.objects.select_for_update().filter(pk=due.pk).first()
    if locked is None or locked.due_on is None:
        raise NotPossible([_gone()])
    reasons = []
    if code not in {one.code for one in delays_of(locked.clock)}:
        reasons.append(
            Reason(
                "delay-code",
                "This clock does not take that reason of delay, or the state judges no such clock.",
                Owner.TEAM,
                "Choose one of the reasons that the page offers.",
                source="MEET 24.18",
            )
        )
    if planned_on is not None and planned_on < clock.today():
        reasons.append(
            Reason(
                "planned-past",
                f"The meeting cannot be planned for {planned_on:%m/%d/%Y}: that day is past.",
                Owner.TEAM,
                "Enter the day for which the meeting is planned, or leave it empty.",
            )
        )
    if reasons:
        raise NotPossible(reasons)
    words = _words(note)
    standing = DelayReason.objects.filter(
        student=locked.student_id, clock=locked.clock, due_on=locked.due_on, withdrawn_at__isnull=True
    )
    old = standing.select_for_update().first()
    if old is not None and (old.code, old.planned_on, old.note) == (code, planned_on, words):
        return old
    standing.update(withdrawn_at=clock.now())
    said = DelayReason.objects.create(
        student_id=locked.student_id,
        lea_code=locked.lea_code,
        clock=locked.clock,
        due_on=locked.due_on,
        code=code,
        planned_on=planned_on,
        note=words,
        by_id=actor.user_id,
        by_name=actor.person_name,
        at=clock.now(),
    )
    log_change(
        actor=actor,
        action="record_delay",
        student_id=locked.student_id,
        subject=said,
        reason=words,
        detail={"clock": locked.clock, "code": code},
    )
    return said


def record_attempt(
    *,
    actor: Actor,
    student_id: int,
    lea_code: str,
    meeting: Meeting | None,
    tried_on: date | None,
    how: str,
    result: str,
    note: str,
    ask_key: str,
) -> ContactAttempt:
    """Note one attempt to reach the family. The same ``ask_key`` again is the same click. Raises ``NotPossible``."""
    reasons = []
    if tried_on is None or tried_on > clock.today():
        reasons.append(
            Reason(
                "attempt-day",
                "The day of the attempt is missing, or still to come.",
                Owner.TEAM,
                "Enter the day on which you tried.",
            )
        )
    if how not in dict(ContactAttempt.HOW) or result not in dict(ContactAttempt.RESULTS):
        reasons.append(
            Reason(
                "attempt-what",
                "How you tried, or what came of it, is missing.",
                Owner.TEAM,
                "Choose both.",
            )
        )
    if not 8 <= len(ask_key) <= 24:
        reasons.append(
            Reason(
                "attempt-form", "The form was not sent whole.", Owner.TEAM, "Load the page and send it again."
            )
        )
    if reasons:
        raise NotPossible(reasons)
    known = ContactAttempt.objects.filter(ask_key=ask_key, student=student_id)
    try:
        with transaction.atomic():
            if found := known.first():
                return found
            said = ContactAttempt.objects.create(
                student_id=student_id,
                meeting=meeting,
                lea_code=lea_code,
                tried_on=tried_on,
                how=how,
                result=result,
                note=_words(note),
                by_id=actor.user_id,
                by_name=actor.person_name,
                at=clock.now(),
                ask_key=ask_key,
            )
            log_change(
                actor=actor,
                action="record_attempt",
                student_id=student_id,
                subject=said,
                detail={"how": how, "result": result},
            )
    except IntegrityError:
        return known.get()
    return said


def _words(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:LONGEST_NOTE]


def _gone() -> Reason:
    return Reason(
        "clock-ended",
        "This clock runs no longer, or has no date: what it asks for is done, or its dates were corrected.",
        Owner.TEAM,
        "Look at the student's due dates as they stand now.",
    )
