"""The job that applies a batch of one field, or takes it back: a hundred students in a step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from manzanita.accounts.queries import actor_of_grant_id, user_names
from manzanita.auditing.actions import log_change
from manzanita.auditing.queries import changes_of_student
from manzanita.domain.access import PERMISSIONS, Actor
from manzanita.domain.effective import Span
from manzanita.domain.findings import BUILT_ON, LOOK_AGAIN, Owner, Reason, reason_document
from manzanita.domain.owners import owner_for
from manzanita.domain.years import year_start
from manzanita.findings.actions import mark_changed
from manzanita.platform import clock
from manzanita.platform.facts import believed_as, bring_back
from manzanita.platform.jobs import JobRun
from manzanita.procedures.batch_edit import may_not
from manzanita.procedures.batch_fields import FIELDS, BatchField, believed_versions, give
from manzanita.procedures.batch_queries import counts_of
from manzanita.students.actions import FACT_MODELS
from manzanita.students.assignment_actions import lock_students
from manzanita.students.models import BatchEdit, BatchLine
from manzanita.students.scope import current_for, visible_to

_STEP = 100


def do_batch_job(run: JobRun) -> dict[str, int]:
    """Apply a batch, or take it back, from where an earlier attempt left it."""
    batch = BatchEdit.objects.get(pk=run.args["batch"])
    is_undo = run.args["do"] == "undo"
    BatchEdit.objects.filter(pk=batch.pk, state="waiting").update(state="running")
    total = batch.lines.count()
    while True:
        with run.step():
            lines = list(
                batch.lines.select_for_update(of=("self",))
                .filter(state="done" if is_undo else "ready")
                .order_by("position", "pk")[:_STEP]
            )
            if not lines:
                break
            actor = actor_of_grant_id(run.args.get("grant") or batch.grant_id or 0, clock.today())
            (_undo_lines if is_undo else _apply_lines)(actor, batch, lines)
            left = batch.lines.filter(state="done" if is_undo else "ready").count()
        run.progress(total - left, total, "Taking back" if is_undo else "Changing students")
    ended: dict[str, Any] = (
        {"state": "undone", "undone_at": clock.now()}
        if is_undo
        else {"state": "done", "applied_at": clock.now()}
    )
    BatchEdit.objects.filter(pk=batch.pk).exclude(
        state__in=["done", "undone"] if not is_undo else ["undone"]
    ).update(**ended)
    return dict(counts_of(batch))


def _apply_lines(actor: Actor | None, batch: BatchEdit, lines: Sequence[BatchLine]) -> None:
    one = FIELDS[batch.field_key]
    ids = [line.student_id for line in lines]
    lock_students(ids)
    refused = dict(_refused(actor, batch, lines))
    good = {line.student_id: line.new for line in lines if line.student_id not in refused}
    if good and actor is not None:
        refused |= one.against(actor, good)
        good = {pk: value for pk, value in good.items() if pk not in refused}
    before = believed_versions(one, good) if one.kind else {}
    if good and actor is not None:
        give(one, good, by_id=actor.user_id, cause=f"batch:{batch.pk}")
    after = believed_versions(one, good) if one.kind else {}
    for line in lines:
        pk = line.student_id
        if pk in refused:
            line.state, line.reason = "refused", reason_document(refused[pk])
            continue
        was, is_now = before.get(pk, set()), after.get(pk, set())
        line.state = "done"
        line.written = {"closed": sorted(was - is_now), "inserted": sorted(is_now - was)}
        assert actor is not None
        log_change(
            actor=actor,
            action="batch_edit",
            student_id=pk,
            subject=batch,
            reason=batch.reason,
            detail={"field": one.key},
        )
    BatchLine.objects.bulk_update(lines, ["state", "reason", "written"], batch_size=_STEP)
    mark_changed(good)


def _refused(
    actor: Actor | None, batch: BatchEdit, lines: Sequence[BatchLine]
) -> Iterator[tuple[int, Reason]]:
    """Who may not be changed any more: the job asks again what the preview asked."""
    one = FIELDS[batch.field_key]
    ids = [line.student_id for line in lines]
    if actor is None or not actor.may(one.capability):
        yield from ((pk, may_not()) for pk in ids)
        return
    if one.is_next_year and year_start(batch.made_on) != year_start(clock.today()):
        yield from ((pk, _year_begun()) for pk in ids)
        return
    here = set(current_for(actor).filter(pk__in=ids).values_list("pk", flat=True))
    now = one.now(ids)
    others = _who_changed(
        batch, [line.student_id for line in lines if now.get(line.student_id, "") != line.old]
    )
    for line in lines:
        if line.student_id not in here:
            yield (
                line.student_id,
                Reason(
                    "not-here",
                    "The student does not attend in your district any more, or is out of your reach.",
                    Owner.COORDINATOR,
                    "Ask the district where the student is.",
                    source=PERMISSIONS,
                ),
            )
        elif now.get(line.student_id, "") != line.old:
            yield (
                line.student_id,
                Reason(
                    "changed-meanwhile",
                    f"{others.get(line.student_id, 'Somebody has changed the value')} since you looked.",
                    owner_for(one.capability),
                    "Look at what it is now, and change the student alone.",
                    source=LOOK_AGAIN,
                ),
            )


def _year_begun() -> Reason:
    """What was looked at in June is not applied in July: it would be planned for the year after that."""
    return Reason(
        "year-begun",
        "The school year that this was planned for has begun since you looked.",
        Owner.SIS,
        "Nothing to plan: the SIS's enrollment brings school and grade. What is to come after it is planned anew.",
        source="Nothing is planned for a year that has begun",
    )


def _who_changed(batch: BatchEdit, ids: Sequence[int]) -> dict[int, str]:
    """By student who did something about the record since the preview, and when."""
    events = changes_of_student(*ids).filter(at__gte=batch.made_at, actor_user_id__isnull=False)
    newest = {one.student_id: one for one in reversed(events)}
    names = user_names({one.actor_user_id for one in newest.values()})
    return {
        pk: f"{names.get(one.actor_user_id, 'Somebody')} has changed the record at "
        f"{one.at.astimezone(clock.CALIFORNIA):%I:%M %p on %m/%d/%Y},"
        for pk, one in newest.items()
    }


def _undo_lines(actor: Actor | None, batch: BatchEdit, lines: Sequence[BatchLine]) -> None:
    one = FIELDS[batch.field_key]
    ids = [line.student_id for line in lines]
    lock_students(ids)
    within = (
        set(visible_to(actor).filter(pk__in=ids).values_list("pk", flat=True)) if actor is not None else set()
    )
    now = {} if one.kind else one.now(ids)
    stands, is_free = _left_of(one, lines) if one.kind else ({}, set())
    standing = []
    for line in lines:
        pk = line.student_id
        if one.kind:
            is_as_left = stands.keys() >= set(line.written["inserted"]) and pk in is_free
        else:
            is_as_left = now.get(pk, "") == line.new
        if pk in within and is_as_left:
            standing.append(line)
            line.state = "undone"
        else:
            line.state = "kept"
            line.reason = reason_document(
                Reason(
                    "changed-since",
                    "Somebody has changed it since, or the student is out of your reach.",
                    owner_for(one.capability),
                    "It stays as it is now.",
                    source=BUILT_ON,
                )
            )
    if standing and one.kind:
        bring_back(
            FACT_MODELS[one.kind],
            slots=[{"student_id": line.student_id} for line in standing],
            close=[stands[pk] for line in standing for pk in line.written["inserted"]],
            again=[pk for line in standing for pk in line.written["closed"]],
            at=clock.now(),
        )
    elif standing and actor is not None:
        values = {line.student_id: line.old for line in standing}
        give(one, values, by_id=actor.user_id, cause=f"batch-undo:{batch.pk}")
    for line in standing:
        assert actor is not None
        log_change(
            actor=actor,
            action="undo_batch_edit",
            student_id=line.student_id,
            subject=batch,
            detail={"field": one.key},
        )
    BatchLine.objects.bulk_update(lines, ["state", "reason"], batch_size=_STEP)
    mark_changed(line.student_id for line in standing)


def _left_of(one: BatchField, lines: Sequence[BatchLine]) -> tuple[dict[int, int], set[int]]:
    """By key of a version that was stated the key under which it stands now; and of which students nothing else stands
    on the days of what was closed. Four queries."""
    model = FACT_MODELS[one.kind]
    stands = believed_as(model, [pk for line in lines for pk in line.written["inserted"]])
    closed = model.objects.in_bulk([pk for line in lines for pk in line.written["closed"]])
    others = defaultdict(list)
    believed = model.objects.believed().filter(student_id__in=[line.student_id for line in lines], **one.slot)
    for row in believed.exclude(pk__in=stands.values()):
        others[row.student_id].append(Span(row.effective_from, row.effective_to, None))
    free = {
        line.student_id
        for line in lines
        if not any(
            other.overlaps(closed[pk].effective_from, closed[pk].effective_to)
            for pk in line.written["closed"]
            for other in others[line.student_id]
        )
    }
    return stands, free
