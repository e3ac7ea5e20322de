"""Which reasons of delay (MEET 24.18) a clock that the state judges takes, and what each does to compliance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from manzanita.domain.codes import code_set
from manzanita.domain.delay_codes import (
    INITIAL,
    PART_C,
    PLAN_REVIEW,
    REEVALUATION,
    SCHOOL_BREAK,
    WITHOUT_CAUSE,
    fitting,
)

_BY_CLOCK: Mapping[str, list[str]] = MappingProxyType(
    {
        "annual-review": fitting([PLAN_REVIEW]),
        "triennial": fitting([REEVALUATION]),
        "initial-iep": fitting([INITIAL]),
        "c-to-b-iep": fitting([INITIAL], after_part_c=True),
        "part-c-45": fitting([PART_C]),
    }
)
NO_EXCUSE = WITHOUT_CAUSE


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
    if clock not in _BY_CLOCK:
        return []
    known = code_set("MeetingDelay").codes
    return [
        Delay(code, known[code].label, is_excuse(clock, code))
        for code in (*_BY_CLOCK[clock], NO_EXCUSE)
        if code in known
    ]


def is_excuse(clock: str, code: str) -> bool:
    """Whether the state's report takes the reason: none and 90 never, a school break not for the third birthday
    (16.21, 16.25, 16.26)."""
    return bool(code) and code != NO_EXCUSE and not (clock == "c-to-b-iep" and code == SCHOOL_BREAK)
