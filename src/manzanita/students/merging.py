"""Two records of one student are put together, and that is taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from manzanita.domain.merging import Side
from manzanita.domain.names import name_key
from manzanita.platform.changed import students_changed
from manzanita.platform.facts import Statement, bring_back
from manzanita.platform.together import read_together
from manzanita.students.actions import FACT_MODELS, Identity, state_student_facts
from manzanita.students.identity_actions import TOLD, note_changes
from manzanita.students.merging_held import IDENTITY, Choices, Held
from manzanita.students.merging_statements import statements_of
from manzanita.students.models import DuplicatePair, Enrollment, NameKey, Student
from manzanita.students.name_keys import renew_name_keys
from manzanita.students.residence import (
    carry_residences,
    lives_of,
    newest_import_cause,
)


def believed_keys(student_id: int) -> dict[str, list[int]]:
    """Keys of the believed versions of every kind; one statement."""
    found = {
        kind: model.objects.believed().filter(student_id=student_id).order_by("pk").values_list("pk")
        for kind, model in FACT_MODELS.items()
    }
    read_together(*found.values())
    return {kind: [pk for (pk,) in rows] for kind, rows in found.items()}


def put_together(
    *,
    stays: Student,
    other: Student,
    held: Mapping[str, Sequence[Held]],
    choices: Choices,
    retired_on: date,
    by_id: int,
    cause: str,
    at: datetime,
) -> dict[str, Any]:
    """State everything of ``stays`` and nothing of ``other``; returns what :func:`take_apart` needs, as JSON values."""
    before = believed_keys(stays.pk)
    emptied = believed_keys(other.pk)
    import_cause = newest_import_cause([stays.pk, other.pk]) or cause
    for kind, statements in statements_of(stays.pk, held, choices, retired_on=retired_on).items():
        model = FACT_MODELS[kind]
        rows = model.objects.filter(pk__in=emptied[kind])
        gone = [
            Statement(dict(zip(model.slot, values, strict=True)), None, date.min, None, True)
            for values in sorted(set(rows.values_list(*model.slot)))
        ]
        of_sis_or_typed = held[kind] if kind == "enrollment" else ()
        for (who, why), some in _by_origin([*gone, *statements], of_sis_or_typed, by_id, cause):
            state_student_facts(kind, some, by_id=who, cause=why, at=at)
    enrolled = lives_of(Enrollment.objects.believed().filter(student=stays))
    carry_residences({stays.pk: enrolled}, by_id=None, cause=import_cause, at=at)
    after = believed_keys(stays.pk)
    identity = {name: getattr(stays, name) for names in IDENTITY.values() for name in names}
    _set_identity(stays, _identity(stays, other, choices), by_id=by_id, cause=cause, at=at)
    return {
        "identity": {**identity, "birth_on": identity["birth_on"] and identity["birth_on"].isoformat()},
        "after": after,
        "closed": {kind: sorted(set(before[kind]) - set(after[kind])) for kind in before},
        "inserted": {kind: sorted(set(after[kind]) - set(before[kind])) for kind in before},
        "emptied": emptied,
    }


def _by_origin(
    statements: Sequence[Statement], held: Sequence[Held], by_id: int, cause: str
) -> Iterator[tuple[tuple[int | None, str], list[Statement]]]:
    """By who says them and by which cause. An enrollment (``held``) is the word of the SIS or of whoever typed it
    (``transfer_facts.SIS_CAUSE``), and moving it, or leaving it fewer days, makes it nobody else's."""
    rows: list[Any] = [row for one in held for row in (*one.stays, *one.other)]
    rows.sort(key=lambda row: row.recorded_at, reverse=True)

    def origin(told: Statement) -> tuple[int | None, str]:
        for row in rows:
            slot = {name: getattr(row, name) for name in Enrollment.slot if name != "student_id"}
            said = {name: getattr(row, name) for name in Enrollment.content}
            if told.values == said and slot.items() <= told.slot.items():
                return row.by_id, row.cause
        return by_id, cause

    for who, some in groupby(statements, key=origin):
        yield who, list(some)


def changed_since(written: Mapping[str, Any], stays_id: int, other_id: int) -> list[str]:
    """Kinds of facts that somebody has stated anew since, of either record."""
    now, beside = believed_keys(stays_id), believed_keys(other_id)
    return [kind for kind in FACT_MODELS if now[kind] != written["after"].get(kind, []) or beside[kind]]


def take_apart(
    *, written: Mapping[str, Any], stays: Student, other: Student, by_id: int, cause: str, at: datetime
) -> None:
    """Believe again what was believed before :func:`put_together`."""
    for kind, model in FACT_MODELS.items():
        # A kind of fact that came later than the merge has nothing in it.
        closed, emptied, inserted = (
            written[name].get(kind, []) for name in ("closed", "emptied", "inserted")
        )
        if closed or emptied or inserted:
            slots = [{model.slot[0]: one.pk} for one in (stays, other)]
            bring_back(model, slots=slots, close=inserted, again=[*closed, *emptied], at=at)
    values = dict(written["identity"])
    if values["birth_on"]:
        values["birth_on"] = date.fromisoformat(values["birth_on"])
    _set_identity(stays, values, by_id=by_id, cause=cause, at=at)


def _identity(stays: Student, other: Student, choices: Choices) -> dict[str, Any]:
    values = {}
    for key, names in IDENTITY.items():
        own = any(getattr(stays, name) for name in names)
        one = other if choices.get(key) is Side.OTHER or not own else stays
        values.update({name: getattr(one, name) for name in names})
    return values


def _set_identity(
    student: Student, values: Mapping[str, Any], *, by_id: int, cause: str, at: datetime
) -> None:
    if all(getattr(student, name) == value for name, value in values.items()):
        return
    was = {name: getattr(student, name) for name in TOLD}
    note_changes({student.pk: (was, {**was, **values})}, by_id=by_id, cause=cause, at=at)
    for name, value in values.items():
        setattr(student, name, value)
    who = Identity(**{name: values[name] for name in values})
    student.name_key = name_key(who.first_name, who.middle_name, who.last_name, who.suffix)
    Student.unscoped.filter(pk=student.pk).update(**values, name_key=student.name_key)
    renew_name_keys([student])
    students_changed([student.pk])


def keep_names(*ids: int) -> list[dict[str, Any]]:
    """Under what these are found by name, as JSON values."""
    rows = NameKey.objects.filter(student_id__in=ids).order_by("pk").values("pk", "student_id", "given_up_at")
    return [row | {"given_up_at": row["given_up_at"] and row["given_up_at"].isoformat()} for row in rows]


def give_up_names(keys: Sequence[int], at: datetime) -> None:
    """Under the names that came along the student may still be known elsewhere."""
    NameKey.objects.filter(pk__in=keys, given_up_at__isnull=True).update(given_up_at=at)


def bring_back_names(kept: Sequence[Mapping[str, Any]], *ids: int) -> None:
    NameKey.objects.filter(student_id__in=ids).exclude(pk__in=[row["pk"] for row in kept]).delete()
    for row in kept:
        NameKey.objects.filter(pk=row["pk"]).update(
            student_id=row["student_id"], given_up_at=row["given_up_at"]
        )


def carry_words(stays_id: int, other_id: int) -> list[int]:
    """Who was said to be another person than ``other`` is another than ``stays`` too; returns keys of new pairs."""
    new = []
    rows = DuplicatePair.objects.filter(settled_at__isnull=False)
    for pair in [*rows.filter(student_id=other_id), *rows.filter(other_id=other_id)]:
        third = pair.other_id if pair.student_id == other_id else pair.student_id
        low, high = sorted((third, stays_id))
        if low == high or DuplicatePair.objects.filter(student_id=low, other_id=high).exists():
            continue
        pair.pk, pair.student_id, pair.other_id = None, low, high
        pair._state.adding = True
        pair.save()
        new.append(pair.pk)
    return new
