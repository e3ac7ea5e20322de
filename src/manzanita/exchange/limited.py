"""Sending for some students only: pasted SSIDs or a found set, with why each of the rest sends nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from manzanita.domain.access import Actor
from manzanita.exchange.holds import HOLDS
from manzanita.exchange.queries import operations_of
from manzanita.students.models import ScopedQuerySet
from manzanita.students.queries import students_by_ssid
from manzanita.students.scope import visible_to

MOST_SSIDS = 5_000
_BETWEEN = re.compile(r"[\s,;|\"']+")
_SSID = re.compile(r"\d{10}")


@dataclass(frozen=True, slots=True)
class Pasted:
    """What a pasted text names: students of the actor's scope, and each word that names none, with why."""

    student_ids: frozenset[int]
    not_found: Sequence[tuple[str, str]]


def read_pasted(actor: Actor, text: str) -> Pasted:
    """Read SSIDs divided by spaces, commas or lines. A word twice counts once; headings of columns are named too.

    Raises ``ValueError`` for more than :data:`MOST_SSIDS` words.
    """
    words = list(dict.fromkeys(word for word in _BETWEEN.split(text) if word))
    if len(words) > MOST_SSIDS:
        raise ValueError(f"{len(words):,} entries: give at most {MOST_SSIDS:,} at a time")
    ids = students_by_ssid(word for word in words if _SSID.fullmatch(word))
    seen = set(visible_to(actor).filter(pk__in=ids.values()).order_by().values_list("pk", flat=True))
    not_found = []
    for word in words:
        if not _SSID.fullmatch(word):
            not_found.append((word, "no SSID: an SSID has ten digits"))
        elif ids.get(word) not in seen:
            not_found.append((word, "no student in your scope has this SSID"))
    return Pasted(frozenset(ids[word] for word in words if ids.get(word) in seen), not_found)


@dataclass(frozen=True, slots=True)
class Limited:
    """What a limited send would do. ``operation_ids`` may go; ``held`` counts the rest by the title of its reason."""

    student_count: int
    operation_ids: Sequence[int]
    sending_count: int
    held: Mapping[str, int]
    nothing_count: int


def limited_to(actor: Actor, students: ScopedQuerySet) -> Limited:
    """Of these students (already cut to the actor), the operations that may go now; three queries."""
    ids = students.order_by().values("pk")
    ready: list[int] = []
    held: Counter[str] = Counter()
    sending, differing = set(), set()
    rows = operations_of(actor).filter(student_id__in=ids).order_by("student_id", "position")
    for pk, student_id, code in rows.values_list("pk", "student_id", "hold_code"):
        differing.add(student_id)
        if code:
            held[HOLDS[code].title] += 1
        else:
            ready.append(pk)
            sending.add(student_id)
    count = students.order_by().count()
    return Limited(count, ready, len(sending), dict(held), count - len(differing))
