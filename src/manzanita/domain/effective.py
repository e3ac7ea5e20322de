"""Two-axis time: when a thing was true, and when we knew it.

A fact version holds on the days ``effective_from`` to ``effective_to`` inclusive (``None``: open) and was
believed from ``recorded_at`` until ``superseded_at`` (``None``: believed now). Nothing is ever changed in
place: stating something new closes the versions it contradicts and inserts what remains of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Generic, TypeVar

_DAY = timedelta(days=1)
V = TypeVar("V", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Span(Generic[V]):
    """``value`` holds from ``start`` to ``end`` inclusive; ``end`` ``None`` means until further notice."""

    start: date
    end: date | None
    value: V

    def __post_init__(self) -> None:
        if self.end is not None and self.end < self.start:
            raise ValueError(f"a fact cannot end ({self.end}) before it starts ({self.start})")

    def covers(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)

    def overlaps(self, start: date, end: date | None) -> bool:
        return (end is None or self.start <= end) and (self.end is None or start <= self.end)

    def contains(self, other: Span[V]) -> bool:
        """Whether it says the same as ``other`` on all of its days."""
        is_ended = self.end is None or (other.end is not None and other.end <= self.end)
        return self.value == other.value and self.start <= other.start and is_ended


@dataclass(frozen=True, slots=True)
class Restatement(Generic[V]):
    """What one statement does to a slot: versions to close, versions to insert."""

    close: tuple[Span[V], ...]
    insert: tuple[Span[V], ...]


def restate(current: Iterable[Span[V]], *, start: date, end: date | None, value: V | None) -> Restatement[V]:
    """State that ``value`` holds from ``start`` to ``end`` in a slot whose believed spans are ``current``.

    ``value`` ``None`` states that nothing holds on those days. Spans outside the days stay untouched; a span
    that is cut is closed and its remaining head and tail are inserted again. Stating what is already believed
    closes and inserts nothing.
    """
    if end is not None and end < start:
        raise ValueError(f"a fact cannot end ({end}) before it starts ({start})")
    close: list[Span[V]] = []
    insert: list[Span[V]] = []
    for span in current:
        if not span.overlaps(start, end):
            continue
        if value is not None and span.value == value and span.start == start and span.end == end:
            return Restatement((), ())
        close.append(span)
        if span.start < start:
            insert.append(replace(span, end=start - _DAY))
        if end is not None and (span.end is None or span.end > end):
            insert.append(replace(span, start=end + _DAY))
    if value is not None:
        insert.append(Span(start, end, value))
    return Restatement(tuple(close), tuple(sorted(insert, key=lambda s: s.start)))


def replace_all(
    current: Iterable[Span[V]], *, start: date, end: date | None, value: V | None
) -> Restatement[V]:
    """State that the slot holds ``value`` from ``start`` to ``end`` and nothing on any other day.

    For facts whose slot *is* one span (an enrollment): a new exit date moves the end, it does not leave the
    days after it as they were. ``value`` ``None`` empties the slot.
    """
    believed = list(current)
    stated = () if value is None else (Span(start, end, value),)
    if tuple(believed) == stated:
        return Restatement((), ())
    return Restatement(tuple(believed), stated)


def give_back(
    current: Sequence[Span[V]], before: Iterable[Span[V]], *, start: date, end: date | None
) -> Restatement[V]:
    """Take back what was stated of the days from ``start`` to ``end``: on them ``before`` holds again, which are the
    spans that it closed. What is left of such a span right beside these days is one with it again; other days
    stay as they are.
    """
    cut = restate(current, start=start, end=end, value=None)
    close, beside = list(cut.close), [*cut.insert, *(span for span in current if span not in cut.close)]
    insert = []
    for span in before:
        if not span.overlaps(start, end):
            continue
        last = end if span.end is None or (end is not None and end < span.end) else span.end
        again = replace(span, start=max(span.start, start), end=last)
        while rest := next((one for one in beside if span.contains(one) and _touch(one, again)), None):
            beside.remove(rest)
            if rest not in cut.insert:
                close.append(rest)
            is_before = rest.start < again.start
            again = replace(again, start=rest.start) if is_before else replace(again, end=rest.end)
        insert.append(again)
    insert += [span for span in cut.insert if span in beside]
    return Restatement(tuple(close), tuple(sorted(insert, key=lambda s: s.start)))


def _touch(one: Span[V], other: Span[V]) -> bool:
    """Whether one begins on the day after the other ends."""
    return any(a.end is not None and a.end + _DAY == b.start for a, b in ((one, other), (other, one)))


@dataclass(frozen=True, slots=True)
class Version(Generic[V]):
    """A span together with when it was believed."""

    span: Span[V]
    recorded_at: datetime
    superseded_at: datetime | None

    def holds(self, *, effective: date, known: datetime) -> bool:
        """True where the version was believed at ``known`` to hold on the day ``effective``."""
        return (
            self.span.covers(effective)
            and self.recorded_at <= known
            and (self.superseded_at is None or known < self.superseded_at)
        )
