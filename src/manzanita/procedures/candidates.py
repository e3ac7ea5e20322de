"""Who might be meant by a list: (student, LEA) of rows that the database finds, within reach of whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet

from manzanita.domain.access import Actor, Relationship, Scope
from manzanita.platform import clock
from manzanita.platform.kept_queries import KeptQuery
from manzanita.students.scope import lea_filter, visible_to

_WIDE = frozenset({Scope.AGENCY, Scope.SELPA})
_AT_ONCE = 2000


# What is asked for candidates on a day, of rows within a filter.
Asked = Callable[[date, dict[str, Any]], Sequence[QuerySet[Any]]]


def candidates_of(
    actor: Actor, asked: Asked, most: int, keys: Iterable[Any] | None = None
) -> set[tuple[int, str]]:
    """(student, LEA) of the rows that ``asked`` gives for today and the filter it gets, of the students with these
    ``keys`` alone where there are any given; at most ``most``, those of the lowest keys, before reach is asked.

    Whoever reaches a district reaches nearly all of its rows: who is not in reach is taken out of the few that are
    left, and not asked of every student there is, once for each of ``asked``.
    """
    if keys is None:
        found = set(_rows(actor, asked, most, clock.today()).ask())
    else:
        found = set(_composed(actor, asked, most, clock.today(), student_id__in=keys))
    return _reached(actor, found) if _is_wide(actor) else found


@lru_cache(maxsize=256)
def _rows(actor: Actor, asked: Asked, most: int, today: date) -> KeptQuery:
    return KeptQuery(_composed(actor, asked, most, today))


def _composed(actor: Actor, asked: Asked, most: int, today: date, **among: Any) -> QuerySet[Any]:
    within = {**lea_filter(actor), **among}
    if not _is_wide(actor):
        within = {"student__in": visible_to(actor).order_by().values("pk"), **within}
    first, *rest = (rows.order_by().values_list("student_id", "lea_code") for rows in asked(today, within))
    return first.union(*rest).order_by("student_id", "lea_code")[:most]


def _is_wide(actor: Actor) -> bool:
    perspective = actor.perspective
    return (
        actor.record_leas is not None
        and perspective.scope in _WIDE
        and Relationship.ATTENDING in perspective.relationships
    )


def _reached(actor: Actor, found: set[tuple[int, str]]) -> set[tuple[int, str]]:
    ids = sorted({pk for pk, _ in found})
    within: set[int] = set()
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        within |= set(visible_to(actor).filter(pk__in=some).order_by().values_list("pk", flat=True))
    return {one for one in found if one[0] in within}
