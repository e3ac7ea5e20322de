"""Taking back students who were assigned in bulk (``assigning``): on the same day, and what others did since stays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction

from manzanita.accounts.granting import Refused
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.leaving.queries import left_since
from manzanita.platform import clock
from manzanita.students.assignment_actions import assigned_since, lock_students
from manzanita.students.assignment_undo import take_back, ways_back
from manzanita.students.models import AssignmentBatch, AssignmentChange
from manzanita.students.scope import visible_to


def can_undo(actor: Actor, batch: AssignmentBatch) -> bool:
    """On its day, by who made it or by who manages the people."""
    return (
        batch.undone_at is None
        and batch.made_on == clock.today()
        and actor.may(Capability.ASSIGN_STUDENTS)
        and not actor.is_read_only
        and (batch.by_id == actor.user_id or actor.may(Capability.MANAGE_PEOPLE))
    )


@transaction.atomic
def undo_assignments(*, actor: Actor, batch: AssignmentBatch) -> int:
    """Give everybody back what they had before; returns how many students stayed as they are now, because somebody
    has assigned them since or they are out of reach. Raises ``Refused``. Undone twice changes nothing."""
    batch = AssignmentBatch.objects.select_for_update().get(pk=batch.pk)
    if batch.undone_at is not None:
        return 0
    if not can_undo(actor, batch):
        raise Refused(
            [
                Reason(
                    "too-late-to-undo",
                    "An assignment is taken back on the day it was made, by who made it or by the SEDS coordinator.",
                    Owner.COORDINATOR,
                    "Assign the students anew.",
                )
            ]
        )
    changes = list(batch.changes.order_by("pk"))
    ids = sorted({change.student_id for change in changes})
    lock_students(ids)
    within = set(visible_to(actor).filter(pk__in=ids).values_list("pk", flat=True))
    before = assigned_since(batch, ids, changes[0].starts_on - timedelta(days=1))
    ways = ways_back(
        [change for change in changes if change.student_id in within], left_since(ids, batch.made_at)
    )
    standing = [change for change in changes if change.pk in ways and not _is_lost(change, before)]
    take_back(actor=actor, batch=batch, ways=[way for change in standing for way in ways[change.pk]])
    kept = len(changes) - len(standing)
    log_change(
        actor=actor, action="undo_assignment", subject=batch, detail={"kept": kept, "of": len(changes)}
    )
    return kept


def _is_lost(change: AssignmentChange, before: Mapping[int, int | None]) -> bool:
    """Whether who would get the case back has lost it since. ``before``: who was given it since for the day before.
    A plan that is taken back would give it to somebody who has it no longer."""
    had = change.from_user_id
    return change.kind == "assignment" and before.get(change.student_id, had) != had
