"""Two records of one student are enrolled at one LEA on the same days: a student has one primary enrollment a day, so
one of the two goes on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from manzanita.domain.effective import Span
from manzanita.domain.merging import Side, filling
from manzanita.domain.stays import PRIMARY
from manzanita.students.merging_held import Held


@dataclass(frozen=True, slots=True)
class Twice:
    """Enrollments of one LEA that only one of the two records has (``stays``, ``other``), primary on days on which the
    other record has another primary one. ``both`` are those of the LEA that stand on both records: they go
    with the choice, or the two would be mixed. ``rows`` are all of the LEA, by side."""

    lea_code: str
    stays: tuple[Held, ...]
    other: tuple[Held, ...]
    both: tuple[Held, ...]
    rows: Mapping[Side, tuple[Any, ...]]

    @property
    def key(self) -> str:
        """Under what the choice which of them goes on is made."""
        return f"primary.{self.lea_code}"

    @property
    def void_key(self) -> str:
        """Under what it is chosen whether the one that does not go on ends (``Side.STAYS``), or never was."""
        return f"never.{self.lea_code}"

    def has(self, one: Held) -> bool:
        return one.kind == "enrollment" and any(
            one.key == mine.key for mine in (*self.stays, *self.other, *self.both)
        )

    def losers(self, wins: Side) -> tuple[Held, ...]:
        return self.other if wins is Side.STAYS else self.stays


def enrolled_twice(slots: Iterable[Held]) -> list[Twice]:
    """``slots`` are the enrollments of both records."""
    of_lea: dict[str, list[Held]] = defaultdict(list)
    for one in slots:
        of_lea[one.key[0]].append(one)
    found = []
    for lea_code, mine in sorted(of_lea.items()):
        sides: dict[Side, list[Held]] = {Side.STAYS: [], Side.OTHER: []}
        is_mixed = False
        for one in mine:
            for side, own, beside in ((Side.STAYS, one.stays, one.other), (Side.OTHER, one.other, one.stays)):
                others = [
                    row for held in mine if held.key != one.key for row in _rows_of(held, _beside(side))
                ]
                if own and _share_days(own, others):
                    is_mixed = True
                    if not beside:
                        sides[side].append(one)
        if is_mixed:
            found.append(_twice(lea_code, mine, sides))
    return found


def _twice(lea_code: str, mine: Sequence[Held], sides: Mapping[Side, Sequence[Held]]) -> Twice:
    rows = {side: tuple(row for held in mine for row in _rows_of(held, side)) for side in Side}
    both = tuple(one for one in mine if one.stays and one.other)
    return Twice(lea_code, tuple(sides[Side.STAYS]), tuple(sides[Side.OTHER]), both, rows)


def _beside(side: Side) -> Side:
    return Side.OTHER if side is Side.STAYS else Side.STAYS


def _rows_of(one: Held, side: Side) -> Sequence[Any]:
    return one.stays if side is Side.STAYS else one.other


def _share_days(own: Sequence[Any], others: Sequence[Any]) -> bool:
    return any(
        _days(a).overlaps(b.effective_from, b.effective_to) for a in _primary(own) for b in _primary(others)
    )


def _primary(rows: Iterable[Any]) -> list[Any]:
    return [row for row in rows if row.status_code == PRIMARY]


def _days(row: Any) -> Span[None]:
    return Span(row.effective_from, row.effective_to, None)


def left_of(one: Held, twice: Twice, wins: Side, *, is_void: bool) -> list[Span[Any]] | None:
    """The days on which an enrollment that does not go on still counts: none where it never was (``is_void``), or where
    the one that goes on has all of its days. ``None`` of one that is left as it is.

    By its local ID the student is found still: see ``students.put_aside``.
    """
    if not any(one.key == loser.key for loser in twice.losers(wins)):
        return None
    if is_void:
        return []
    rows = _rows_of(one, _beside(wins))
    taken = [_days(row) for row in _primary(twice.rows[wins])]
    primary = filling(taken, [_span(row) for row in _primary(rows)])
    return sorted(
        [*primary, *(_span(row) for row in rows if row.status_code != PRIMARY)], key=lambda span: span.start
    )


def _span(row: Any) -> Span[Any]:
    return Span(row.effective_from, row.effective_to, tuple(getattr(row, name) for name in row.content))


def has_days_left(twice: Twice, wins: Side) -> bool:
    """Whether any enrollment that does not go on has days of its own: then it ended, or it never was."""
    return any(left_of(one, twice, wins, is_void=False) for one in twice.losers(wins))
