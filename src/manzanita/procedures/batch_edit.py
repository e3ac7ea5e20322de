"""Having a job apply a draft of one field of many students (``batch_drafts``), and having it taken back."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from manzanita.domain.access import PERMISSIONS, Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.meetings.actions import NotPossible
from manzanita.platform import clock
from manzanita.platform.jobs import enqueue_job
from manzanita.procedures.batch_fields import FIELDS
from manzanita.students.models import BatchEdit

EDIT_JOB = "students.batch-edit"
UNDO_DAYS = 30


@transaction.atomic
def apply_batch(*, actor: Actor, batch: BatchEdit) -> bool:
    """Have the job apply a draft; ``False`` where somebody has done so already. Raises ``NotPossible``."""
    if not actor.may(FIELDS[batch.field_key].capability) or actor.is_read_only:
        raise NotPossible([may_not()])
    if batch.state != "draft":
        return False
    if not batch.lines.filter(state="ready").exists():
        raise NotPossible(
            [
                Reason(
                    "nothing-to-change",
                    "There is nothing to change: every student has the value already, or was refused.",
                    Owner.YOU,
                    "Mend the lines below, and paste them again.",
                )
            ]
        )
    changed = BatchEdit.objects.filter(pk=batch.pk, state="draft").update(
        state="waiting", grant_id=actor.grant_id
    )
    if changed:
        job = enqueue_job(kind=EDIT_JOB, args={"batch": batch.pk, "do": "apply"}, by_id=actor.user_id)
        BatchEdit.objects.filter(pk=batch.pk).update(job_id=job.pk)
    return bool(changed)


def why_not_undo(actor: Actor, batch: BatchEdit) -> list[Reason]:
    if batch.state != "done":
        return [
            Reason("not-applied", "It is not applied, or taken back already.", Owner.YOU, "Nothing to do.")
        ]
    is_own = batch.by_id == actor.user_id or actor.may(Capability.MANAGE_PEOPLE)
    if not is_own or not actor.may(FIELDS[batch.field_key].capability) or actor.is_read_only:
        return [may_not()]
    if clock.today() > batch.made_on + timedelta(days=UNDO_DAYS):
        return [
            Reason(
                "too-late",
                f"It is taken back within {UNDO_DAYS} days.",
                Owner.COORDINATOR,
                "Change the students anew.",
                source="Time for taking many changes back",
            )
        ]
    return []


@transaction.atomic
def undo_batch(*, actor: Actor, batch: BatchEdit) -> bool:
    """Have the job take it back; ``False`` where that is under way or done already. Raises ``NotPossible``."""
    batch = BatchEdit.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if batch.state in ("undoing", "undone"):
        return False
    reasons = why_not_undo(actor, batch)
    if reasons:
        raise NotPossible(reasons)
    # The grant of the change stays: under it is recorded later what is kept (``planned_settings``).
    args = {"batch": batch.pk, "do": "undo", "grant": actor.grant_id}
    job = enqueue_job(kind=EDIT_JOB, args=args, by_id=actor.user_id)
    BatchEdit.objects.filter(pk=batch.pk).update(state="undoing", job_id=job.pk)
    return True


@transaction.atomic
def drop_batch(batch: BatchEdit) -> None:
    """Forget a draft, with what was pasted; what is no draft any more stays as it is."""
    changed = BatchEdit.objects.filter(pk=batch.pk, state="draft").update(state="dropped", problems=[])
    if changed:
        batch.lines.all().delete()


def may_not() -> Reason:
    """Why somebody may not change the field, by the right to it."""
    return Reason(
        "may-not",
        "You may not change this field of these students.",
        Owner.COORDINATOR,
        "Ask the SEDS coordinator of the district.",
        source=PERMISSIONS,
    )
