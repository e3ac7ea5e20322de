"""Two records of one student are enrolled at one LEA on the same days: a student has one primary enrollment a day, so
one of the two goes on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from manzanita.domain.effective import Span
from manzanita.domain.merging import Side, filling
from manzanita.domain.stays import PRIMARY

if TYPE_CHECKING:
    from manzanita.students.merging import Held


@dataclass(frozen=True, slots=True)
class Twice:
    """The primary enrollments of one LEA that only one of the two records has, and that share days with the other's."""

    lea_code: str
    stays: tuple[Held, ...]
    other: tuple[Held, ...]

    @property
    def key(self) -> str:
        """Under what the choice which of them goes on is made."""
        return f"primary.{self.lea_code}"

    def has(self, one: Held) -> bool:
        return one.kind == "enrollment" and any(one.key == mine.key for mine in (*self.stays, *self.other))


def enrolled_twice(slots: Iterable[Held]) -> list[Twice]:
    """``slots`` are the enrollments of both records; one that both have is a choice of its own."""
    alone: dict[str, tuple[list[Held], list[Held]]] = defaultdict(lambda: ([], []))
    for one in slots:
        if bool(one.stays) != bool(one.other) and all(row.status_code == PRIMARY for row in _rows(one)):
            alone[one.key[0]][bool(one.other)].append(one)
    found = []
    for lea_code, (stays, other) in sorted(alone.items()):
        of_stays = tuple(a for a in stays if any(_share_days(a, b) for b in other))
        of_other = tuple(b for b in other if any(_share_days(a, b) for a in stays))
        if of_stays:
            found.append(Twice(lea_code, of_stays, of_other))
    return found


def _rows(one: Held) -> Sequence[Any]:
    return one.stays or one.other


def _share_days(a: Held, b: Held) -> bool:
    return any(
        Span(x.effective_from, x.effective_to, None).overlaps(y.effective_from, y.effective_to)
        for x in _rows(a)
        for y in _rows(b)
    )


def left_of(one: Held, twice: Twice, wins: Side) -> list[Span[Any]] | None:
    """The days on which an enrollment that does not go on still counts, ``None`` of one that goes on. Where the other
    covers all of it, its first day stays, so that the files still know the student by its local ID."""
    winners, losers = (twice.stays, twice.other) if wins is Side.STAYS else (twice.other, twice.stays)
    if not any(one.key == loser.key for loser in losers):
        return None
    taken = [Span(row.effective_from, row.effective_to, None) for win in winners for row in _rows(win)]
    own = [
        Span(row.effective_from, row.effective_to, tuple(getattr(row, name) for name in row.content))
        for row in _rows(one)
    ]
    return filling(taken, own) or [replace(own[0], end=own[0].start)]
