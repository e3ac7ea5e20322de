"""Taking adopted plans back, as long as nothing of them was sent: each student whole or not.

What was believed before is stated again, and an archive without records takes the place of the adoption's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from manzanita.accounts.queries import actor_of_grant_id
from manzanita.archive.actions import ArchiveDraft, write_archives
from manzanita.archive.models import Archive
from manzanita.archive.queries import newest_of
from manzanita.arrivals.actions import close_item, look_where_open, reopen_arrival
from manzanita.arrivals.models import AdoptionBatch, AdoptionItem
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.exchange.models import SubmissionLine
from manzanita.exchange.outbox import reconcile_students
from manzanita.meetings.actions import NotPossible, refresh_clocks
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.platform import clock
from manzanita.platform.facts import Fact, Statement
from manzanita.platform.jobs import JobRun
from manzanita.procedures.adopting import ADOPT_JOB, FACT_KINDS, believed_from, enqueue_batch, why_not_adopt
from manzanita.procedures.effects import long_day
from manzanita.students.actions import FACT_MODELS, state_student_facts
from manzanita.students.models import Student

UNDO_JOB = "arrivals.undo"
ON_ITS_WAY = ("waiting", "posted")


def start_undo(*, actor: Actor, batch: AdoptionBatch) -> bool:
    """Take back what of a batch was not sent: one student at once, several by a job. ``False`` where nothing is left to
    take back, or somebody is at it. Raises ``NotPossible`` without the right to."""
    if not actor.may(Capability.CORRECT_RECORD) or actor.is_read_only:
        raise NotPossible(list(why_not_adopt(actor, "undo")))
    with transaction.atomic():
        locked = AdoptionBatch.objects.select_for_update().get(pk=batch.pk)
        items = list(locked.items.filter(state="adopted"))
        if locked.state != "done" or not items:
            return False
        locked.state = "undoing"
        locked.save(update_fields=["state"])
        if len(items) > 1:
            enqueue_batch(UNDO_JOB, locked, actor)
            return True
        _undo_item(actor, items[0])
        _end_undo(locked, actor)
    return True


def unsent_of(batch: AdoptionBatch) -> int:
    """How many of a batch were adopted and nothing of them was sent, so that they may be taken back."""
    adopted = batch.items.filter(state="adopted")
    sent = SubmissionLine.objects.filter(archive_id__in=adopted.values("archive_id"), outcome__in=ON_ITS_WAY)
    return adopted.exclude(archive_id__in=sent.values("archive_id")).count()


def do_undo(run: JobRun) -> dict[str, int]:
    """Take back who of a batch still stands, each in a step of its own."""
    batch = AdoptionBatch.objects.get(pk=run.args["batch"])
    actor = actor_of_grant_id(run.args["grant"], clock.today())
    items = list(batch.items.filter(state="adopted").order_by("pk"))
    for done, item in enumerate(items, start=1):
        with run.step():
            locked = AdoptionItem.objects.select_for_update().get(pk=item.pk)
            if locked.state == "adopted" and actor is not None and actor.may(Capability.CORRECT_RECORD):
                _undo_item(actor, locked)
        run.progress(done, len(items), "Taking back")
    with run.step():
        _end_undo(batch, actor)
    return {"undone": batch.items.filter(state="undone").count()}


def _end_undo(batch: AdoptionBatch, actor: Actor | None) -> None:
    kept = batch.items.filter(state="adopted").count()
    batch.state = "done"
    if not kept and actor is not None:
        batch.undone_at, batch.undone_by_id = clock.now(), actor.user_id
    batch.save(update_fields=["state", "undone_at", "undone_by_id"])
    log_change(actor=actor, action="undo_adoption", subject=batch, detail={"kept": kept})


def _undo_item(actor: Actor, item: AdoptionItem) -> None:
    """Give one student back what was believed before, and put an archive without records in the place of the
    adoption's."""
    Student.unscoped.select_for_update().get(pk=item.student_id)
    archive = Archive.objects.get(pk=item.archive_id)
    now = {kind: believed_from(kind, item.student_id, item.adopt_on) for kind in FACT_KINDS}
    reason = _why_not_undo(item, archive, now)
    if reason is not None:
        close_item(item, "adopted", reasons=[reason])
        return
    for kind in FACT_KINDS:
        if [row.pk for row in now[kind]] != item.before[kind]:
            _restate(actor, item, kind, now[kind])
    write_archives(
        [
            ArchiveDraft(
                student_id=item.student_id,
                lea_code=archive.lea_code,
                event_on=archive.event_on,
                cause="correction",
                cause_id=None,
                title=f"Taken back: plan adoption of {long_day(item.adopt_on)}",
                records=[],
                context={"change": "undo", "adoption": str(item.batch.public_id)},
                reason="Taken back before anything of it was sent.",
            )
        ],
        by_id=actor.user_id,
        supersedes=archive,
    )
    refresh_clocks([item.student_id])
    reconcile_students([item.student_id])
    close_item(item, "undone")
    reopen_arrival(item.arrival_id)
    look_where_open(item.student_id, archive.lea_code)
    log_change(actor=actor, action="undo_adoption", student_id=item.student_id, subject=archive)


def _why_not_undo(item: AdoptionItem, archive: Archive, now: Mapping[str, list[Any]]) -> Reason | None:
    on_its_way = SubmissionLine.objects.filter(archive_id=archive.pk, outcome__in=ON_ITS_WAY)
    if on_its_way.exists():
        return Reason(
            "adoption-sent",
            "Not taken back: something of it was sent to the state.",
            Owner.COORDINATOR,
            "For a student who never came use “Adopted, but never came”; else correct the record.",
        )
    cause = f"archive:{archive.pk}"
    has_changed = any(
        [row.pk for row in rows] != item.before[kind] and any(row.cause != cause for row in rows)
        for kind, rows in now.items()
    )
    meetings = Meeting.objects.filter(
        student_id=item.student_id,
        lea_code=archive.lea_code,
        state__in=OPEN_STATES,
        opened_at__gte=item.done_at,
    )
    if newest_of(archive) != archive or has_changed or meetings.exists():
        return Reason(
            "adoption-built-on",
            "Not taken back: the record was corrected, changed, or a meeting was opened since.",
            Owner.COORDINATOR,
            "Look at the record, and correct it there.",
        )
    return None


def _restate(actor: Actor, item: AdoptionItem, kind: str, now: Sequence[Fact]) -> None:
    """State the versions that the adoption closed, and nothing where there was nothing."""
    model = FACT_MODELS[kind]
    before = list(model.objects.filter(pk__in=item.before[kind]).order_by("effective_from", "pk"))
    slots = {tuple(getattr(row, name) for name in model.slot) for row in now}
    statements = [
        Statement(dict(zip(model.slot, slot, strict=True)), None, item.adopt_on) for slot in sorted(slots)
    ]
    statements += [
        Statement(
            {name: getattr(row, name) for name in model.slot},
            {name: getattr(row, name) for name in model.content},
            row.effective_from,
            row.effective_to,
        )
        for row in before
    ]
    cause = f"adoption-undo:{item.batch_id}"
    state_student_facts(kind, statements, by_id=actor.user_id, cause=cause)


def resume_batch(*, actor: Actor, batch: AdoptionBatch) -> None:
    """Set a batch going again whose job gave up; from here on it acts for the person who set it going."""
    if batch.state in ("waiting", "running"):
        enqueue_batch(ADOPT_JOB, batch, actor)
    elif batch.state == "undoing":
        enqueue_batch(UNDO_JOB, batch, actor)
