"""Writing bulk assignments: the facts, and the batch by which they can be taken back (``assignment_undo``)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from manzanita.domain.access import Actor
from manzanita.platform import clock
from manzanita.platform.facts import Fact, Statement
from manzanita.students.actions import FACT_MODELS, state_student_facts
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


@dataclass(frozen=True, slots=True)
class Stated:
    """What a change says of one slot of a kind of fact, on its days; ``values`` ``None``: nobody has it."""

    kind: str
    slot: Mapping[str, int]
    values: Mapping[str, Any] | None

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.kind, *(self.slot[name] for name in FACT_MODELS[self.kind].slot))


def stated_by(change: AssignmentChange) -> Iterator[Stated]:
    slot, loses, gets = {"student_id": change.student_id}, change.from_user_id, change.to_user_id
    if change.kind == "assignment":
        yield Stated("assignment", slot, {"user_id": gets} if gets else None)
        return
    if loses:
        yield Stated("team", {**slot, "user_id": loses}, None)
    if gets:
        yield Stated("team", {**slot, "user_id": gets}, {"role": change.role})


def believed_in(stated: Sequence[Stated]) -> dict[tuple[Any, ...], list[Fact]]:
    """The believed versions of the slots, by ``Stated.key`` and in the order of their days; a query for each kind."""
    wanted = {one.key for one in stated}
    ids = {one.slot["student_id"] for one in stated}
    found: dict[tuple[Any, ...], list[Fact]] = defaultdict(list)
    for kind in sorted({one.kind for one in stated}):
        model = FACT_MODELS[kind]
        for row in model.objects.believed().filter(student_id__in=ids).order_by("effective_from"):
            key = (kind, *(getattr(row, name) for name in model.slot))
            if key in wanted:
                found[key].append(row)
    return found


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
    of_change = [list(stated_by(change)) for change in changes]
    stated = [one for some in of_change for one in some]
    before = believed_in(stated)
    statements: dict[str, list[Statement]] = defaultdict(list)
    for change, some in zip(changes, of_change, strict=True):
        for one in some:
            days = (change.starts_on, change.ends_on)
            statements[one.kind].append(Statement(one.slot, one.values, *days))
    for kind, of_kind in statements.items():
        state_student_facts(kind, of_kind, by_id=actor.user_id, cause=f"assignment:{batch.pk}")
    stands = {(kind, row.pk) for (kind, *_), rows in believed_in(stated).items() for row in rows}
    for change, some in zip(changes, of_change, strict=True):
        change.batch = batch
        change.closed = [
            row.pk for one in some for row in before[one.key] if (one.kind, row.pk) not in stands
        ]
    AssignmentChange.objects.bulk_create(changes, batch_size=500)
    return batch
