"""Writing planned days: a whole plan at once, one by hand, and taking back.

Each act is a batch; who sends the same form twice makes one. What was planned is never changed but ended.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from django.db import connection, transaction

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.planning.asking import overlap
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.models import PlanBatch, PlannedMeeting
from manzanita.meetings.plan_judging import Wish, judge_wish, refuse_unless_may
from manzanita.meetings.planning import Proposal, Review, may_plan, situation_of
from manzanita.platform import clock
from manzanita.students.scope import visible_to


class PlanChanged(Exception):
    """Something that the plan depends on changed since it was looked at; nothing was written."""


def _one_at_a_time(lea_code: str) -> None:
    """Until the transaction ends nobody else plans at the LEA: two plans would give one room away twice. On SQLite only
    one writes anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"planning:{lea_code}"])


def made_before(token: uuid.UUID) -> PlanBatch | None:
    """The batch that this very form made already."""
    return PlanBatch.objects.filter(token=token).first()


def _batch(
    actor: Actor, manager_id: int, lea_code: str, kind: str, token: uuid.UUID, undoes: PlanBatch | None = None
) -> PlanBatch:
    return PlanBatch.objects.create(
        token=token,
        lea_code=lea_code,
        manager_id=manager_id,
        kind=kind,
        made_on=clock.today(),
        made_at=clock.now(),
        by_id=actor.user_id,
        undoes=undoes,
    )


def _end(student_ids: Sequence[int], batch: PlanBatch) -> None:
    """End whatever stands of these students, also of a review that was held since."""
    PlannedMeeting.objects.filter(student__in=student_ids, ended_by__isnull=True).update(ended_by=batch)


def _log(actor: Actor, batch: PlanBatch, student_id: int, day: date | None) -> None:
    log_change(
        actor=actor,
        action=f"{batch.kind}_planned_meeting",
        student_id=student_id,
        subject=batch,
        detail={"planned": day is not None},
    )


@transaction.atomic
def save_plan(
    *, actor: Actor, manager_id: int, until: date, digest: str, token: uuid.UUID
) -> tuple[PlanBatch, int]:
    """Let the proposal that was looked at (``digest``) be the plan; the batch, and how many students changed.

    Raises ``NotPossible``, and ``PlanChanged`` where the same question has another answer by now.
    """
    refuse_unless_may(actor, manager_id)
    _one_at_a_time(actor.agency_code)
    if (before := made_before(token)) is not None:
        return before, before.made.count()
    proposal = Proposal(situation_of(actor, manager_id, until))
    if proposal.digest != digest:
        raise PlanChanged
    batch = _batch(actor, manager_id, actor.agency_code, "plan", token)
    changed = proposal.changed
    _end([one.review.student.pk for one in changed], batch)
    rows = []
    for one in changed:
        day = one.placement.place.day if one.placement else None
        _log(actor, batch, one.review.student.pk, day)
        if one.placement is not None:
            place = one.placement.place
            rows.append(
                _row(
                    one.review,
                    manager_id,
                    batch,
                    Wish(
                        place.day,
                        place.slot.starts,
                        place.slot.minutes,
                        _key(place.room),
                        _key(place.interpreter),
                    ),
                )
            )
    PlannedMeeting.objects.bulk_create(rows)
    return batch, len(changed)


def _key(text: str) -> int | None:
    return int(text) if text else None


def _row(review: Review, manager_id: int, batch: PlanBatch, wish: Wish) -> PlannedMeeting:
    return PlannedMeeting(
        student_id=review.student.pk,
        lea_code=review.lea_code,
        manager_id=manager_id,
        clock=review.clock,
        due_on=review.due_on,
        planned_on=wish.day,
        starts_at=wish.starts,
        minutes=wish.minutes,
        room_id=wish.room_id,
        interpreter_id=wish.interpreter_id,
        is_locked=wish.is_locked,
        made_by=batch,
    )


def plan_by_hand(
    *, actor: Actor, manager_id: int, review: Review, until: date, wish: Wish, seen: int, token: uuid.UUID
) -> PlanBatch:
    """Let the review be planned on the day of ``wish``. ``seen`` is the key of the planned meeting that was looked at,
    0 where there was none. Raises ``NotPossible``, ``PlanChanged``."""
    now = review.planned
    kind = "lock" if now is not None and not _moves(now, wish) else "move"
    return _by_hand(actor, manager_id, review, until, wish, seen, token, kind)


def _moves(now: PlannedMeeting, wish: Wish) -> bool:
    stands = (now.planned_on, now.starts_at, now.minutes, now.room_id, now.interpreter_id)
    return stands != (wish.day, wish.starts, wish.minutes, wish.room_id, wish.interpreter_id)


def take_out(
    *, actor: Actor, manager_id: int, review: Review, until: date, seen: int, token: uuid.UUID
) -> PlanBatch:
    """The review is planned on no day any more. As ``plan_by_hand``."""
    return _by_hand(actor, manager_id, review, until, None, seen, token, "remove")


@transaction.atomic
def _by_hand(
    actor: Actor,
    manager_id: int,
    review: Review,
    until: date,
    wish: Wish | None,
    seen: int,
    token: uuid.UUID,
    kind: str,
) -> PlanBatch:
    refuse_unless_may(actor, manager_id)
    _one_at_a_time(actor.agency_code)
    if (before := made_before(token)) is not None:
        return before
    situation = situation_of(actor, manager_id, until)
    review = next((one for one in situation.reviews if one.key == review.key), review)
    if (review.planned.pk if review.planned else 0) != seen:
        raise PlanChanged
    if wish is not None and (refused := judge_wish(situation, review, wish).refused):
        raise NotPossible(list(refused))
    batch = _batch(actor, manager_id, actor.agency_code, kind, token)
    _end([review.student.pk], batch)
    if wish is not None:
        _row(review, manager_id, batch, wish).save()
    _log(actor, batch, review.student.pk, wish.day if wish else None)
    return batch


def can_undo(actor: Actor, batch: PlanBatch) -> bool:
    """On its day, once, by whoever may plan the caseload."""
    return (
        batch.kind != "undo"
        and batch.made_on == clock.today()
        and not PlanBatch.objects.filter(undoes=batch).exists()
        and may_plan(actor, batch.manager_id)
    )


@transaction.atomic
def undo_batch(*, actor: Actor, batch: PlanBatch) -> int:
    """Put everybody of the batch back to where they stood before; how many stay as they are, because somebody has
    planned them since, has their place by now, or they are out of reach. Undone twice changes nothing. Raises
    ``NotPossible``."""
    refuse_unless_may(actor, batch.manager_id)
    _one_at_a_time(batch.lea_code)
    if PlanBatch.objects.filter(undoes=batch).exists():
        return 0
    if not can_undo(actor, batch):
        text = "What was planned is taken back on the day it was planned."
        raise NotPossible(
            [Reason("too-late-to-undo", text, Owner.TEAM, "Move the meetings by hand, or plan anew.")]
        )
    undo = _batch(actor, batch.manager_id, batch.lea_code, "undo", uuid.uuid4(), undoes=batch)
    made = {one.student_id: one for one in batch.made.all()}
    ended = {one.student_id: one for one in batch.ended.all()}
    ids = {*made, *ended}
    within = set(visible_to(actor).filter(pk__in=ids).values_list("pk", flat=True))
    stands = {
        one.student_id: one for one in PlannedMeeting.objects.filter(student__in=ids, ended_by__isnull=True)
    }
    kept = 0
    for student_id in sorted(ids):
        before = ended.get(student_id)
        is_as_left = stands.get(student_id) == made.get(student_id)
        if student_id not in within or not is_as_left or (before is not None and _is_taken(before)):
            kept += 1
            continue
        _end([student_id], undo)
        if before is not None:
            values = {name: getattr(before, name) for name in _CONTENT}
            PlannedMeeting.objects.create(**values, made_by=undo)
        _log(actor, undo, student_id, before.planned_on if before else None)
    return kept


_CONTENT = (
    *("student_id", "lea_code", "manager_id", "clock", "due_on", "planned_on", "starts_at", "minutes"),
    *("room_id", "interpreter_id", "is_locked"),
)


def _is_taken(before: PlannedMeeting) -> bool:
    """Has another meeting got the room, the interpreter or the case manager's time since?"""
    others = PlannedMeeting.objects.filter(
        lea_code=before.lea_code, planned_on=before.planned_on, ended_by__isnull=True
    ).exclude(student=before.student_id)
    return any(
        overlap(before.starts_at, before.minutes, one.starts_at, one.minutes)
        and (
            one.manager_id == before.manager_id
            or (before.room_id is not None and one.room_id == before.room_id)
            or (before.interpreter_id is not None and one.interpreter_id == before.interpreter_id)
        )
        for one in others
    )
