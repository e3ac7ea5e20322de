"""What was assigned is taken back: the very versions that it closed are believed again, on the days on which nobody has
assigned anybody since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from manzanita.domain.access import Actor
from manzanita.domain.effective import Span
from manzanita.platform import clock
from manzanita.platform.facts import Fact, WayBack, bring_back, span_of, way_back
from manzanita.students.actions import FACT_MODELS
from manzanita.students.assignment_actions import Stated, believed_in, stated_by
from manzanita.students.models import AssignmentBatch, AssignmentChange

_DAY = timedelta(days=1)


def ways_back(
    changes: Sequence[AssignmentChange], last_days: Mapping[int, date]
) -> dict[int, list[tuple[Stated, WayBack]]]:
    """How each change is taken back, by its key. Without those on which somebody has built since: another one has it
    now on the first day, or whoever was given it has it once more after somebody else's turn. ``last_days``, by
    student: past it nothing is given back."""
    known = [change for change in changes if change.closed is not None]
    now = believed_in([one for change in known for one in stated_by(change)])
    before = _closed_by(known)
    found = {}
    for change in known:
        ways = [
            _way(
                one,
                now[one.key],
                before.get(one.key, []),
                change.starts_on,
                _earlier(change.ends_on, last_days.get(change.student_id)),
            )
            for one in stated_by(change)
        ]
        if all(ways):
            found[change.pk] = [way for way in ways if way is not None]
    return found


def _earlier(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day is not None), default=None)


def _closed_by(changes: Iterable[AssignmentChange]) -> Mapping[tuple[Any, ...], Sequence[Fact]]:
    keys: dict[str, set[int]] = defaultdict(set)
    for change in changes:
        keys[change.kind].update(change.closed or ())
    found: dict[tuple[Any, ...], list[Fact]] = defaultdict(list)
    for kind, pks in keys.items():
        model = FACT_MODELS[kind]
        for row in model.objects.filter(pk__in=pks).order_by("effective_from"):
            found[kind, *(getattr(row, name) for name in model.slot)].append(row)
    return found


def _way(
    stated: Stated, now: Sequence[Fact], before: Sequence[Fact], start: date, end: date | None
) -> tuple[Stated, WayBack] | None:
    if end is not None and end < start:
        return None
    model = FACT_MODELS[stated.kind]
    said = None if stated.values is None else tuple(stated.values[name] for name in model.content)
    if (days := _as_left([span_of(row) for row in now], said, start, end)) is None:
        return None
    return stated, way_back(now, before, start=days.start, end=days.end)


def _as_left(
    now: Sequence[Span[Any]], said: tuple[Any, ...] | None, start: date, end: date | None
) -> Span[None] | None:
    """The days from ``start`` on, through ``end`` at most, on which ``said`` still holds without a break; ``None`` for
    none, and where it holds again after a break."""
    later = [span for span in now if span.overlaps(start, end)]
    if said is None:
        if not later:
            return Span(start, end, None)
        return None if later[0].start <= start else Span(start, later[0].start - _DAY, None)
    day: date | None = start
    while later and day is not None and later[0].covers(day) and later[0].value == said:
        last = later.pop(0).end
        day = None if last is None else last + _DAY
    if day == start or any(span.value == said for span in later):
        return None
    last = None if day is None else day - _DAY
    return Span(start, end if last is None or (end is not None and end < last) else last, None)


def take_back(*, actor: Actor, batch: AssignmentBatch, ways: Iterable[tuple[Stated, WayBack]]) -> None:
    """Believe again what was believed before, and close the batch."""
    at = clock.now()
    once = {stated.key: (stated, way) for stated, way in ways}
    of_kind: dict[str, list[tuple[Stated, WayBack]]] = defaultdict(list)
    for stated, way in once.values():
        of_kind[stated.kind].append((stated, way))
    for kind, some in of_kind.items():
        bring_back(
            FACT_MODELS[kind],
            slots=[stated.slot for stated, _ in some],
            close=[pk for _, way in some for pk in way.close],
            parts=[part for _, way in some for part in way.parts],
            at=at,
        )
    batch.undone_at, batch.undone_by_id = at, actor.user_id
    batch.save(update_fields=["undone_at", "undone_by_id"])
