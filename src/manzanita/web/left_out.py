"""Students whom a page cannot take though they are named, or counted elsewhere: each by name, with why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor
from manzanita.domain.findings import Reason
from manzanita.students.by_name import by_name
from manzanita.students.models import ScopedQuerySet, Student
from manzanita.web.found import Found
from manzanita.web.reasons_told import Told
from manzanita.web.row_reasons import told_left_out

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One of them, with the address of the record."""

    name: str
    url: str
    reasons: Sequence[Told]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The first of them by name, and how many there are."""

    rows: Sequence[Row]
    count: int


def left_out(
    found: Found | None,
    shown: Iterable[Any],
    why: Callable[[Actor, Sequence[Student]], Mapping[int, Reason]],
    what: str,
) -> LeftOut | None:
    """Of a pasted list those who are not among ``shown``, database keys or a query of them; ``None`` where nobody is
    left out. ``why`` says of students, by key, why not. Noted as read, as ``what``: the page names them. One query, one
    more where they are many, and those of ``why``."""
    if found is None or found.pasted is None or found.refusals:
        return None
    return named(found, found.students.exclude(pk__in=shown), why, what)


def named(
    found: Found,
    others: ScopedQuerySet,
    why: Callable[[Actor, Sequence[Student]], Mapping[int, Reason]],
    what: str,
) -> LeftOut | None:
    """These ``others`` of a found set, as :func:`left_out`."""
    others = by_name(others)
    some = list(others[: SHOWN + 1])
    if not some:
        return None
    count = others.count() if len(some) > SHOWN else len(some)
    some = some[:SHOWN]
    log_reads(
        actor=found.actor,
        student_ids=[one.pk for one in some],
        what=what,
        filter_codes=f"left-out {found.log_codes}",
    )
    reasons = why(found.actor, some)
    return LeftOut(
        [
            Row(
                f"{one.last_name}, {one.first_name}",
                reverse("student", args=[one.public_id]),
                told_left_out(found.actor, one, reasons[one.pk]),
            )
            for one in some
        ],
        count,
    )
