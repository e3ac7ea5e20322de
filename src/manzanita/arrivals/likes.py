"""Students whose record may be another student's too: an arrival of whom nothing is known may be known under another
record. Many are compared at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q

from manzanita.domain.likeness import Known, Strength, likeness
from manzanita.students.models import DuplicatePair, Enrollment, NameKey, SpecialEducationStatus

_AT_ONCE = 400


def near_ids_of(lea_code: str, student_ids: Collection[int]) -> dict[int, set[int]]:
    """Per student, others in special education who may be the same one; who has none is left out.

    Compared are the names of those born on the same day, and the pairs that the night has found. A pair that somebody
    settled as two people does not count. Outside the LEA only exactly the same name counts: nobody is told of a
    student of another district whom a like name would suggest (as in find before create).
    """
    ids = sorted(set(student_ids))
    found: dict[int, set[int]] = defaultdict(set)
    for start in range(0, len(ids), _AT_ONCE):
        for pk, other, strength in _pairs(ids[start : start + _AT_ONCE]):
            if strength is Strength.EXACT or _is_of(lea_code, other):
                found[pk].add(other)
    return dict(found)


def _pairs(ids: list[int]) -> list[tuple[int, int, Strength]]:
    own: dict[int, set[tuple[str, str, object]]] = defaultdict(set)
    rows = NameKey.objects.filter(student__in=ids, given_up_at__isnull=True)
    for pk, *name in rows.values_list("student_id", "first_name", "last_name", "birth_on"):
        own[pk].add(tuple(name))
    days = {name[2] for names in own.values() for name in names if name[2] is not None}
    known = SpecialEducationStatus.objects.believed().filter(
        student=OuterRef("student"), status_code__in=["1", "2", "3"]
    )
    others: dict[object, set[tuple[int, str, str]]] = defaultdict(set)
    rows = NameKey.objects.filter(Exists(known), birth_on__in=days)
    for pk, first, last, born in rows.values_list("student_id", "first_name", "last_name", "birth_on"):
        others[born].add((pk, first, last))
    settled, open_pairs = _known_pairs(ids)
    found = []
    for pk, names in own.items():
        for first, last, born in names:
            for other, other_first, other_last in others.get(born, ()):
                if other == pk or frozenset((pk, other)) in settled:
                    continue
                like = likeness(Known(first, last, born), Known(other_first, other_last, born))
                if like is not None and like.strength <= Strength.LIKELY:
                    found.append((pk, other, like.strength))
    known_ids = {other for _, other in open_pairs}
    served = set(
        SpecialEducationStatus.objects.believed()
        .filter(student__in=known_ids, status_code__in=["1", "2", "3"])
        .values_list("student_id", flat=True)
    )
    found += [(pk, other, Strength.LIKELY) for pk, other in open_pairs if other in served]
    return found


def _known_pairs(ids: list[int]) -> tuple[set[frozenset[int]], list[tuple[int, int]]]:
    """Pairs settled as two people; and the open ones, each with the student asked for first."""
    settled, still_open = set(), []
    rows = DuplicatePair.objects.filter(Q(student__in=ids) | Q(other__in=ids))
    for one, other, settled_at in rows.values_list("student_id", "other_id", "settled_at"):
        if settled_at is not None:
            settled.add(frozenset((one, other)))
            continue
        still_open += [(a, b) for a, b in ((one, other), (other, one)) if a in ids]
    return settled, still_open


def _is_of(lea_code: str, student_id: int) -> bool:
    return Enrollment.objects.believed().filter(lea_code=lea_code, student=student_id).exists()
