"""What somebody typed over what a form showed, when the record may say something else by now.

A form that begins with values of the record sends them along (``FIELD``). Only what differs from them was typed, and
only that changes anything; a field that nobody touched follows the record. Where a typed field says something else now
than the form showed, both words are told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

FIELD = "form_shown"


@dataclass(frozen=True, slots=True)
class LaidOver:
    """By name of the field: ``typed`` is what the person changed, ``values`` what the record says now with that laid
    over it. ``moved`` are the fields that say something else now than the form showed, with what it showed."""

    typed: Mapping[str, str]
    values: Mapping[str, str]
    moved: Mapping[str, str]
    stands: Mapping[str, str]

    @property
    def conflicts(self) -> frozenset[str]:
        """Fields that were typed and changed in the record, each to something else."""
        return frozenset(
            name
            for name in self.moved
            if name in self.typed and self.typed[name] != self.stands.get(name, "")
        )

    def followed(self, name: str, words: Callable[[str], str]) -> str:
        """What is said at a field that nobody typed and that follows a change of the record; ``words`` makes them of a
        value."""
        if name not in self.moved or name in self.conflicts:
            return ""
        return f"Changed meanwhile: it was {words(self.moved[name]) or 'blank'}."

    def conflict(self, name: str, words: Callable[[str], str]) -> str:
        """What is said at a field that was typed and that the record has otherwise by now."""
        if name not in self.conflicts:
            return ""
        was, now = (words(one) or "blank" for one in (self.moved[name], self.stands.get(name, "")))
        return f"Changed meanwhile from {was} to {now}. What you typed stands here; say {now} to leave it."

    def told(self, words: Callable[[str], str]) -> dict[str, str]:
        """Either of them by name of the field."""
        return {name: self.conflict(name, words) or self.followed(name, words) for name in self.moved}


def shown(values: Mapping[str, str]) -> str:
    """What the form carries of the values that it shows."""
    return json.dumps({name: value for name, value in values.items() if value}, sort_keys=True)


def laid_over(posted: Mapping[str, str], stands: Mapping[str, str]) -> LaidOver:
    """What was typed in the fields of ``stands``, which the record says now. A form that says nothing of what it
    showed is taken to have shown that."""
    was = _shown_in(posted.get(FIELD, ""))
    was = stands if was is None else was
    given = {name: posted[name].strip() for name in stands if name in posted}
    typed = {name: value for name, value in given.items() if value != was.get(name, "")}
    moved = {name: was.get(name, "") for name, now in stands.items() if now != was.get(name, "")}
    return LaidOver(typed, {**stands, **typed}, moved, stands)


def _shown_in(text: str) -> dict[str, str] | None:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not all(isinstance(one, str) for one in said.values()):
        return None
    return said
