"""SSIDs as words of a text, for a choice that a form shows again: who is named to a guest (``students.pasted`` reads
lists of lines, which are kept)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from manzanita.domain.access import Actor
from manzanita.students.queries import students_by_ssid
from manzanita.students.scope import visible_to

MOST_SSIDS = 5_000
_BETWEEN = re.compile(r"[\s,;|\"']+")
_SSID = re.compile(r"\d{10}")


@dataclass(frozen=True, slots=True)
class Pasted:
    """What a pasted text names: students of the actor's scope, and each word that names none, with why."""

    student_ids: frozenset[int]
    not_found: Sequence[tuple[str, str]]


def read_pasted(actor: Actor, text: str) -> Pasted:
    """Read SSIDs divided by spaces, commas or lines. A word twice counts once; headings of columns are named too.

    Raises ``ValueError`` for more than :data:`MOST_SSIDS` words.
    """
    words = list(dict.fromkeys(word for word in _BETWEEN.split(text) if word))
    if len(words) > MOST_SSIDS:
        raise ValueError(f"{len(words):,} entries: give at most {MOST_SSIDS:,} at a time")
    ids = students_by_ssid(word for word in words if _SSID.fullmatch(word))
    seen = set(visible_to(actor).filter(pk__in=ids.values()).order_by().values_list("pk", flat=True))
    not_found = []
    for word in words:
        if not _SSID.fullmatch(word):
            not_found.append((word, "no SSID: an SSID has ten digits"))
        elif ids.get(word) not in seen:
            not_found.append((word, "no student in your scope has this SSID"))
    return Pasted(frozenset(ids[word] for word in words if ids.get(word) in seen), not_found)
