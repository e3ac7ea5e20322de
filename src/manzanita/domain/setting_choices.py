"""Which program settings (23.20) are offered for a student of an age with a plan of a type: those that fit first, those
that no rule forbids after them, and what a rule would reject not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from manzanita.domain.dates import years_after
from manzanita.domain.turning_five import FIVE, INFANT_SETTINGS, PRESCHOOL_SETTINGS

PROGRAM_SETTING = "23.20"
FITS, OTHER = "For this age and plan", "Not for this age or plan"
_IFSP, _ISP = "150", "200"
_PRIVATE = "403"
_SEPARATE = ("300", "301")
# A plan that is entered today may begin earlier, or soon: what a rule allows on one of the two days is offered.
_BEFORE, _AFTER = timedelta(days=366), timedelta(days=92)

Choice = tuple[str, str]


def grouped(
    options: Sequence[Choice], *, plan_type: str, born: date | None, on: date, kept: Sequence[str]
) -> Mapping[str, Sequence[Choice]] | Sequence[Choice]:
    """The options in groups by name; as they are where all of them fit. ``kept`` are the codes of the record, which
    stay whatever they are; ``plan_type`` is blank where none is chosen yet."""
    fits = [one for one in options if _fits(one[0], plan_type, born, on)]
    others = [
        one
        for one in options
        if one not in fits and (one[0] in kept or not is_forbidden(one[0], plan_type, born, on))
    ]
    return {FITS: fits, OTHER: others} if fits and others else fits or options


def _fits(code: str, plan_type: str, born: date | None, on: date) -> bool:
    if is_forbidden(code, plan_type, born, on) or _is_wrong_at(code, plan_type, born, on):
        return False
    if code == _PRIVATE:
        return plan_type in ("", _ISP)
    if code in INFANT_SETTINGS + PRESCHOOL_SETTINGS + _SEPARATE or born is None:
        return True
    # 400, 401, 402 and 500 are settings of school age.
    return on >= years_after(born, FIVE)


def is_forbidden(code: str, plan_type: str, born: date | None, on: date) -> bool:
    """Whether a rule rejects the code on whatever day about ``on`` the plan begins."""
    return all(_is_wrong_at(code, plan_type, born, day) for day in (on - _BEFORE, on, on + _AFTER))


def _is_wrong_at(code: str, plan_type: str, born: date | None, day: date) -> bool:
    """MZ-PLAN-SETTING-TYPE, PLAN0362E1, PLAN0364E4, PLAN0365E4 and PLAN0748E1 of a plan that begins on the day."""
    is_infant = code in INFANT_SETTINGS
    if plan_type and is_infant != (plan_type == _IFSP):
        return True
    if born is None:
        return False
    if is_infant:
        return day >= years_after(born, 3)
    if code in PRESCHOOL_SETTINGS:
        return not years_after(born, 3) <= day < years_after(born, 7)
    if code in _SEPARATE and day < years_after(born, 3):
        return True
    return plan_type == _ISP and code != _PRIVATE and day >= years_after(born, 6)
