"""Every write of what we take the state to hold. Nothing is overwritten: what was taken for held before stays, with the
instant until which it was (decision 31)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import transaction

from manzanita.domain import records
from manzanita.exchange.models import StateRecord
from manzanita.platform import clock
from manzanita.students.models import Student

_AT_ONCE = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Learned:
    """One line the state holds, with the student it belongs to where we know the SSID."""

    record: str
    values: Mapping[str, str]
    student_id: int | None


@transaction.atomic
def learn_state_lines(lines: Sequence[Learned], *, at: datetime, learned_from: str = "extract") -> int:
    """Store lines of the state's extracts or replies as what it holds. A line learned again supersedes what we knew;
    where it says the same from the same side, only that it said so again is noted."""
    rows = {
        row.record_key: row
        for row in (
            StateRecord(
                lea_code=line.values[records.LEA_FIELD[line.record]],
                student_id=line.student_id,
                record=line.record,
                record_key=records.record_key(line.record, line.values),
                key_on=records.key_on(line.record, line.values),
                values=records.content(line.record, line.values),
                learned_at=at,
                learned_from=learned_from,
                recorded_at=at,
            )
            for line in lines
        )
    }
    # Two that learn the same at once take their turns, in the order in which the outbox takes the students anyway.
    students = {row.student_id for row in rows.values() if row.student_id is not None}
    list(Student.unscoped.select_for_update().filter(pk__in=students).order_by("pk").values_list("pk"))
    again, over = [], []
    for held in _held(list(rows)):
        if _says(held) == _says(rows[held.record_key]):
            again.append(held.pk)
            del rows[held.record_key]
        else:
            over.append(held.pk)
    for some in _in_parts(again):
        StateRecord.objects.filter(pk__in=some).update(learned_at=at)
    _supersede(over, at)
    StateRecord.objects.bulk_create(rows.values(), batch_size=_AT_ONCE)
    return len(lines)


def forget_state_lines(record_keys: Sequence[str], *, at: datetime | None = None) -> int:
    """Take nothing for held of these records until the state says it again; how many it was."""
    held = [one.pk for one in _held(record_keys)]
    _supersede(held, at or clock.now())
    return len(held)


def move_state_line(held: StateRecord, values: Mapping[str, str]) -> None:
    """Take what the state holds as held under another key, which ``values`` make."""
    at = clock.now()
    _supersede([held.pk], at)
    held.pk, held.values, held.recorded_at = None, dict(values), at
    held.record_key = records.record_key(held.record, values)
    held.save(force_insert=True)


def _says(row: StateRecord) -> tuple[object, ...]:
    return (row.lea_code, row.student_id, row.learned_from, row.values)


def _held(record_keys: Sequence[str]) -> list[StateRecord]:
    found: list[StateRecord] = []
    for some in _in_parts(record_keys):
        found += StateRecord.objects.filter(record_key__in=some)
    return found


def _supersede(keys: Sequence[int], at: datetime) -> None:
    for some in _in_parts(keys):
        StateRecord.objects.filter(pk__in=some).update(superseded_at=at)


def _in_parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))
