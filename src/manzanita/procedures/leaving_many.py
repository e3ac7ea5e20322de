"""Students who left for one reason, recorded together: looked at first, done one by one, taken back until told.

Who may be meant is whom the SIS has ended and whose plan goes on. What a leaving is stands in ``procedures.leaving``;
here each student is one leaving, whole or not, on the last day that the SIS gives.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db import transaction

from manzanita.accounts.queries import actor_of_grant_id
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.leaving import REASONS, LeavingReason, PaperSaid, paper_reasons
from manzanita.domain.statuses import Kind
from manzanita.exchange.outbox import reason_document
from manzanita.leaving.actions import close_item, open_batch, papers_of
from manzanita.leaving.models import LeavingBatch, LeavingItem, ParticipationReport
from manzanita.leaving.queries import open_reports_of
from manzanita.meetings.actions import NotPossible
from manzanita.platform import clock
from manzanita.platform.crash import crash_point
from manzanita.platform.jobs import JobRun, enqueue_job
from manzanita.procedures.leaving import LeavingAsked, LeavingPreview, preview_leaving, record_leaving
from manzanita.procedures.leaving_undo import undo_leaving
from manzanita.procedures.settling import records_to_settle
from manzanita.students.models import Enrollment, Student
from manzanita.students.scope import visible_to

LEAVE_JOB, UNDO_JOB = "leaving.many", "leaving.undo-many"
# Each is judged as one alone is; more are the next preview's.
MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Departure:
    """A student whose last enrollment here the SIS has ended for good: its last day, and the code of its exit."""

    student: Student
    last_day: date
    exit_code: str


@dataclass(frozen=True, slots=True)
class Together:
    """What the office says of all of them."""

    reason_key: str
    note: str = ""
    papers: Mapping[str, PaperSaid] = field(default_factory=dict)

    @property
    def reason(self) -> LeavingReason:
        return REASONS[self.reason_key]


@dataclass(frozen=True, slots=True)
class Offer:
    """One student of a preview: what would be recorded, or why that is not done together with the others."""

    departure: Departure
    preview: LeavingPreview
    reasons: Sequence[Reason]

    @property
    def is_ready(self) -> bool:
        return not self.reasons

    @property
    def records(self) -> str:
        """``SWDS``, or nothing where the state is told nothing."""
        change = self.preview.change
        return ", ".join(dict.fromkeys(draft.record for draft in change.drafts)) if change else ""


def departures(actor: Actor, among: Collection[uuid.UUID] | None = None) -> list[Departure]:
    """Whom the SIS has ended at the actor's LEA while the plan goes on, the longest gone first; of those of ``among``.
    A student about whom something else is to settle first, such as a transfer, is not meant."""
    waiting = [
        one.student_id
        for one in records_to_settle(actor)
        if one.item.kind is Kind.LEAVING and not one.item.url and one.lea_code == actor.agency_code
    ]
    students = visible_to(actor).filter(pk__in=waiting)
    if among is not None:
        students = students.filter(public_id__in=among)
    found = {one.pk: one for one in students}
    newest: dict[int, Enrollment] = {}
    rows = Enrollment.objects.believed().filter(student__in=found, lea_code=actor.agency_code)
    for row in rows.order_by("started_on", "pk"):
        newest[row.student_id] = row
    ended = [
        Departure(found[pk], row.effective_to, row.exit_reason_code)
        for pk, row in newest.items()
        if row.effective_to is not None and row.effective_to < clock.today()
    ]
    return sorted(ended, key=lambda one: (one.last_day, one.student.last_name, one.student.first_name))


def preview_leavings(actor: Actor, chosen: Sequence[Departure], said: Together) -> list[Offer]:
    """What recording these together would do, each looked at as one alone. Papers are asked for once, by
    :func:`why_not_together`, and a student's own day may stand against them."""
    reports = _reports(actor, [one.student.pk for one in chosen])
    missing = {reason.code for reason in why_not_together(said)}
    offers = []
    for one in chosen:
        preview = preview_leaving(actor, one.student, _asked(said, one.last_day, reports.get(one.student.pk)))
        reasons = [reason for reason in preview.blockers if reason.code not in missing]
        offers.append(Offer(one, preview, reasons))
    return offers


def why_not_together(said: Together) -> list[Reason]:
    """What is still to be said of all of them: the sentence, and papers that nothing is said of."""
    found = []
    if not said.note.strip():
        found.append(
            Reason(
                "no-note", "It needs a sentence that says how it is known.", Owner.YOU, "Say what happened."
            )
        )
    # A day that is too late for one student's own last day is that student's.
    return [*found, *paper_reasons(said.reason, said.papers, on=date.max, today=clock.today())]


def _asked(said: Together, on: date, report: ParticipationReport | None) -> LeavingAsked:
    return LeavingAsked(said.reason_key, on, said.note, said.papers, report)


def _reports(actor: Actor, student_ids: Sequence[int]) -> dict[int, ParticipationReport]:
    """What a teacher has reported of them and nobody has answered: recording the leaving answers it."""
    rows = open_reports_of(*student_ids).filter(lea_code=actor.agency_code)
    return {one.student_id: one for one in rows}


@transaction.atomic
def start_leavings(
    *, actor: Actor, chosen: Sequence[Departure], said: Together, public_id: uuid.UUID
) -> tuple[LeavingBatch, bool]:
    """Have the leavings of these recorded by a job; and whether that was started now. The same form sent twice is one
    batch. Raises ``NotPossible``; then nothing was done."""
    made = LeavingBatch.objects.filter(public_id=public_id, lea_code=actor.agency_code).first()
    if made is not None:
        return made, False
    reasons = [*_may_not(actor), *why_not_together(said)]
    if not chosen:
        reasons.append(Reason("nobody-chosen", "Nobody is ticked.", Owner.YOU, "Tick at least one student."))
    if reasons:
        raise NotPossible(reasons)
    batch, is_new = open_batch(
        actor=actor,
        public_id=public_id,
        reason_key=said.reason_key,
        note=said.note,
        papers=said.papers,
        days={one.student.pk: one.last_day for one in chosen},
    )
    if is_new:
        _enqueue(LEAVE_JOB, batch, actor)
    return batch, is_new


def _may_not(actor: Actor) -> list[Reason]:
    if actor.may(Capability.CORRECT_RECORD) and not actor.is_read_only:
        return []
    return [
        Reason(
            "no-capability",
            "Your perspective does not record that students leave.",
            Owner.COORDINATOR,
            "Ask the SEDS coordinator.",
        )
    ]


def _enqueue(kind: str, batch: LeavingBatch, actor: Actor) -> None:
    args = {"batch": batch.pk, "grant": actor.grant_id}
    batch.job_id = enqueue_job(kind=kind, args=args, by_id=actor.user_id).pk
    batch.save(update_fields=["job_id"])


def do_leavings(run: JobRun) -> dict[str, int]:
    """Record who still waits in a batch, each in a step of its own; a worker that takes over goes on with the rest."""
    batch = LeavingBatch.objects.get(pk=run.args["batch"])
    actor = actor_of_grant_id(run.args["grant"], clock.today())
    total = batch.items.count()
    LeavingBatch.objects.filter(pk=batch.pk, state="waiting").update(state="running")
    for item in batch.items.filter(state="waiting").order_by("pk"):
        with run.step():
            locked = LeavingItem.objects.select_for_update().get(pk=item.pk)
            if locked.state == "waiting":
                _record(actor, batch, locked)
        crash_point("leaving-recorded")
        run.progress(total - batch.items.filter(state="waiting").count(), total, "Recording leavings")
    with run.step():
        batch.state, batch.finished_at = "done", clock.now()
        batch.save(update_fields=["state", "finished_at"])
    return {state: batch.items.filter(state=state).count() for state in ("recorded", "refused")}


def _record(actor: Actor | None, batch: LeavingBatch, item: LeavingItem) -> None:
    """One student, whole or not: what stands against it is kept on the item."""
    if actor is None or not actor.may(Capability.CORRECT_RECORD):
        _keep(item, "refused", [_grant_ended()])
        return
    student = visible_to(actor).filter(pk=item.student_id).first()
    if student is None:
        _keep(item, "refused", [_out_of_reach()])
        return
    said = Together(batch.reason_key, batch.note, papers_of(batch.papers))
    asked = _asked(said, item.leaves_on, _reports(actor, [student.pk]).get(student.pk))
    try:
        with transaction.atomic():
            leaving = record_leaving(actor=actor, student=student, asked=asked)
    except NotPossible as refused:
        _keep(item, "refused", refused.reasons)
        return
    close_item(item, "recorded", leaving=leaving)


def _keep(item: LeavingItem, state: str, reasons: Sequence[Reason]) -> None:
    """It stays as it is, or is not done, for these reasons."""
    close_item(item, state, reasons=[reason_document(one) for one in reasons])


def start_undo(*, actor: Actor, batch: LeavingBatch) -> bool:
    """Have a job take back whom of a batch the state was not told of. ``False`` where nothing is left to take back, or
    somebody is at it. Raises ``NotPossible`` without the right to."""
    if reasons := _may_not(actor):
        raise NotPossible(reasons)
    with transaction.atomic():
        locked = LeavingBatch.objects.select_for_update().get(pk=batch.pk)
        if locked.state != "done" or not locked.items.filter(state="recorded").exists():
            return False
        locked.state = "undoing"
        locked.save(update_fields=["state"])
        _enqueue(UNDO_JOB, locked, actor)
    return True


def do_undo(run: JobRun) -> dict[str, int]:
    """Take back who of a batch still stands, each in a step of its own."""
    batch = LeavingBatch.objects.get(pk=run.args["batch"])
    actor = actor_of_grant_id(run.args["grant"], clock.today())
    items = list(batch.items.filter(state="recorded").order_by("pk"))
    for done, item in enumerate(items, start=1):
        with run.step():
            locked = LeavingItem.objects.select_for_update().get(pk=item.pk)
            if locked.state == "recorded":
                _undo(actor, locked)
        run.progress(done, len(items), "Taking back")
    kept = batch.items.filter(state="recorded").count()
    with run.step():
        batch.state = "done"
        if not kept and actor is not None:
            batch.undone_at, batch.undone_by_id = clock.now(), actor.user_id
        batch.save(update_fields=["state", "undone_at", "undone_by_id"])
        log_change(actor=actor, action="undo_leavings", subject=batch, detail={"kept": kept})
    return {"undone": batch.items.filter(state="undone").count()}


def _undo(actor: Actor | None, item: LeavingItem) -> None:
    if actor is None or item.leaving is None:
        _keep(item, "recorded", [_grant_ended()])
        return
    try:
        with transaction.atomic():
            undo_leaving(actor=actor, leaving=item.leaving)
    except NotPossible as refused:
        _keep(item, "recorded", refused.reasons)
        return
    close_item(item, "undone")


def resume_leavings(*, actor: Actor, batch: LeavingBatch) -> None:
    """Set a batch going again whose job gave up; from here on it acts for the person who set it going."""
    if batch.state in ("waiting", "running"):
        _enqueue(LEAVE_JOB, batch, actor)
    elif batch.state == "undoing":
        _enqueue(UNDO_JOB, batch, actor)


def _grant_ended() -> Reason:
    return Reason(
        "grant-ended",
        "The grant of the person who started this has ended.",
        Owner.COORDINATOR,
        "Record the rest under a grant that is in force.",
    )


def _out_of_reach() -> Reason:
    return Reason(
        "out-of-reach",
        "The student is not within your reach any more.",
        Owner.COORDINATOR,
        "Nothing to do, unless the student is yours all the same.",
    )
