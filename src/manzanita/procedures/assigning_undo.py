"""Taking back students who were assigned in bulk (``assigning``): on the same day, and what others did since stays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction

from manzanita.accounts.granting import Refused
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.platform import clock
from manzanita.students.assignment_actions import assigned_since, lock_students, take_back
from manzanita.students.caseload import last_day, managers_of, next_starts, teams_of
from manzanita.students.models import AssignmentBatch, AssignmentChange, CaseAssignment
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
    starts_on = changes[0].starts_on
    managers = managers_of(ids, starts_on)
    teams = teams_of(ids, {change.to_user_id for change in changes if change.to_user_id}, starts_on)
    planned = next_starts(ids, starts_on)
    before = assigned_since(batch, ids, starts_on - timedelta(days=1))
    standing = [
        change
        for change in changes
        if change.student_id in within and _stands(change, managers, teams, planned, before)
    ]
    for change in standing:
        if change.kind == "assignment":
            # Not saved: what was planned since stays.
            change.ends_on = last_day(change.ends_on, planned.get(change.student_id))
    take_back(actor=actor, batch=batch, changes=standing)
    kept = len(changes) - len(standing)
    log_change(
        actor=actor, action="undo_assignment", subject=batch, detail={"kept": kept, "of": len(changes)}
    )
    return kept


def _stands(
    change: AssignmentChange,
    managers: Mapping[int, int],
    teams: Mapping[tuple[int, int], str],
    planned: Mapping[int, CaseAssignment],
    before: Mapping[int, int | None],
) -> bool:
    """Has nobody built on it since? ``before``: who was given the case since for the day before. Where that is not who
    would get it back, a plan that is taken back would give it to somebody who has lost it."""
    if change.kind == "assignment":
        following = planned.get(change.student_id)
        comes_back = (
            following is not None
            and following.user_id == change.to_user_id
            and (change.ends_on is None or following.effective_from <= change.ends_on)
        )
        is_built_on = comes_back or before.get(change.student_id, change.from_user_id) != change.from_user_id
        return managers.get(change.student_id) == change.to_user_id and not is_built_on
    return change.to_user_id is None or (change.student_id, change.to_user_id) in teams
