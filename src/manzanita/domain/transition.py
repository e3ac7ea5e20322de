"""What a plan answers of the transition indicators (PLAN 23.25 to 23.32), and which are missing or answered with no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from manzanita.domain.fields import TRANSITION_FIELDS, FieldDeclaration

# 23.32 is coded: 10 yes, 20 no, 30 not applicable or no consent.
_SATISFIES = frozenset({"Y", "10", "30"})


@dataclass(frozen=True, slots=True)
class Lacking:
    """One indicator that is missing (``value`` empty) or answered with no."""

    declaration: FieldDeclaration
    value: str

    @property
    def words(self) -> str:
        """``23.28 Transition services: missing``."""
        said = f"answered {self.value} (no)" if self.value else "missing"
        return f"{self.declaration.number} {self.declaration.label}: {said}"


def transition_lacks(values: Mapping[str, str]) -> list[Lacking]:
    """The indicators that a plan lacks, by attribute of its fields; empty where every one is answered with yes."""
    found = ((one, values.get(one.attribute, "")) for one in TRANSITION_FIELDS)
    return [Lacking(one, value) for one, value in found if value not in _SATISFIES]
