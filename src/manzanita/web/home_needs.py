"""The lines of home's table, whoever fills them."""

from __future__ import annotations

from dataclasses import dataclass


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
