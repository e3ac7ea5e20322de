"""Sending for the students of a found set only, with why each of the rest sends nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from manzanita.domain.access import Actor
from manzanita.exchange.holds import HOLDS
from manzanita.exchange.queries import operations_of
from manzanita.exchange.shown import Row, going
from manzanita.students.models import ScopedQuerySet


@dataclass(frozen=True, slots=True)
class Limited:
    """What a limited send would do. ``operation_ids`` may go, and ``stamp`` is of exactly these (``exchange.shown``);
    ``held`` counts the rest by the title of its reason."""

    student_count: int
    operation_ids: Sequence[int]
    stamp: str
    sending_count: int
    held: Mapping[str, int]
    nothing_count: int


def limited_to(actor: Actor, students: ScopedQuerySet) -> Limited:
    """Of these students (already cut to the actor), the operations that may go now; three queries."""
    ids = students.order_by().values("pk")
    ready: list[Row] = []
    held: Counter[str] = Counter()
    differing = set()
    rows = operations_of(actor).filter(student_id__in=ids).order_by("student_id", "position")
    for pk, student_id, digest, code in rows.values_list("pk", "student_id", "line_digest", "hold_code"):
        differing.add(student_id)
        if code:
            held[HOLDS[code].title] += 1
        else:
            ready.append((pk, student_id, digest))
    count = students.order_by().count()
    now = going(ready)
    return Limited(
        count, [row[0] for row in ready], now.stamp, now.student_count, dict(held), count - len(differing)
    )
