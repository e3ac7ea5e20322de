"""Where two records of one student say different things, each with what is proposed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from manzanita.domain.merging import Side, differ
from manzanita.platform.facts import Fact
from manzanita.students.merging_enrollments import enrolled_twice, has_days_left
from manzanita.students.merging_held import ALONE, IDENTITY, Held, choice_key, spans_of
from manzanita.students.models import Merge, Student

# A phone or an address is what it was last said to be; days of an enrollment are not.
LATER_WORD = "written last: the later word is likelier so"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing of which the two records say different things. ``stays`` and ``other`` are what each says: versions of
    a fact, or of the identity the values. ``chosen`` is what is proposed, ``why`` in words."""

    key: str
    kind: str
    stays: tuple[Any, ...]
    other: tuple[Any, ...]
    chosen: Side
    why: str


def differences(stays: Student, other: Student, held: Mapping[str, Sequence[Held]]) -> list[Difference]:
    """What has to be chosen, each with a proposal. A person who differs and whose rights do is one choice."""
    found: dict[str, Difference] = {}
    of_both = [stays.pk, other.pk]
    merges = Merge.objects.filter(Q(student__in=of_both) | Q(other__in=of_both), undone_at__isnull=False)
    undone = set(merges.values_list("undone_at", flat=True))
    for one in (*_of_identity(stays, other), *_of_facts(held, undone)):
        found.setdefault(one.key, one)
    return list(found.values())


def _of_identity(stays: Student, other: Student) -> Iterator[Difference]:
    for key, names in IDENTITY.items():
        a, b = (tuple(getattr(one, name) for name in names) for one in (stays, other))
        if a == b or not any(b):
            continue
        if not any(a):
            continue
        yield Difference(key, "identity", a, b, Side.STAYS, "as on the record that stays")


def _of_facts(held: Mapping[str, Sequence[Held]], undone: Collection[datetime]) -> Iterator[Difference]:
    twice = enrolled_twice(held["enrollment"])
    for kind in ("ssid", "status", "plan", "enrollment", "assignment", "agency", "contact", "rights"):
        for one in held[kind]:
            if not one.stays or not one.other or any(two.has(one) for two in twice):
                continue
            key = choice_key(one)
            if kind == "ssid":
                if {row.ssid for row in one.stays} == {row.ssid for row in one.other}:  # type: ignore[attr-defined]
                    continue
                yield Difference(key, kind, one.stays, one.other, Side.STAYS, "of the record that stays")
                continue
            a, b = spans_of(one.stays), spans_of(one.other)
            if kind in ("enrollment", "contact", "rights"):
                is_other = [(x.start, x.end, x.value) for x in a] != [(x.start, x.end, x.value) for x in b]
            else:
                is_other = differ(a, b)
            if is_other:
                yield _proposed(key, kind, one, undone)
    for two in twice:
        a = tuple(row for one in (*two.stays, *two.both) for row in one.stays)
        b = tuple(row for one in (*two.other, *two.both) for row in one.other)
        why = (
            "it has all days of the other one, which looks entered twice"
            if not has_days_left(two, Side.STAYS)
            else "of the record that stays"
        )
        yield Difference(two.key, "enrollment", a, b, Side.STAYS, why)
        if any(has_days_left(two, side) for side in Side):
            yield Difference(two.void_key, "enrollment", a, b, Side.STAYS, "it ends, unless it never was")


def _proposed(key: str, kind: str, one: Held, undone: Collection[datetime]) -> Difference:
    if kind in ALONE:
        starts = [rows[-1].effective_from for rows in (one.stays, one.other)]
        if starts[1] > starts[0]:
            return Difference(key, kind, one.stays, one.other, Side.OTHER, "starts later")
        why = "starts later" if starts[0] > starts[1] else "of the record that stays"
        return Difference(key, kind, one.stays, one.other, Side.STAYS, why)
    written = [max(_written_at(row, undone) for row in rows) for rows in (one.stays, one.other)]
    if written[1] > written[0]:
        return Difference(key, kind, one.stays, one.other, Side.OTHER, LATER_WORD)
    why = LATER_WORD if written[0] > written[1] else "written at the same time"
    return Difference(key, kind, one.stays, one.other, Side.STAYS, why)


def _written_at(row: Fact, undone: Collection[datetime]) -> datetime:
    """When somebody wrote it: what is believed anew since two records became two again was written before."""
    if row.recorded_at not in undone:
        return row.recorded_at
    names = (*row.slot, *row.content, "effective_from", "effective_to", "cause")
    same = {name: getattr(row, name) for name in names}
    # Of two times put together and taken apart the first counts.
    first = type(row)._base_manager.filter(**same).order_by("recorded_at").first()
    return first.recorded_at if first is not None else row.recorded_at
