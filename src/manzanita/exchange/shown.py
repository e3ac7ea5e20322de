"""What a page has shown of what would go to the state, as a stamp in its form: a send takes exactly that, or nothing.

A line that went cannot be taken back, and the plan moves by itself: plans are adopted by a job, answers land, a file of
the SIS comes in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from manzanita.domain.access import Actor
from manzanita.exchange.models import Operation
from manzanita.exchange.queries import operations_of

# Up to so many operations a stamp names each, so that a refusal can say which came and how many went.
NAMED = 2_000
_MARK_LENGTH = 6
_STAMP = re.compile(r"(\d{1,9})\.(\d{1,9})\.([0-9a-f]{32})\.((?:[0-9a-f]{6}){0,2000})")

# Key, student and digest of the line of one operation.
Row = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Going:
    """What may go: how many operations, of how many students, and the stamp of exactly these lines."""

    count: int
    student_count: int
    stamp: str


@dataclass(frozen=True, slots=True)
class Moved:
    """How what may go differs from what was shown. ``came`` has the keys of operations that were not shown as they are
    now, and ``gone`` how many that were shown are not there, or not so; both ``None`` where the stamp names none."""

    shown: int
    shown_students: int
    now: Going
    came: Sequence[int] | None
    gone: int | None


class NotAsShown(Exception):
    """What may go is not what the page showed, so nothing was sent."""

    def __init__(self, moved: Moved) -> None:
        super().__init__()
        self.moved = moved


def what_may_go(actor: Actor) -> Going:
    """Everything in the actor's scope that nothing holds; one query, of short texts."""
    rows = operations_of(actor).filter(hold_code="").order_by("student_id", "position")
    return going(rows.values_list("pk", "student_id", "line_digest"))


def going(rows: Iterable[Row]) -> Going:
    """``rows`` in sending order."""
    found = list(rows)
    marks = "".join(map(_mark, found)) if len(found) <= NAMED else ""
    students = len({student_id for _, student_id, _ in found})
    whole = blake2b(digest_size=16)
    for pk, _, digest in found:
        whole.update(f"{pk} {digest};".encode())
    return Going(len(found), students, f"{len(found)}.{students}.{whole.hexdigest()}.{marks}")


def _mark(row: Row) -> str:
    return blake2b(f"{row[0]} {row[2]}".encode(), digest_size=_MARK_LENGTH // 2).hexdigest()


def require_as_shown(operations: Sequence[Operation], stamp: str) -> None:
    """Raises ``NotAsShown`` unless ``operations``, in sending order, are what the stamp was made of."""
    rows = [(one.pk, one.student_id, one.line_digest) for one in operations]
    now = going(rows)
    if now.stamp == stamp:
        return
    read = _STAMP.fullmatch(stamp)
    shown, students, _, marks = read.groups() if read else ("0", "0", "", "")
    came: list[int] | None = None
    gone: int | None = None
    if len(marks) == int(shown) * _MARK_LENGTH and len(rows) <= NAMED:
        were = {marks[at : at + _MARK_LENGTH] for at in range(0, len(marks), _MARK_LENGTH)}
        came = [row[0] for row in rows if _mark(row) not in were]
        gone = len(were - set(map(_mark, rows)))
    raise NotAsShown(Moved(int(shown), int(students), now, came, gone))
