"""Two records of one student: what both hold, slot by slot, and under what one chooses between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from manzanita.domain.effective import Span
from manzanita.domain.merging import Side
from manzanita.domain.names import name_words
from manzanita.platform.facts import Fact
from manzanita.platform.together import read_together
from manzanita.students.actions import FACT_MODELS
from manzanita.students.residence import says_residence_by_sis

Choices = Mapping[str, Side]
# What of the identity is chosen together: half a name of each record would be a third person's.
IDENTITY: Mapping[str, tuple[str, ...]] = {
    "name": ("first_name", "middle_name", "last_name", "suffix"),
    "birth_on": ("birth_on",),
    "gender_code": ("gender_code",),
    "local_sped_id": ("local_sped_id",),
}
# The services go with the plan, the rights with the person.
ALONE = ("status", "plan", "assignment")


@dataclass(frozen=True, slots=True)
class Held:
    """The believed versions of one slot of a kind, of both records; ``key`` is the slot without the student."""

    kind: str
    key: tuple[Any, ...]
    stays: tuple[Fact, ...]
    other: tuple[Fact, ...]


def held_by(stays_id: int, other_id: int) -> dict[str, list[Held]]:
    """Per kind of fact the slots of both records, those of people under the numbers of the record that stays; one
    statement. Where the SIS says that a student lives is not among them: it follows from the enrollments."""
    believed = {
        kind: model.objects.believed()
        .filter(student_id__in=[stays_id, other_id])
        .order_by("effective_from", "pk")
        for kind, model in FACT_MODELS.items()
    }
    read_together(*believed.values())
    rows: dict[str, list[Fact]] = {kind: list(found) for kind, found in believed.items()}
    return slots_of(rows, stays_id)


def slots_of(rows: dict[str, list[Fact]], stays_id: int) -> dict[str, list[Held]]:
    """Versions of two records by kind, as slots of both."""
    rows["agency"] = [row for row in rows["agency"] if not says_residence_by_sis(row)]
    numbers = _numbers(rows, stays_id)
    found: dict[str, list[Held]] = {}
    for kind, model in FACT_MODELS.items():
        slots: dict[tuple[Any, ...], tuple[list[Fact], list[Fact]]] = defaultdict(lambda: ([], []))
        for row in rows[kind]:
            key = tuple(getattr(row, name) for name in model.slot[1:])
            is_other = row.student_id != stays_id  # type: ignore[attr-defined]
            if is_other and kind in ("contact", "rights"):
                key = (numbers.get(key[0], key[0]),)
            slots[key][is_other].append(row)
        found[kind] = [Held(kind, key, tuple(a), tuple(b)) for key, (a, b) in sorted(slots.items())]
    return found


def _numbers(rows: Mapping[str, Sequence[Any]], stays_id: int) -> dict[int, int]:
    """The number that each person of the other record gets: that of the same name, or one that is free."""
    names: dict[bool, dict[int, str]] = {True: {}, False: {}}
    used = {0}
    for row in (*rows["contact"], *rows["rights"]):
        used.add(row.contact_no)
    for row in rows["contact"]:
        names[row.student_id == stays_id][row.contact_no] = row.name
    same = {_words(name): number for number, name in names[True].items() if _words(name)}
    taken = {row.contact_no for row in (*rows["contact"], *rows["rights"]) if row.student_id == stays_id}
    found = {0: 0}
    given: set[int] = set()
    for number, name in sorted(names[False].items()):
        wanted = same.get(_words(name))
        if wanted is None or wanted in given:
            wanted = number if number not in taken | given else max(used | given) + 1
        found[number] = wanted
        given.add(wanted)
    return found


def _words(name: str) -> tuple[str, ...]:
    return tuple(sorted(name_words(name)))


def choice_key(one: Held) -> str:
    """Under what a choice about this slot goes: ``plan``, ``enrollment.9910017.2026-08-14``, ``person.1``."""
    name = {"contact": "person", "rights": "person", "service": "plan"}.get(one.kind, one.kind)
    return ".".join([name, *map(str, one.key)]) if one.kind not in (*ALONE, "ssid", "service") else name


def spans_of(rows: Iterable[Fact]) -> list[Span[tuple[Any, ...]]]:
    return [
        Span(row.effective_from, row.effective_to, tuple(getattr(row, name) for name in row.content))
        for row in rows
    ]
