"""Writing bulk assignments: the facts, and the batch by which they can be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from manzanita.domain.access import Actor
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.students.actions import state_student_facts
from manzanita.students.models import AssignmentBatch, AssignmentChange, CaseAssignment, Student


def lock_students(ids: Sequence[int]) -> None:
    """Until the transaction ends nobody else assigns these students; in one order, so that two never wait in a ring."""
    list(Student.unscoped.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))


def assigned_since(batch: AssignmentBatch, ids: Sequence[int], on: date) -> Mapping[int, int | None]:
    """Who has the case on the day ``on`` (``None``: nobody), of students of whom that was otherwise before the
    batch."""
    rows = CaseAssignment.objects.filter(student__in=ids)
    then, now = (
        dict(some.values_list("student_id", "user_id"))
        for some in (rows.as_of(effective=on, known=batch.made_at), rows.as_of(effective=on))
    )
    return {pk: now.get(pk) for pk in ids if then.get(pk) != now.get(pk)}


def write_batch(
    *, actor: Actor, title: str, reason: str, changes: Sequence[AssignmentChange]
) -> AssignmentBatch:
    """State unsaved ``changes`` as facts and keep them as one batch."""
    batch = AssignmentBatch.objects.create(
        agency_code=actor.agency_code,
        title=title[:200],
        reason=reason.strip()[:200],
        made_on=clock.today(),
        made_at=clock.now(),
        by_id=actor.user_id,
    )
    for change in changes:
        change.batch = batch
    AssignmentChange.objects.bulk_create(changes, batch_size=500)
    _state(actor, changes, f"assignment:{batch.pk}", is_undo=False)
    return batch


def take_back(*, actor: Actor, batch: AssignmentBatch, changes: Sequence[AssignmentChange]) -> None:
    """State what was before ``changes`` of the batch, and close it."""
    _state(actor, changes, f"assignment-undo:{batch.pk}", is_undo=True)
    batch.undone_at, batch.undone_by_id = clock.now(), actor.user_id
    batch.save(update_fields=["undone_at", "undone_by_id"])


def _state(actor: Actor, changes: Sequence[AssignmentChange], cause: str, *, is_undo: bool) -> None:
    statements: dict[str, list[Statement]] = {"assignment": [], "team": []}
    for change in changes:
        loses, gets = change.from_user_id, change.to_user_id
        if is_undo:
            loses, gets = gets, loses
        slot = {"student_id": change.student_id}
        days = (change.starts_on, change.ends_on)
        if change.kind == "assignment":
            values = {"user_id": gets} if gets else None
            statements["assignment"].append(Statement(slot, values, *days))
            continue
        if loses:
            statements["team"].append(Statement({**slot, "user_id": loses}, None, *days))
        if gets:
            statements["team"].append(Statement({**slot, "user_id": gets}, {"role": change.role}, *days))
    for kind, stated in statements.items():
        state_student_facts(kind, stated, by_id=actor.user_id, cause=cause)
