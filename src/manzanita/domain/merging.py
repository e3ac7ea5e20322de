"""Putting two records of one student together: what of two time lines stands, and how two SSIDs become one line."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar

from manzanita.domain.effective import Span

_DAY = timedelta(days=1)
V = TypeVar("V", bound=Hashable)


class Side(StrEnum):
    """Of the two records: the one that stays, and the other one."""

    STAYS = "student"
    OTHER = "other"


def differ(first: Iterable[Span[V]], second: Iterable[Span[V]]) -> bool:
    """Whether there is a day of which both speak, and not alike."""
    return any(a.value != b.value and a.overlaps(b.start, b.end) for a in first for b in second)


def filling(first: Iterable[Span[V]], second: Iterable[Span[V]]) -> list[Span[V]]:
    """What ``second`` says of the days of which ``first`` says nothing, in the order of days."""
    pieces = sorted(second, key=lambda span: span.start)
    for taken in first:
        pieces = [rest for piece in pieces for rest in _without(piece, taken.start, taken.end)]
    return pieces


def within(spans: Iterable[Span[V]], days: Sequence[tuple[date, date | None]]) -> list[Span[V]]:
    """What ``spans`` say on these days only."""
    found = []
    for span in spans:
        for start, end in days:
            if span.overlaps(start, end):
                ends = [one for one in (span.end, end) if one is not None]
                found.append(replace(span, start=max(span.start, start), end=min(ends, default=None)))
    return sorted(found, key=lambda span: span.start)


def _without(span: Span[V], start: date, end: date | None) -> list[Span[V]]:
    if not span.overlaps(start, end):
        return [span]
    rest = []
    if span.start < start:
        rest.append(replace(span, end=start - _DAY))
    if end is not None and (span.end is None or span.end > end):
        rest.append(replace(span, start=end + _DAY))
    return rest


def one_ssid_line(
    stands: Sequence[Span[str]], former: Sequence[Span[str]], *, retired_on: date
) -> list[Span[str]]:
    """The SSIDs of one student who had two: ``stands`` last and to this day, ``former`` before ``retired_on``.

    A student has one SSID a day, so of days on which both were in use the one that stands is kept. One that has no day
    left gets the last day before ``retired_on``: by it the student is still found, and archives under it are known as
    the student's. Nothing to keep where there is no former SSID.
    """
    own = sorted(stands, key=lambda span: span.start)
    if not own:
        return sorted(former, key=lambda span: span.start)
    line = list(own)
    if own[-1].end is not None:
        current = Span(retired_on, None, own[-1].value)
        line = [*filling([current], own), current]
    others = [span for span in former if span.value not in {one.value for one in own}]
    pieces = within(filling(line, others), [(date.min, retired_on - _DAY)])
    missing = {span.value for span in others} - {piece.value for piece in pieces}
    for number, value in enumerate(sorted(missing), 1):
        day = retired_on - number * _DAY
        line, pieces = (
            [rest for one in spans for rest in _without(one, day, day)] for spans in (line, pieces)
        )
        pieces.append(Span(day, day, value))
    return sorted([*line, *pieces], key=lambda span: span.start)
