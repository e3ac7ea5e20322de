"""How much one person may take out of the product alone, and from where on a second person has to agree: as data.

An export is one list as one file. What a second person approved does not count as taken alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from manzanita.domain.access import Perspective, Scope
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.perspectives import PERSPECTIVES

# Students in one export; with more of them a fresh sign-in and a second person are needed.
LARGE_EXPORT = 500
OFFICE_PER_DAY = 2_000
CASELOAD_PER_DAY = 200
# Nobody takes a district alone: this part of one district's students within so many days.
SHARE_PERCENT = 50
SHARE_DAYS = 30
# In a district of 60 every list is half of it, so the part is asked only from so many students on.
SHARE_FROM = 100
APPROVAL_LASTS = timedelta(days=3)
FILE_LASTS = timedelta(days=7)
SOURCE = "House rule on exports; OWASP ASVS 5.0 2.4.1 (bulk extraction)"


def _per_day(perspective: Perspective) -> int:
    return CASELOAD_PER_DAY if perspective.scope in (Scope.ASSIGNED, Scope.NAMED) else OFFICE_PER_DAY


# Distinct students that one person may take in a California day without a second person, by perspective.
PER_DAY: Mapping[str, int] = MappingProxyType({key: _per_day(one) for key, one in PERSPECTIVES.items()})


@dataclass(frozen=True, slots=True)
class DistrictShare:
    """Of one district: distinct students taken alone within ``SHARE_DAYS``, this export included, of how many."""

    name: str
    taken: int
    of: int

    @property
    def is_too_much(self) -> bool:
        return self.taken >= SHARE_FROM and self.taken * 100 > self.of * SHARE_PERCENT


@dataclass(frozen=True, slots=True)
class Weight:
    """What an export weighs, all counts of distinct students.

    ``today`` are those taken alone since midnight in California, this export included.
    """

    count: int
    today: int
    shares: Sequence[DistrictShare] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an export needs before it is made; ``approval`` says why a second person is needed, or is empty."""

    needs_fresh_sign_in: bool
    approval: tuple[Reason, ...]

    @property
    def needs_approval(self) -> bool:
        return bool(self.approval)


def judge(perspective_key: str, weight: Weight) -> Verdict:
    """Weigh one export against the limits."""
    per_day = PER_DAY[perspective_key]
    reasons = []
    if weight.count > LARGE_EXPORT:
        reasons.append(
            _reason(
                "export-large",
                f"The list has {weight.count:,} students; an export of more than {LARGE_EXPORT:,} needs a second "
                "person's approval.",
                "Say why, and ask for approval; or export a shorter list.",
            )
        )
    if weight.today > per_day:
        reasons.append(
            _reason(
                "export-per-day",
                f"With this export one person alone would have taken {weight.today:,} students today; more than "
                f"{per_day:,} in a day need a second person's approval.",
                "Say why, and ask for approval; or export it tomorrow.",
            )
        )
    reasons += [
        _reason(
            "export-district-share",
            f"With this export one person alone would have taken {share.taken:,} of the {share.of:,} students of "
            f"{share.name} within {SHARE_DAYS} days; more than {SHARE_PERCENT} % need a second person's approval.",
            "Say why, and ask for approval; or export fewer students.",
        )
        for share in weight.shares
        if share.is_too_much
    ]
    return Verdict(weight.count > LARGE_EXPORT, tuple(reasons))


def _reason(code: str, text: str, way_out: str) -> Reason:
    return Reason(code, text, Owner.COORDINATOR, way_out, source=SOURCE)
