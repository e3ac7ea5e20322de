"""Passwords that breaches have made known. Named in the settings, beside Django's own rules.

``data/breached.bin`` holds, in order, the first :data:`WIDTH` bytes of the SHA-256 of each known password of 15
characters or more, in lower case: nothing is asked over the network, and no password of anybody can be read in it.
``data/breached-NOTICE.txt`` says where they are from; ``python -m tests.support.breached`` makes the file.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from functools import lru_cache
from pathlib import Path

from django.core.exceptions import ValidationError

FILE = Path(__file__).parent / "data" / "breached.bin"
# Of 3 million passwords that are not in it, one is taken for one that is.
WIDTH = 5


def mark_of(password: str) -> bytes:
    """What the file holds of ``password``: the same for any case of its letters."""
    return hashlib.sha256(password.lower().encode()).digest()[:WIDTH]


@lru_cache(maxsize=1)
def _marks() -> bytes:
    return FILE.read_bytes()


def count() -> int:
    """How many passwords are known."""
    return len(_marks()) // WIDTH


def is_breached(password: str) -> bool:
    marks, wanted = _marks(), mark_of(password)
    at = bisect_left(range(count()), wanted, key=lambda n: marks[n * WIDTH : (n + 1) * WIDTH])
    return marks[at * WIDTH : (at + 1) * WIDTH] == wanted


class BreachedPasswordValidator:
    """Refuses a password that stands in lists of breached ones, whoever used it there."""

    def validate(self, password: str, user: object = None) -> None:
        if is_breached(password.strip()):
            raise ValidationError(
                "This password is known from a breach of some other site, and is among the first that are tried. "
                "Take words that do not belong together.",
                code="password_breached",
            )

    def get_help_text(self) -> str:
        return "Your password can’t be one that became known in a breach."
