"""What putting two records together has put aside: the local ids under which an enrollment of the student went on until
then and goes on no longer. The SIS keeps both until somebody mends it there.

Scope plays no part, as in ``students.matching``: nothing found here is shown to anybody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from manzanita.students.models import Enrollment, Merge

# LEA code and local id.
LocalId = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PutAside:
    """Of the record that stays. ``ids`` go on nowhere; ``slots`` are the enrollments that do not go on, by LEA, first
    day and local id: an id may stand on both records. ``others`` are the keys of the records that were put in."""

    ids: frozenset[LocalId]
    slots: frozenset[tuple[str, date, str]]
    others: tuple[int, ...]

    def has(self, lea_code: str, local_id: str, started_on: date | None = None) -> bool:
        """``started_on``: of the enrollment that begins on that day."""
        return (lea_code, local_id) in self.ids or (
            started_on is not None and (lea_code, started_on, local_id) in self.slots
        )


def stays_of_local_ids(wanted: Collection[LocalId]) -> dict[LocalId, int]:
    """Keys of the records that stay, by the local ids of those that were put into them, and by those of their own that
    do not go on; two queries."""
    merges = Merge.objects.filter(undone_at__isnull=True).order_by("pk")
    found = list(merges.values_list("other_id", "student_id", "written__closed__enrollment"))
    if not found:
        return {}
    into = {other: stays for other, stays, _ in found}
    closed = [pk for _, _, keys in found for pk in keys or ()]
    rows = (
        Enrollment.objects.filter(
            Q(student_id__in=into) | Q(pk__in=closed),
            lea_code__in={lea for lea, _ in wanted},
            local_student_id__in={local for _, local in wanted},
        )
        .order_by("started_on", "pk")
        .values_list("lea_code", "local_student_id", "student_id")
    )
    return {(lea, local): _last(into, pk) for lea, local, pk in rows if (lea, local) in wanted}


def _last(into: Mapping[int, int], student_id: int) -> int:
    """A record that stays may have been put into another one since."""
    seen = {student_id}
    while student_id in into and into[student_id] not in seen:
        student_id = into[student_id]
        seen.add(student_id)
    return student_id


def put_aside_of(ids: Collection[int]) -> dict[int, PutAside]:
    """By key of the record that stays; two queries, one where nobody of them was put together."""
    merges: dict[int, list[Merge]] = defaultdict(list)
    for merge in Merge.objects.filter(student_id__in=ids, undone_at__isnull=True).order_by("pk"):
        merges[merge.student_id].append(merge)
    if not merges:
        return {}
    lost = {
        pk: {
            row
            for one in of_student
            for name in ("closed", "emptied")
            for row in one.written.get(name, {}).get("enrollment", [])
        }
        for pk, of_student in merges.items()
    }
    then = {row.pk: row for row in Enrollment.objects.filter(pk__in=set().union(*lost.values()))}
    now: dict[int, list[Enrollment]] = defaultdict(list)
    for row in Enrollment.objects.believed().filter(student_id__in=merges):
        now[row.student_id].append(row)
    return {
        pk: _aside(
            [then[key] for key in sorted(keys) if key in then], now[pk], [one.other_id for one in merges[pk]]
        )
        for pk, keys in lost.items()
    }


def _aside(then: Iterable[Enrollment], now: Collection[Enrollment], others: Iterable[int]) -> PutAside:
    stands = {_told(row) for row in now}
    slots = {_slot(row) for row in then if row.local_student_id and _told(row) not in stands}
    goes_on = {(row.lea_code, row.local_student_id) for row in now if _slot(row) not in slots}
    ids = {(lea, local) for lea, _, local in slots} - goes_on
    return PutAside(frozenset(ids), frozenset(slots), tuple(others))


def _slot(row: Enrollment) -> tuple[str, date, str]:
    return row.lea_code, row.started_on, row.local_student_id


def _told(row: Enrollment) -> tuple[object, ...]:
    content = tuple(getattr(row, name) for name in Enrollment.content)
    return (row.lea_code, row.started_on, row.effective_from, row.effective_to, *content)
