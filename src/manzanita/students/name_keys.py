"""Keeping the table of names: the same transaction that writes a student's names calls this."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from manzanita.domain.name_sounds import sound_keys
from manzanita.platform import clock
from manzanita.students.models import NameKey, Student

_Row = tuple[str, str, str, date | None]


def add_name_keys(students: Sequence[Student]) -> None:
    """Names of students who had none before."""
    NameKey.objects.bulk_create(
        [_key(student.pk, row) for student in students for row in _rows(student)], batch_size=500
    )


def renew_name_keys(students: Sequence[Student]) -> None:
    """Names of students as they are now; the names that were given up stay, marked."""
    held: dict[int, dict[_Row, int]] = defaultdict(dict)
    rows = NameKey.objects.filter(student__in=[one.pk for one in students], given_up_at__isnull=True)
    for pk, student_id, *row in rows.values_list(
        "pk", "student_id", "sound", "first_name", "last_name", "birth_on"
    ):
        held[student_id][tuple(row)] = pk
    gone, new = [], []
    for student in students:
        wanted = set(_rows(student))
        gone += [pk for row, pk in held[student.pk].items() if row not in wanted]
        new += [_key(student.pk, row) for row in wanted - held[student.pk].keys()]
    for start in range(0, len(gone), 500):
        NameKey.objects.filter(pk__in=gone[start : start + 500]).update(given_up_at=clock.now())
    NameKey.objects.bulk_create(new, batch_size=500)


def _rows(student: Student) -> Iterable[_Row]:
    for sound in sorted(sound_keys(student.first_name, student.last_name)):
        yield sound, student.first_name, student.last_name, student.birth_on


def _key(student_id: int, row: _Row) -> NameKey:
    sound, first_name, last_name, birth_on = row
    return NameKey(
        student_id=student_id, sound=sound, first_name=first_name, last_name=last_name, birth_on=birth_on
    )
