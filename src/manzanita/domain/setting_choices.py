"""Which program settings (23.20) are offered first to a student of an age with a plan of a type. Nothing is left out:
what is wrong of a setting, and when a rule lets it off, the rules say at the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from manzanita.domain.dates import years_after
from manzanita.domain.turning_five import FIVE, INFANT_SETTINGS, PRESCHOOL_SETTINGS

PROGRAM_SETTING = "23.20"
FITS, OTHER = "For this age and plan", "Not for this age or plan"
_IFSP, _ISP = "150", "200"
_PRIVATE = "403"
_SEPARATE = ("300", "301")

Choice = tuple[str, str]


def grouped(
    options: Sequence[Choice], *, plan_type: str, born: date | None, on: date
) -> Mapping[str, Sequence[Choice]] | Sequence[Choice]:
    """The options in two groups by name; as they are where all of them fit. ``plan_type`` is blank where none
    is chosen yet, ``on`` the day on which the plan begins as far as is known."""
    fits = [one for one in options if _fits(one[0], plan_type, born, on)]
    others = [one for one in options if one not in fits]
    if not others:
        return options
    return {FITS: fits, OTHER: others} if fits else {OTHER: others}


def _fits(code: str, plan_type: str, born: date | None, on: date) -> bool:
    """As MZ-PLAN-SETTING-TYPE, PLAN0362E1, PLAN0364E4, PLAN0365E4 and PLAN0748E1 have it; a test holds it to them."""
    is_infant = code in INFANT_SETTINGS
    if plan_type and is_infant != (plan_type == _IFSP):
        return False
    if code == _PRIVATE:
        return plan_type in ("", _ISP)
    if born is None:
        return True
    if plan_type == _ISP and on >= years_after(born, 6):
        return False
    if is_infant:
        return on < years_after(born, 3)
    if code in PRESCHOOL_SETTINGS:
        return years_after(born, 3) <= on < years_after(born, 7)
    # 400, 401, 402 and 500 are settings of school age.
    return on >= years_after(born, 3 if code in _SEPARATE else FIVE)
