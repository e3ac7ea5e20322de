"""Whose students the database may show to what runs now: the codes of agencies, or the whole installation.

PostgreSQL cuts every student-bearing table to this (``platform.row_security``), under whatever the queries ask. It is a
net under the scope that the application decides, not that scope: it separates agencies and knows no caseload. Where
nothing is said, nothing is reached. ``platform.postgresql`` tells the database; SQLite has no such net.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

WHOLE = ("*",)
NOTHING: tuple[str, ...] = ()

# What holds where nobody has said anything. Only a test run changes it.
unless_said: tuple[str, ...] = NOTHING
_reach: ContextVar[tuple[str, ...] | None] = ContextVar("reach", default=None)


def current_reach() -> tuple[str, ...]:
    """Agency codes, sorted; ``WHOLE``; or ``NOTHING``."""
    said = _reach.get()
    return unless_said if said is None else said


@contextmanager
def reach(codes: Iterable[str]) -> Iterator[None]:
    """Within this, students with a present or past tie to one of these agencies exist, and no others.

    It replaces what was said around it, and may be said inside a transaction. Raises ``ValueError`` for a code that the
    setting of the database could not carry.
    """
    found = tuple(sorted({code for code in codes if code}))
    if any("," in code for code in found) or ("*" in found and found != WHOLE):
        raise ValueError("not codes of agencies")
    token = _reach.set(found)
    try:
        yield
    finally:
        _reach.reset(token)


_transfer: ContextVar[int] = ContextVar("transfer", default=0)


def current_transfer() -> int:
    """Key of the transfer through which one student more is read; 0: none."""
    return _transfer.get()


@contextmanager
def through_transfer(transfer_id: int) -> Iterator[None]:
    """Within this the student of that transfer exists, too, as long as it is open to an agency within reach: to be
    read. The database looks at the transfer itself, and writes nothing meanwhile."""
    token = _transfer.set(transfer_id)
    try:
        yield
    finally:
        _transfer.reset(token)


@contextmanager
def whole_installation(reason: str) -> Iterator[None]:
    """Within this every student exists. ``reason`` says to the reader of the code why one agency's do not suffice."""
    if not reason:
        raise ValueError("say why")
    with reach(WHOLE):
        yield
