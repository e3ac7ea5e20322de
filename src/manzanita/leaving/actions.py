"""Every write of leavings and of reports about participation. What one does to facts is ``procedures.leaving``."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.leaving import REPORTED, PaperSaid
from manzanita.domain.revocation import Letter
from manzanita.leaving.models import Leaving, LeavingBatch, LeavingItem, ParticipationReport
from manzanita.leaving.queries import open_report_of
from manzanita.platform import clock
from manzanita.students.many import made_batch
from manzanita.students.models import Student

NOTE_LENGTH, LETTER_BY_LENGTH = 300, 200


def paper_document(said: Mapping[str, PaperSaid]) -> dict[str, dict[str, str]]:
    """Papers as JSON: by key, the day as ISO text (blank: none) and the note."""
    return {
        key: {"on": one.on.isoformat() if one.on else "", "note": one.note.strip()[:NOTE_LENGTH]}
        for key, one in said.items()
    }


def papers_of(document: Mapping[str, Mapping[str, str]]) -> dict[str, PaperSaid]:
    return {
        key: PaperSaid(date.fromisoformat(one["on"]) if one["on"] else None, one["note"])
        for key, one in document.items()
    }


def add_leaving(
    *,
    actor: Actor,
    student: Student,
    reason_key: str,
    leaves_on: date,
    note: str,
    papers: Mapping[str, PaperSaid],
    letter: Letter,
    report: ParticipationReport | None,
    state: str,
) -> Leaving:
    """Store one, planned or done now. Its facts, where it has any, are stated by the caller."""
    return Leaving.objects.create(
        student=student,
        lea_code=actor.agency_code,
        reason_key=reason_key,
        leaves_on=leaves_on,
        state=state,
        note=note.strip()[:NOTE_LENGTH],
        papers=paper_document(papers),
        letter_on=letter.on,
        letter_by=letter.by[:LETTER_BY_LENGTH],
        report=report,
        asked_at=clock.now(),
        asked_by_id=actor.user_id,
        grant_id=actor.grant_id,
        done_at=clock.now() if state == "done" else None,
    )


def end_leaving(*, actor: Actor, leaving: Leaving, state: str) -> None:
    """It is canceled, or taken back."""
    leaving.state, leaving.ended_at, leaving.ended_by_id = state, clock.now(), actor.user_id
    leaving.save(update_fields=["state", "ended_at", "ended_by_id"])


def note_problem(leaving: Leaving, reasons: Sequence[Mapping[str, Any]]) -> None:
    """Why the nightly job could not carry it out."""
    leaving.problem = list(reasons)
    leaving.save(update_fields=["problem"])


@transaction.atomic
def report_participation(
    *,
    actor: Actor,
    student: Student,
    reason_key: str,
    last_on: date | None,
    note: str,
    lea_code: str = "",
) -> ParticipationReport:
    """Tell the coordinator that a student stops taking part: of the actor's LEA, or of another that is named. One is
    open at a time: reporting again returns it.

    Raises ``ValueError`` for a reason that there is not.
    """
    if reason_key not in REPORTED:
        raise ValueError(f"no such reason: {reason_key}")
    lea = lea_code or actor.agency_code
    try:
        with transaction.atomic():
            report = ParticipationReport.objects.create(
                student=student,
                lea_code=lea,
                reason_key=reason_key,
                last_on=last_on,
                note=note.strip()[:NOTE_LENGTH],
                reported_at=clock.now(),
                reported_by_id=actor.user_id,
            )
    except IntegrityError:
        standing = open_report_of(student, lea)
        if standing is None:
            raise
        return standing
    log_change(
        actor=actor,
        action="report_participation",
        student_id=student.pk,
        subject=report,
        reason=report.note,
        detail={"reason": reason_key},
    )
    return report


def settle_report(*, actor: Actor, report: ParticipationReport, state: str, answer: str) -> bool:
    """Close an open report as recorded or as not so. False where it was closed already."""
    changed = ParticipationReport.objects.filter(pk=report.pk, state="open").update(
        state=state,
        answer=answer.strip()[:NOTE_LENGTH],
        answered_at=clock.now(),
        answered_by_id=actor.user_id,
    )
    return bool(changed)


def reopen_report(*, report: ParticipationReport) -> bool:
    """What answered it stands no more: it waits again, from the day it was reported. False where it waits already, or
    where the student was reported anew since: then that one waits."""
    waiting = ParticipationReport.objects.filter(pk=report.pk, state="done")
    try:
        with transaction.atomic():
            return bool(waiting.update(state="open", answer="", answered_at=None, answered_by_id=None))
    except IntegrityError:
        return False


@transaction.atomic
def decline_report(*, actor: Actor, report: ParticipationReport, answer: str) -> bool:
    """Answer a report without a leaving. False where somebody was faster."""
    if not settle_report(actor=actor, report=report, state="declined", answer=answer):
        return False
    log_change(
        actor=actor,
        action="decline_report",
        student_id=report.student_id,
        subject=report,
        reason=answer.strip(),
    )
    return True


@transaction.atomic
def take_back_report(*, actor: Actor, report: ParticipationReport) -> bool:
    """The reporter says that it is not so after all. False where somebody has settled it meanwhile."""
    waiting = ParticipationReport.objects.filter(pk=report.pk, state="open", reported_by_id=actor.user_id)
    if not waiting.update(state="undone"):
        return False
    log_change(
        actor=actor, action="take_back_report", student_id=report.student_id, subject=report, reason=""
    )
    return True


@transaction.atomic
def open_batch(
    *,
    actor: Actor,
    public_id: uuid.UUID,
    reason_key: str,
    note: str,
    papers: Mapping[str, PaperSaid],
    days: Mapping[int, date],
) -> tuple[LeavingBatch, bool]:
    """A batch of students (key → day of leaving) who wait to be recorded, and whether it was made now.

    Whoever waits in another batch is left out: of two people at once the first has the student.
    """
    # Of two people at once the second finds what the first has made.
    list(Student.unscoped.select_for_update().filter(pk__in=list(days)).order_by("pk").values_list("pk"))
    made = LeavingBatch.objects.filter(public_id=public_id).first()
    if made is not None:
        return made, False
    rows = LeavingItem.objects.filter(student__in=list(days), lea_code=actor.agency_code, state="waiting")
    waiting = set(rows.values_list("student_id", flat=True))
    batch = made_batch(
        LeavingBatch,
        actor=actor,
        public_id=public_id,
        reason_key=reason_key,
        note=note.strip()[:NOTE_LENGTH],
        papers=paper_document(papers),
    )
    LeavingItem.objects.bulk_create(
        LeavingItem(batch=batch, student_id=pk, lea_code=actor.agency_code, leaves_on=day)
        for pk, day in days.items()
        if pk not in waiting
    )
    log_change(
        actor=actor,
        action="record_leavings",
        subject=batch,
        reason=batch.note,
        detail={"of": len(days), "reason": reason_key},
    )
    return batch, True
