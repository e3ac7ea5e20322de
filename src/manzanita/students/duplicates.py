"""Students who may be one entered twice: finding the pairs, and remembering which are two people."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import combinations, islice
from typing import TypeVar

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.likeness import Known, Likeness, Strength, likeness, near_birth_dates
from manzanita.platform import clock
from manzanita.platform.kept_queries import KeptQuery
from manzanita.platform.reach import whole_installation
from manzanita.students.finding import students_by_pk
from manzanita.students.listing import ListRow
from manzanita.students.models import DuplicatePair, Merge, NameKey, Ssid, Student
from manzanita.students.scope import keys_in_reach, visible_to

DUPLICATES_JOB = "students.find-duplicates"
PAGE_SIZE = 25
# Names born on one day of which a part sounds alike: the whole state has fewer. Of more, nobody could settle the
# pairs, and comparing each with each would keep the worker from everything else.
MOST_ALIKE = 200
# Nobody settles more pairs than this; home counts no further.
MOST_COUNTED = 1000
Pair = tuple[int, int]
Name = tuple[int, str, str, date | None]
T = TypeVar("T")
Progress = Callable[[int, int], None]


def find_duplicates(progress: Progress = lambda done, total: None) -> dict[str, int]:
    """Compare everybody with everybody who could be the same; nothing changes where nothing is new.

    Two are a pair for one SSID, or where likeness is likely at least: a twin, and whoever only shares a first name, are
    none. What somebody has settled stays settled; an open pair that is alike no more goes.
    """
    with whole_installation("a student may have been entered at two districts"):
        found: dict[Pair, Likeness] = {}
        for pair, like in _compared(progress):
            if like.strength <= Strength.LIKELY and (pair not in found or like.order < found[pair].order):
                found[pair] = like
        return _store(found)


@transaction.atomic
def _store(found: dict[Pair, Likeness]) -> dict[str, int]:
    known = {(one.student_id, one.other_id): one for one in DuplicatePair.objects.all()}
    gone = [one.pk for pair, one in known.items() if pair not in found and one.settled_at is None]
    for some in _batches(gone, 500):
        DuplicatePair.objects.filter(pk__in=some, settled_at__isnull=True).delete()
    changed = []
    for pair, like in found.items():
        one = known.get(pair)
        if one is not None and one.settled_at is None and one.because != like.words:
            one.strength, one.because = int(like.strength), like.words
            changed.append(one)
    DuplicatePair.objects.bulk_update(changed, ["strength", "because"], batch_size=500)
    new = [_pair(pair, like) for pair, like in found.items() if pair not in known]
    DuplicatePair.objects.bulk_create(new, batch_size=500, ignore_conflicts=True)
    return {
        "new": len(new),
        "gone": len(gone),
        "open": len(found) - sum(1 for p in found if _is_settled(known.get(p))),
    }


def _is_settled(one: DuplicatePair | None) -> bool:
    return one is not None and one.settled_at is not None


def _pair(pair: Pair, like: Likeness) -> DuplicatePair:
    return DuplicatePair(
        student_id=pair[0],
        other_id=pair[1],
        strength=int(like.strength),
        because=like.words,
        found_at=clock.now(),
    )


def _compared(progress: Progress) -> Iterator[tuple[Pair, Likeness]]:
    yield from _of_one_ssid()
    days = sorted(
        NameKey.objects.filter(birth_on__isnull=False).values_list("birth_on", flat=True).distinct()
    )
    shared = NameKey.objects.order_by().values("sound").annotate(students=Count("student", distinct=True))
    sounds = sorted(shared.filter(students__gt=1).values_list("sound", flat=True))
    by_day, by_sound = list(_batches(days, 50)), list(_batches(sounds, 400))
    total = len(by_day) + len(by_sound)
    for done, some in enumerate(by_day):
        progress(done, total)
        for names in _grouped("birth_on", some).values():
            yield from _of_one_day(names)
    for done, some in enumerate(by_sound, len(by_day)):
        progress(done, total)
        for names in _grouped("sound", some).values():
            yield from _judged(_mistyped({name for name, _ in names}))


def _grouped(column: str, values: Sequence[object]) -> dict[object, list[tuple[Name, str]]]:
    """Names and their sounds by the value that they share."""
    rows = NameKey.objects.filter(**{f"{column}__in": values})
    groups: dict[object, list[tuple[Name, str]]] = defaultdict(list)
    for value, sound, *name in rows.values_list(
        column, "sound", "student_id", "first_name", "last_name", "birth_on"
    ):
        groups[value].append((tuple(name), sound))
    return groups


def _of_one_day(names: Iterable[tuple[Name, str]]) -> Iterator[tuple[Pair, Likeness]]:
    """Only names of which a part sounds alike are compared: of a large district many were born on one day."""
    alike: dict[str, set[Name]] = defaultdict(set)
    for name, sound in names:
        for part in sound.split():
            alike[part].add(name)
    yield from _judged({pair for some in alike.values() for pair in _each_two(some)})


def _mistyped(names: set[Name]) -> Iterator[tuple[Name, Name]]:
    """Of names that sound alike, each with those whose birth date is unknown or could be its own mistyped; whoever was
    born on the same day is compared there."""
    of_day: dict[date | None, list[Name]] = defaultdict(list)
    for name in sorted(names, key=str):
        of_day[name[3]].append(name)
    for day, some in of_day.items():
        near = of_day.keys() if day is None else near_birth_dates(day) & of_day.keys()
        others = [other for one in near for other in of_day[one]]
        yield from ((name, other) for name in some[:MOST_ALIKE] for other in others[:MOST_ALIKE])


def _each_two(names: set[Name]) -> Iterator[tuple[Name, Name]]:
    """Each with each, of no more than ``MOST_ALIKE`` of them."""
    return combinations(sorted(names, key=str)[:MOST_ALIKE], 2)


def _batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some


def _judged(pairs: Iterable[tuple[Name, Name]]) -> Iterator[tuple[Pair, Likeness]]:
    for a, b in pairs:
        if a[0] != b[0]:
            like = likeness(Known(*a[1:]), Known(*b[1:]))
            if like is not None:
                yield (min(a[0], b[0]), max(a[0], b[0])), like


def _of_one_ssid() -> Iterator[tuple[Pair, Likeness]]:
    """An SSID that two students have, or had: the state may have retired it for one of them."""
    rows = Ssid.objects.believed().order_by()
    twice = rows.values("ssid").annotate(students=Count("student", distinct=True)).filter(students__gt=1)
    holders: dict[str, set[int]] = defaultdict(set)
    for some in _batches(twice.values_list("ssid", flat=True), 500):
        for ssid, pk in rows.filter(ssid__in=some).values_list("ssid", "student_id"):
            holders[ssid].add(pk)
    for ssid, keys in holders.items():
        names = {
            row.student_id: Known(row.first_name, row.last_name, row.birth_on, ssid)
            for row in NameKey.objects.filter(student__in=keys, given_up_at__isnull=True)
        }
        for pair in combinations(sorted(keys), 2):
            one, other = (names.get(pk, Known("", "", None, ssid)) for pk in pair)
            like = likeness(one, other)
            if like is not None:
                yield pair, like


@dataclass(frozen=True, slots=True)
class ShownPair:
    """A pair of which the actor reaches both."""

    pair: DuplicatePair
    students: tuple[ListRow, ListRow]


def _pairs(actor: Actor) -> QuerySet[DuplicatePair, DuplicatePair]:
    """Pairs of which the actor reaches both. The actor's students are gathered, and not asked for pair by pair: in a
    large installation nearly all pairs are others'. Of the few that are left the other is asked for."""
    other = visible_to(actor).order_by().filter(pk=OuterRef("other_id"))
    return DuplicatePair.objects.filter(Exists(other), student_id__in=keys_in_reach(actor))


def pairs_in_reach(
    actor: Actor, *, settled: bool = False, most: int = PAGE_SIZE
) -> tuple[list[ShownPair], bool]:
    """The first pairs, the likeliest first (settled ones: the newest first), and whether there are more."""
    rows = _pairs(actor).filter(settled_at__isnull=not settled).select_related("settled_by")
    order = ("-settled_at", "-id") if settled else ("strength", "id")
    found = list(rows.order_by(*order)[: most + 1])
    people = students_by_pk(actor, {pk for one in found for pk in (one.student_id, one.other_id)})
    shown = [ShownPair(one, (people[one.student_id], people[one.other_id])) for one in found[:most]]
    return shown, len(found) > most


def open_pairs(actor: Actor) -> tuple[int, datetime | None]:
    """How many pairs of which the actor reaches both are to be looked at, at most ``MOST_COUNTED``, and when the oldest
    of them was found. One query."""
    days = [found_at for (found_at,) in _open_pairs(actor, clock.today(), MOST_COUNTED).ask()]
    return len(days), min(days, default=None)


@lru_cache(maxsize=256)
def _open_pairs(actor: Actor, today: date, most: int) -> KeptQuery:
    rows = _pairs(actor).filter(settled_at__isnull=True).order_by("strength", "id")
    return KeptQuery(rows.values_list("found_at")[:most])


def open_pairs_of(student_id: int) -> dict[int, int]:
    """Who may be the same as this student, with the key of the pair that is to be looked at."""
    rows = DuplicatePair.objects.filter(settled_at__isnull=True)
    found = rows.filter(Q(student=student_id) | Q(other=student_id))
    return {
        other if one == student_id else one: pk
        for pk, one, other in found.values_list("pk", "student_id", "other_id")
    }


def pair_in_reach(actor: Actor, pk: int) -> DuplicatePair | None:
    one = DuplicatePair.objects.filter(pk=pk).first()
    if one is None or len(students_by_pk(actor, {one.student_id, one.other_id})) < 2:
        return None
    return one


def merges_in_reach(actor: Actor, most: int = PAGE_SIZE) -> list[Merge]:
    """Records that were put together and still are, the newest first."""
    rows = Merge.objects.filter(undone_at__isnull=True).select_related("student", "other", "by")
    within = visible_to(actor).order_by().values("pk")
    return list(rows.filter(student_id__in=within).defer("written").order_by("-pk")[:most])


def newest_merge_into(student: Student) -> Merge | None:
    """The newest merge that stands of another record into this one."""
    rows = Merge.objects.filter(student=student, undone_at__isnull=True).select_related("by")
    return rows.order_by("-pk").first()


def get_merge(actor: Actor, public_id: uuid.UUID) -> Merge | None:
    """A merge whose record that stays the actor reaches; of one taken back, one of the two."""
    found = Merge.objects.filter(public_id=public_id).select_related("student", "other", "by", "undone_by")
    return next((one for one in found if students_by_pk(actor, {one.student_id, one.other_id})), None)


def merge_of(actor: Actor, student_ids: Iterable[int]) -> Merge | None:
    """The merge by which one of these is empty now, if the actor reaches the record that stays."""
    rows = Merge.objects.filter(other_id__in=list(student_ids), undone_at__isnull=True).select_related("by")
    return next((one for one in rows if students_by_pk(actor, {one.student_id})), None)


@transaction.atomic
def settle_as_two(*, actor: Actor, pair: DuplicatePair, reason: str) -> bool:
    """Remember that these are two people; ``False`` where somebody had said so already."""
    changed = DuplicatePair.objects.filter(pk=pair.pk, settled_at__isnull=True).update(
        settled_at=clock.now(), settled_by_id=actor.user_id, reason=reason[:300]
    )
    if changed:
        _log(actor, pair.student_id, pair.other_id, "not_same_student", reason)
    return bool(changed)


@transaction.atomic
def ask_again(*, actor: Actor, pair: DuplicatePair) -> bool:
    """Take back that they are two people; ``False`` where that stands no more."""
    changed = DuplicatePair.objects.filter(pk=pair.pk, settled_at__isnull=False).update(
        settled_at=None, settled_by=None, reason=""
    )
    if changed:
        _log(actor, pair.student_id, pair.other_id, "ask_again_if_same", "")
    return bool(changed)


def settle_new(*, actor: Actor, student_id: int, others: Iterable[tuple[int, Likeness]], reason: str) -> None:
    """A student who was just made is none of ``others``: whoever made the record has looked at each of them."""
    for other, like in others:
        one = _pair((other, student_id), like)
        one.settled_at, one.settled_by_id, one.reason = clock.now(), actor.user_id, reason[:300]
        one.save()
        _log(actor, other, student_id, "not_same_student", reason)


def pair_with(student_id: int, other_id: int, strength: Strength, because: str) -> DuplicatePair:
    """The pair of these two, made where there is none yet: somebody knows more than the names say."""
    low, high = sorted((student_id, other_id))
    return DuplicatePair.objects.get_or_create(
        student_id=low,
        other_id=high,
        defaults={"strength": int(strength), "because": because[:300], "found_at": clock.now()},
    )[0]


def _log(actor: Actor, student_id: int, other_id: int, action: str, reason: str) -> None:
    for one, beside in ((student_id, other_id), (other_id, student_id)):
        log_change(actor=actor, action=action, student_id=one, reason=reason, detail={"student": beside})
