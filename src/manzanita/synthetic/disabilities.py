"""Who has which disability at what age, how much support it takes, and since when.

The shares follow the shape of California's published counts; they are no statistics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

# Disabilities that the state wants a degree of support for.
NEEDS_DEGREE = frozenset({"210", "260", "270", "280", "290", "300", "310", "320", "330"})

_INFANT = {"240": 34, "210": 18, "270": 12, "220": 12, "280": 8, "230": 6, "250": 6, "310": 4}
_PRESCHOOL = {"240": 56, "320": 30, "280": 4, "281": 2, "210": 3, "220": 2, "270": 1.5, "310": 1, "250": 0.5}
_ELEMENTARY = {
    "290": 21,
    "240": 33,
    "320": 22,
    "280": 12.5,
    "210": 3.7,
    "260": 1.8,
    "270": 1.1,
    "220": 1.1,
    "230": 0.5,
    "250": 0.4,
    "310": 1.2,
    "330": 0.2,
    "300": 0.1,
}
_SECONDARY = {
    "290": 46,
    "240": 8,
    "320": 15,
    "280": 17,
    "210": 5.5,
    "260": 4.5,
    "270": 1,
    "220": 0.9,
    "230": 0.5,
    "250": 0.4,
    "310": 0.9,
    "330": 0.5,
    "300": 0.1,
}
_TRANSITION = {"210": 40, "320": 38, "310": 10, "270": 6, "330": 3, "250": 3}

# Age in years from which, and up to which, a first evaluation usually finds it.
_FOUND_AT: Mapping[str, tuple[float, float]] = {
    "240": (3.0, 7.5),
    "290": (7.0, 12.0),
    "320": (2.2, 8.0),
    "280": (5.5, 12.0),
    "260": (8.0, 14.0),
    "330": (6.0, 14.0),
    "281": (3.0, 4.0),
}
_FOUND_EARLY = (0.4, 4.5)

_SEVERE_SHARE: Mapping[str, float] = {
    "210": 0.75,
    "260": 0.3,
    "270": 0.5,
    "280": 0.1,
    "290": 0.02,
    "300": 1.0,
    "310": 0.95,
    "320": 0.38,
    "330": 0.5,
}
_SECOND = ("240", "280", "320", "290")


@dataclass(frozen=True, slots=True)
class Disability:
    """What a student was found to have. ``found_at`` is the age of the first evaluation, in years."""

    code: str
    degree: str
    second: str
    second_degree: str
    found_at: float

    @property
    def is_severe(self) -> bool:
        return self.degree == "ESN"

    def values(self) -> dict[str, str]:
        return {"23.15": self.code, "23.16": self.degree, "23.17": self.second, "23.18": self.second_degree}


def weighted(rng: Random, shares: Mapping[str, float]) -> str:
    """One key of ``shares``, as often as its share says."""
    return rng.choices(list(shares), weights=list(shares.values()))[0]


def draw_disability(rng: Random, age: float) -> Disability:
    """A disability for a student of ``age`` years, found before now."""
    if age < 3:
        shares = _INFANT
    elif age < 5.5:
        shares = _PRESCHOOL
    elif age < 11:
        shares = _ELEMENTARY
    elif age < 19:
        shares = _SECONDARY
    else:
        shares = _TRANSITION
    code = weighted(rng, shares)
    earliest, latest = _FOUND_AT.get(code, _FOUND_EARLY)
    latest = max(earliest, min(latest, age - 0.3))
    found_at = min(rng.uniform(earliest, latest), age - 0.1)
    is_severe = rng.random() < _SEVERE_SHARE.get(code, 0.0)
    second = rng.choice(_SECOND) if age >= 5.5 and rng.random() < 0.14 else ""
    if second == code or (second == "290" and age < 8):
        second = ""
    return Disability(code, _degree(code, is_severe), second, _degree(second, is_severe), found_at)


def _degree(code: str, is_severe: bool) -> str:
    if code not in NEEDS_DEGREE:
        return ""
    return "ESN" if is_severe else "MMSN"
