"""The lines of home: what needs somebody, how many, and where it is done."""

from __future__ import annotations

from dataclasses import dataclass

from manzanita.ui.formats import plural


def age(days: int) -> str:
    """How old the oldest is: ``3 days``, ``today``."""
    return plural(days, "day") if days > 0 else "today"


@dataclass(frozen=True, slots=True)
class Need:
    """One line of the table. ``count`` items stand behind ``url``."""

    kind: str
    label: str
    count: int
    url: str
    oldest: str = ""
    detail: str = ""
    owner: str = ""
    step: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One group of needs; ``nothing`` is said where it has none."""

    title: str
    needs: list[Need]
    nothing: str
