"""The lines of home: what needs somebody, how many, and where it is done; and their order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from manzanita.ui.formats import plural

# Heaviest first; the bands of home and the kinds that stand in each, in their order.
BANDS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("Overdue or fatal", ("fatal",)),
    ("Soon, or a warning", ("warn",)),
    ("Waiting, and to do", ("held", "diff", "declined", "unevaluated", "empty", "progress")),
    ("In order", ("ok",)),
)


def age(days: int) -> str:
    """How old the oldest is: ``3 days``, ``today``."""
    return plural(days, "day") if days > 0 else "today"


@dataclass(frozen=True, slots=True)
class Need:
    """One line of the table. ``count`` items stand behind ``url``. ``oldest`` is said of the oldest; ``days`` is the
    same as a number: days over or waiting, below zero the days left."""

    kind: str
    label: str
    count: int
    url: str
    oldest: str = ""
    detail: str = ""
    owner: str = ""
    step: str | None = None
    days: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """What one part of the product says; ``nothing`` is said where it has nothing."""

    title: str
    needs: Sequence[Need]
    nothing: str


@dataclass(frozen=True, slots=True)
class Band:
    """All of one weight, from every part of the product. ``quiet`` is what parts say that have nothing."""

    title: str
    needs: Sequence[Need]
    quiet: Sequence[str] = ()


def in_order(groups: Iterable[Group]) -> list[Band]:
    """By consequence: the heaviest first, of one weight what is longest overdue or waits longest."""
    groups = list(groups)
    needs = [need for group in groups for need in group.needs]
    quiet = [group.nothing for group in groups if not group.needs and group.nothing]
    bands = []
    for title, kinds in BANDS:
        found = [need for need in needs if need.kind in kinds]
        found.sort(key=lambda need: (kinds.index(need.kind), -need.days))
        said = quiet if kinds == ("ok",) else []
        if found or said:
            bands.append(Band(title, found, said))
    return bands
