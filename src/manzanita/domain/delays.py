"""Which reasons of delay (MEET 24.18) a clock that the state judges takes, and what each does to compliance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from manzanita.domain.codes import code_set

# A vendor's table by kind of meeting; 70 is provisional and stands for all. 90 is no excuse anywhere.
_BY_CLOCK: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "annual-review": ("20", "30", "50", "70", "90"),
        "triennial": ("10", "20", "30", "50", "70", "90"),
        "initial-iep": ("20", "40", "50", "70", "90"),
        "c-to-b-iep": ("10", "20", "40", "50", "70", "90"),
        "part-c-45": ("20", "70", "90"),
    }
)
NO_EXCUSE = "90"
_BREAK = "40"


@dataclass(frozen=True, slots=True)
class Delay:
    """One reason. ``is_excuse``: an overdue one with it is not counted as non-compliant, by the state's reports."""

    code: str
    name: str
    is_excuse: bool

    @property
    def effect(self) -> str:
        return "not counted as non-compliant while overdue" if self.is_excuse else "counted as non-compliant"


def delays_of(clock: str) -> list[Delay]:
    """The reasons that the clock takes; empty for one that the state does not judge."""
    known = code_set("MeetingDelay").codes
    return [
        Delay(code, known[code].name, is_excuse(clock, code))
        for code in _BY_CLOCK.get(clock, ())
        if code in known
    ]


def is_excuse(clock: str, code: str) -> bool:
    """Whether the state's report takes the reason: none and 90 never, a school break not for the third birthday
    (16.21, 16.25, 16.26)."""
    return bool(code) and code != NO_EXCUSE and not (clock == "c-to-b-iep" and code == _BREAK)
