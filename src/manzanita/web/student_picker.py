"""Choosing students one by one for something that names them: found by a search, pasted as SSIDs, kept while a form
goes back and forth."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.http import QueryDict

from manzanita.domain.access import Actor
from manzanita.students.by_name import by_name
from manzanita.students.listing import ListRow, list_rows
from manzanita.students.models import ScopedQuerySet
from manzanita.students.pasted_ssids import read_pasted
from manzanita.students.scope import visible_to
from manzanita.students.searching import search

FOUND_SHOWN = 20
MOST_PICKED = 200


@dataclass(frozen=True, slots=True)
class Picked:
    """``rows`` are chosen, ``found`` offered; ``not_found`` are pasted words that name nobody, each with why."""

    rows: list[ListRow]
    found: list[ListRow]
    not_found: Sequence[tuple[str, str]]
    has_more: bool
    error: str = ""

    @property
    def student_ids(self) -> list[int]:
        return [row.student.pk for row in self.rows]

    @property
    def shown_ids(self) -> list[int]:
        return [row.student.pk for row in (*self.rows, *self.found)]


def pick(actor: Actor, data: QueryDict) -> Picked:
    """Read ``picked`` (public ids), ``ssids`` (pasted) and ``find`` (a search) of a form, within the actor's reach."""
    ids = set(of_public_ids(actor, data.getlist("picked")).values_list("pk", flat=True))
    not_found: Sequence[tuple[str, str]] = ()
    error = ""
    try:
        pasted = read_pasted(actor, data.get("ssids", "").replace("\0", ""))
        ids |= pasted.student_ids
        not_found = pasted.not_found
    except ValueError as problem:
        error = f"{problem}."
    if len(ids) > MOST_PICKED:
        error = f"{len(ids):,} students: one access names at most {MOST_PICKED}."
        ids = set()
    text = " ".join(data.get("find", "").replace("\0", "").split())[:100]
    found = []
    if text:
        offered = by_name(search(visible_to(actor), text).exclude(pk__in=ids))
        found = list(offered[: FOUND_SHOWN + 1])
    chosen = list(by_name(visible_to(actor).filter(pk__in=ids)))
    return Picked(
        list_rows(chosen, actor),
        list_rows(found[:FOUND_SHOWN], actor),
        not_found,
        len(found) > FOUND_SHOWN,
        error,
    )


def of_public_ids(actor: Actor, values: Iterable[str]) -> ScopedQuerySet:
    """Students within the actor's reach whose public id is among ``values``; what is no id names nobody."""
    wanted = []
    for value in values:
        try:
            wanted.append(uuid.UUID(value))
        except ValueError:
            continue
    return visible_to(actor).filter(public_id__in=wanted)
