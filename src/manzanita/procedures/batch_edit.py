"""Changing one field of many students: a draft to look at, a job that applies it, and the way back."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import Http404

from manzanita.accounts.queries import actor_of_grant_id, user_names
from manzanita.auditing.actions import log_change
from manzanita.auditing.queries import changes_of_student
from manzanita.domain.access import PERMISSIONS, Actor, Capability
from manzanita.domain.findings import BUILT_ON, LOOK_AGAIN, Owner, Reason, reason_document
from manzanita.domain.pasting import MOST_LINES, Pasted, PastedLine
from manzanita.findings.actions import mark_changed
from manzanita.meetings.actions import NotPossible
from manzanita.platform import clock
from manzanita.platform.facts import bring_back
from manzanita.platform.jobs import JobRun, enqueue_job
from manzanita.procedures.batch_fields import FIELDS, BatchField, believed_versions, fields_for, give
from manzanita.procedures.next_grades import ONE_UP
from manzanita.students.actions import FACT_MODELS
from manzanita.students.assignment_actions import lock_students
from manzanita.students.models import BatchEdit, BatchLine
from manzanita.students.pasted import Meant, in_order, students_meant
from manzanita.students.scope import current_for, visible_to

EDIT_JOB = "students.batch-edit"
MOST_AT_ONCE = MOST_LINES
UNDO_DAYS = 30
_STEP = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be changed: ``value`` for everybody whose line brings none of its own. ``None``: nobody has
    chosen one; empty: what there is shall be taken away."""

    field_key: str
    value: str | None = None
    reason: str = ""
    title: str = ""


def draft_of_lines(actor: Actor, asked: Asked, pasted: Pasted) -> BatchEdit:
    """A draft of pasted lines. Every line is in it: as a student's, or among the problems. Raises ``NotPossible``."""
    if pasted.problem:
        raise NotPossible([Reason("unreadable", pasted.problem, Owner.CLERK, "Look at what you pasted.")])
    one = _field(actor, asked)
    if any(line.value is None and not line.problem for line in pasted.lines):
        _want_value(one, asked, pasted.ignored)
    meant = students_meant(actor, pasted.lines)
    texts = {_text_of(line, asked) for line in pasted.lines}
    return _draft(actor, asked, one, meant, one.read(actor, texts))


def ids_of(actor: Actor, public_ids: Sequence[str]) -> list[int]:
    """Of students who were ticked on a page, the keys of those within reach."""
    known = [one for one in public_ids[: MOST_AT_ONCE + 1] if _is_uuid(one)]
    return list(current_for(actor).filter(public_id__in=known).order_by().values_list("pk", flat=True))


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def draft_of_students(actor: Actor, asked: Asked, student_ids: Sequence[int]) -> BatchEdit:
    """A draft of students who were found. Raises ``NotPossible``."""
    one = _field(actor, asked)
    if len(student_ids) > MOST_AT_ONCE:
        raise NotPossible(
            [
                Reason(
                    "too-many",
                    f"{len(student_ids):,} students are meant, and more than {MOST_AT_ONCE:,} are not changed at once.",
                    Owner.CLERK,
                    "Choose a shorter list.",
                )
            ]
        )
    _want_value(one, asked)
    ids = in_order(actor, student_ids)
    meant = [Meant(PastedLine(number, ""), pk) for number, pk in enumerate(ids, 1)]
    return _draft(actor, asked, one, meant, one.read(actor, {asked.value or ""}))


def _text_of(line: PastedLine, asked: Asked) -> str:
    return line.value if line.value is not None else asked.value or ""


def _want_value(one: BatchField, asked: Asked, ignored: Sequence[str] = ()) -> None:
    """Lines without a value need one that somebody has chosen: nothing is taken away by leaving a list as it was. A
    column that was not read is named, for it was probably meant. Raises ``NotPossible``."""
    if asked.value is not None:
        return
    columns = ", ".join(f"“{head[:40]}”" for head in ignored[:8])
    several = len(ignored) > 1
    not_read = (
        f" The column{'s' if several else ''} {columns} {'are' if several else 'is'} not read."
        if ignored
        else ""
    )
    head = f"call the column with each student’s value “{one.heads[0]}”"
    choose = "Choose a value for everybody, or " if one.choices else ""
    raise NotPossible(
        [
            Reason(
                "no-value-told",
                f"{one.label}: no value is chosen, and what you pasted has none.{not_read}"
                if one.choices
                else f"{one.label}: what you pasted has none.{not_read}",
                Owner.YOU,
                f"{choose}{head if choose else head[0].upper() + head[1:]}.",
            )
        ]
    )


def _field(actor: Actor, asked: Asked) -> BatchField:
    found = next((one for one in fields_for(actor) if one.key == asked.field_key), None)
    reasons = []
    if found is None:
        reasons.append(
            Reason(
                "no-such-field",
                "This is no field that you may change of many students at once.",
                Owner.COORDINATOR,
                "Choose one of the list, or ask the SEDS coordinator.",
            )
        )
    if not asked.reason.strip():
        reasons.append(
            Reason(
                "no-reason",
                "Why the students are changed: not said.",
                Owner.YOU,
                "One line is enough, such as “feeder schools for 2027-28”.",
            )
        )
    if reasons or found is None:
        raise NotPossible(reasons)
    return found


@transaction.atomic
def _draft(
    actor: Actor,
    asked: Asked,
    one: BatchField,
    meant: Sequence[Meant],
    read: Mapping[str, tuple[str, str]],
) -> BatchEdit:
    told: dict[int, tuple[PastedLine, str, str]] = {}
    problems = []
    for each in meant:
        if each.student_id is None:
            problems.append({"number": each.line.number, "text": each.line.text, "why": each.why})
            continue
        told[each.student_id] = (each.line, *read[_text_of(each.line, asked)])
    ids = list(told)
    now = _in_chunks(one.now, ids)
    stopped = _own_values(one, told)
    wanted = {
        pk: value
        for pk, (_, value, why) in told.items()
        if not why and pk not in stopped and value != now.get(pk, "")
    }
    against = stopped | (one.against(actor, wanted) if wanted else {})
    doubts = one.doubts(actor, wanted) if wanted else {}
    batch = BatchEdit.objects.create(
        agency_code=actor.agency_code,
        field_key=one.key,
        title=(asked.title or one.label)[:200],
        reason=asked.reason.strip()[:200],
        made_on=clock.today(),
        made_at=clock.now(),
        by_id=actor.user_id,
        grant_id=actor.grant_id,
        problems=problems,
    )
    BatchLine.objects.bulk_create(
        [_line(one, batch, pk, told[pk], now.get(pk, ""), against.get(pk), doubts.get(pk)) for pk in ids],
        batch_size=1000,
    )
    return batch


def _own_values(one: BatchField, told: dict[int, tuple[PastedLine, str, str]]) -> dict[int, Reason]:
    """Put each student's own value in the place of the one that means it; of whom there is none, why."""
    if one.each is None:
        return {}
    values, stopped = one.each([pk for pk, (_, value, _) in told.items() if value == ONE_UP])
    for pk, value in values.items():
        told[pk] = (told[pk][0], value, "")
    for pk in stopped:
        told[pk] = (told[pk][0], "", "")
    return stopped


def _in_chunks(now: Any, ids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for start in range(0, len(ids), 1000):
        found |= now(ids[start : start + 1000])
    return found


def _line(
    one: BatchField,
    batch: BatchEdit,
    student_id: int,
    told: tuple[PastedLine, str, str],
    old: str,
    against: Reason | None,
    doubt: Reason | None,
) -> BatchLine:
    line, value, why = told
    made = BatchLine(batch=batch, student_id=student_id, position=line.number, old=old, new=value)
    if why:
        made.state = "refused"
        made.reason = reason_document(
            Reason("no-value", why, Owner.CLERK, "Correct the cell, and paste it again.", source=one.rule)
        )
    elif against is not None:
        made.state, made.reason = "refused", reason_document(against)
    elif value == old:
        made.state = "same"
    elif doubt is not None:
        made.reason = reason_document(doubt)
    return made


def get_batch(actor: Actor, public_id: uuid.UUID) -> BatchEdit:
    """A batch of the actor's agency in a field that the actor may change, or 404."""
    batch = (
        BatchEdit.objects.filter(agency_code=actor.agency_code, public_id=public_id)
        .select_related("by")
        .first()
    )
    if batch is None or not actor.may(FIELDS[batch.field_key].capability):
        raise Http404("no such batch in this scope")
    return batch


def batches_of(actor: Actor, most: int = 20) -> list[BatchEdit]:
    """The newest that were applied."""
    keys = [one.key for one in FIELDS.values() if actor.may(one.capability)]
    rows = BatchEdit.objects.filter(agency_code=actor.agency_code, field_key__in=keys)
    return list(
        rows.exclude(state__in=["draft", "dropped"]).select_related("by").order_by("-made_at", "-pk")[:most]
    )


def lines_in_reach(actor: Actor, batch: BatchEdit) -> QuerySet[BatchLine]:
    """Lines of students whom the actor reaches, in their order."""
    within = visible_to(actor).order_by().values("pk")
    return batch.lines.filter(student_id__in=within).select_related("student").order_by("position", "pk")


def counts_of(batch: BatchEdit) -> Counter[str]:
    """How many lines there are in each state."""
    return Counter(batch.lines.values_list("state", flat=True))


@dataclass(frozen=True, slots=True)
class Seconds:
    """Of the lines of a draft that would change: how many leave their student without a value, and how many ask for a
    second look."""

    emptied: int = 0
    doubted: int = 0


def seconds_of(batch: BatchEdit) -> Seconds:
    ready = batch.lines.filter(state="ready")
    told = ready.aggregate(
        emptied=Count("pk", filter=Q(new="")), doubted=Count("pk", filter=Q(reason__has_key="code"))
    )
    return Seconds(**told)


@transaction.atomic
def apply_batch(*, actor: Actor, batch: BatchEdit) -> bool:
    """Have the job apply a draft; ``False`` where somebody has done so already. Raises ``NotPossible``."""
    if not actor.may(FIELDS[batch.field_key].capability) or actor.is_read_only:
        raise NotPossible([_may_not()])
    if batch.state != "draft":
        return False
    if not batch.lines.filter(state="ready").exists():
        raise NotPossible(
            [
                Reason(
                    "nothing-to-change",
                    "There is nothing to change: every student has the value already, or was refused.",
                    Owner.CLERK,
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
            Reason("not-applied", "It is not applied, or taken back already.", Owner.CLERK, "Nothing to do.")
        ]
    is_own = batch.by_id == actor.user_id or actor.may(Capability.MANAGE_PEOPLE)
    if not is_own or not actor.may(FIELDS[batch.field_key].capability) or actor.is_read_only:
        return [_may_not()]
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
    job = enqueue_job(kind=EDIT_JOB, args={"batch": batch.pk, "do": "undo"}, by_id=actor.user_id)
    BatchEdit.objects.filter(pk=batch.pk).update(state="undoing", job_id=job.pk, grant_id=actor.grant_id)
    return True


def drop_batch(batch: BatchEdit) -> bool:
    """Forget a draft, with what was pasted."""
    changed = BatchEdit.objects.filter(pk=batch.pk, state="draft").update(state="dropped", problems=[])
    if changed:
        batch.lines.all().delete()
    return bool(changed)


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
            actor = actor_of_grant_id(batch.grant_id or 0, clock.today())
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
        yield from ((pk, _may_not()) for pk in ids)
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
                    Owner.CLERK,
                    "Look at what it is now, and change the student alone.",
                    source=LOOK_AGAIN,
                ),
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
    now, versions = one.now(ids), believed_versions(one, ids) if one.kind else {}
    standing = []
    for line in lines:
        pk = line.student_id
        if one.kind:
            is_as_left = set(line.written["inserted"]) <= versions.get(pk, set())
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
                    Owner.CLERK,
                    "It stays as it is now.",
                    source=BUILT_ON,
                )
            )
    if standing and one.kind:
        bring_back(
            FACT_MODELS[one.kind],
            slots=[{"student_id": line.student_id} for line in standing],
            close=[pk for line in standing for pk in line.written["inserted"]],
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


def _may_not() -> Reason:
    return Reason(
        "may-not",
        "You may not change this field of these students.",
        Owner.COORDINATOR,
        "Ask the SEDS coordinator of the district.",
        source=PERMISSIONS,
    )
