"""Correcting what an evaluation began with: while its meeting is open a consent that was entered wrongly moves every
date of it; of a finalized one its archive is corrected, and the meeting follows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.actions import MAX_REASON_LENGTH, NotPossible, require_open
from manzanita.meetings.evaluations import Evaluation, consent_reasons, evaluation_due
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import missed_on
from manzanita.platform.changed import students_changed

# MEET 24.14: initial evaluations for Part B and for Part C.
INITIAL_TYPES = ("10", "15")
_FIELDS = {"consent_on": "24.13", "referred_on": "24.11", "referred_by_code": "24.12"}


@transaction.atomic
def correct_evaluation(
    *, actor: Actor, meeting: Meeting, evaluation: Evaluation | None, reason: str
) -> Meeting:
    """State anew what the evaluation of an open meeting began with; its due date is counted from it.

    The same again writes nothing. A reason of delay that the meeting needs no longer goes; one that it needs now is
    asked for under Hold, and until it is there a rule keeps the meeting from being final. What the state was told as
    pending stays there until it is reported again (``procedures.pending``).

    Raises ``NotPossible`` where the meeting is closed or began without a consent, for days that cannot be, and without
    a reason; ``ValueError`` for an unknown referring party.
    """
    locked = require_open(meeting.pk)
    if reasons := [*consent_reasons(evaluation), *_refusals(locked, evaluation)]:
        raise NotPossible(reasons)
    assert evaluation is not None
    said = {
        "consent_on": evaluation.consent_on,
        "referred_on": evaluation.referred_on,
        "referred_by_code": evaluation.referred_by_code,
    }
    changed = [name for name, value in said.items() if getattr(locked, name) != value]
    if not changed:
        return locked
    if refusals := list(_reason_refusals(reason)):
        raise NotPossible(refusals)
    for name, value in said.items():
        setattr(locked, name, value)
    locked.evaluation_due_on = evaluation_due(locked.student, EVENTS[locked.event_key], evaluation)
    if locked.held_on is not None and missed_on(locked, locked.held_on) is None:
        locked.delay_code = ""
    locked.save(update_fields=[*said, "evaluation_due_on", "delay_code"])
    students_changed([locked.student_id])
    log_change(
        actor=actor,
        action="correct_evaluation",
        student_id=locked.student_id,
        subject=locked,
        reason=reason.strip(),
        detail={"fields": [_FIELDS[name] for name in changed]},
    )
    return locked


def correct_begun(
    *,
    student_id: int,
    lea_code: str,
    held_on: date,
    consent_on: date | None,
    referred_on: date | None,
    party_code: str,
) -> int:
    """Bring a finalized initial evaluation up to its corrected archive; how many meetings changed. Its due date is
    counted anew."""
    found = Meeting.objects.select_related("student").filter(
        student_id=student_id,
        lea_code=lea_code,
        held_on=held_on,
        state="finalized",
        evaluation_type_code__in=INITIAL_TYPES,
    )
    began = Evaluation(consent_on, referred_on, party_code) if consent_on else None
    for meeting in found:
        meeting.consent_on, meeting.referred_on, meeting.referred_by_code = (
            consent_on,
            referred_on,
            party_code,
        )
        # One taken over from the state's extract is of no event of ours, and has no due date.
        if event := EVENTS.get(meeting.event_key):
            meeting.evaluation_due_on = evaluation_due(meeting.student, event, began)
        meeting.save(update_fields=["consent_on", "referred_on", "referred_by_code", "evaluation_due_on"])
    return len(found)


def _refusals(meeting: Meeting, evaluation: Evaluation | None) -> Iterator[Reason]:
    if meeting.consent_on is None:
        yield Reason(
            "no-evaluation",
            "This meeting did not begin with a consent to evaluate.",
            Owner.TEAM,
            "Open an initial evaluation for it.",
        )
    if evaluation is None:
        return
    for day, what in ((meeting.held_on, "was held"), (meeting.concluded_on, "was decided")):
        if day is not None and evaluation.consent_on > day:
            yield Reason(
                "consent-after-meeting",
                f"The meeting {what} on {day:%m/%d/%Y}; a consent of {evaluation.consent_on:%m/%d/%Y} comes after it.",
                Owner.TEAM,
                "Enter the day on which the signed assessment plan came back, or correct the day of the meeting first.",
            )


def _reason_refusals(reason: str) -> Iterator[Reason]:
    if not reason.strip():
        yield Reason(
            "no-reason",
            "A consent moves every date of the evaluation, so a correction says why.",
            Owner.YOU,
            "Write the reason in a sentence.",
        )
    elif len(reason) > MAX_REASON_LENGTH:
        yield Reason(
            "long-reason",
            f"The reason has {len(reason)} characters, and {MAX_REASON_LENGTH} are kept.",
            Owner.TEAM,
            "Say it in a sentence or two.",
        )
