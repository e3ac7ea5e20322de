"""Which reasons of delay (MEET 24.18) fit which kind of meeting. The table is a vendor's (sirassystems kb/487)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

INITIAL, PART_C, REEVALUATION, PLAN_REVIEW = "10", "15", "40", "Y"
CONSENT_DELAYED, NOT_AVAILABLE, SCHOOL_BREAK, WITHOUT_CAUSE = "10", "20", "40", "90"
# Delay code -> the kinds of meeting that it can excuse: MEET 24.14, or Y of 24.17. Codes that are not named fit all.
FITS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        CONSENT_DELAYED: (INITIAL, REEVALUATION),
        "30": (REEVALUATION, PLAN_REVIEW),
        SCHOOL_BREAK: (INITIAL,),
        "50": (INITIAL, REEVALUATION, PLAN_REVIEW),
    }
)
_IN_ORDER = (CONSENT_DELAYED, NOT_AVAILABLE, "30", SCHOOL_BREAK, "50", "70")


def fits(code: str, kinds: Collection[str]) -> bool:
    """Whether the code can excuse a meeting that is of these kinds at once."""
    return code not in FITS or any(kind in kinds for kind in FITS[code])


def fitting(kinds: Collection[str], *, after_part_c: bool = False, has_long_break: bool = True) -> list[str]:
    """The codes that can excuse such a meeting, without 90, which excuses nothing.

    Of a first evaluation a delayed consent excuses only one that follows Part C; a school break only where a long one
    lies in its time.
    """
    found = [code for code in _IN_ORDER if fits(code, kinds)]
    if INITIAL in kinds and REEVALUATION not in kinds and not after_part_c:
        found.remove(CONSENT_DELAYED)
    if SCHOOL_BREAK in found and not has_long_break:
        found.remove(SCHOOL_BREAK)
    return found
