"""Planting errors into lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from manzanita.synthetic.population import World
from manzanita.synthetic.students import Student


class Planter:
    """Plants one error in some students' lines."""

    def __init__(self, world: World, rate: float, student_count: int) -> None:
        raise NotImplementedError("errors are not planted yet")

    def plant(
        self, student: Student, lines: dict[str, list[str]], counts: Mapping[str, int]
    ) -> Iterator[dict[str, str | int]]:
        """Entries of ``planted.jsonl`` for the errors planted in ``lines``."""
        raise NotImplementedError
