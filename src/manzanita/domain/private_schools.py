"""Students whom their parents placed in a private school: what is known of one on a day, and who belongs to them. Where
it contradicts itself ``domain.private_conflicts`` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from manzanita.domain.dates import years_after
from manzanita.domain.scenarios import PARTICIPATING

IEP, IFSP, ISP = "100", "150", "200"
PLAN_WORDS: Mapping[str, str] = MappingProxyType(
    {IEP: "an IEP", IFSP: "an IFSP", ISP: "a services plan (ISP)"}
)
PLAN_SHORT: Mapping[str, str] = MappingProxyType({IEP: "IEP", IFSP: "IFSP", ISP: "ISP"})
PRIVATE_SETTING = "403"
NONPUBLIC_SCHOOL, PRIVATE_GROUP = "0000001", "0000002"
PRIMARY, NON_ADA = "10", "50"
# A plan with this reason (a nonpublic placement or a settlement) is let off by the state's rules about private schools.
PLACED_OR_SETTLED = "4"
LEFT_KEY = "private_no_isp"
_PRESCHOOL, SCHOOL_AGE = 3, 6


class How(StrEnum):
    """How a student belongs to the list."""

    ISP = "isp"
    NO_ISP = "no_isp"


@dataclass(frozen=True, slots=True)
class Stay:
    """An enrollment that holds on the day (SENR): the LEA, 1.05, 1.23, its first day, and what the school is called."""

    lea_code: str
    school_code: str
    status_code: str
    first: date
    school_name: str = ""

    @property
    def is_private(self) -> bool:
        return self.school_code == PRIVATE_GROUP

    @property
    def is_public(self) -> bool:
        """The primary enrollment at a school of the LEA's own."""
        return self.status_code == PRIMARY and self.school_code not in ("", NONPUBLIC_SCHOOL, PRIVATE_GROUP)


@dataclass(frozen=True, slots=True)
class PlanInForce:
    """The plan that holds on the day: 23.11, 23.13, 23.20, whose it is, and since when; ``is_ours``: of the LEA that
    looks; ``lea_code``: of which LEA."""

    lea_name: str
    type_code: str
    reason_code: str
    setting_code: str
    first: date
    has_services: bool
    is_ours: bool = True
    lea_code: str = ""

    @property
    def is_judged(self) -> bool:
        return self.reason_code != PLACED_OR_SETTLED

    @property
    def short(self) -> str:
        """``ISP``, or ``IEP of Heron Creek Unified`` where it is another LEA's."""
        name = PLAN_SHORT.get(self.type_code, "Plan")
        return name if self.is_ours else f"{name} of {self.lea_name}"

    @property
    def words(self) -> str:
        return f"{PLAN_WORDS.get(self.type_code, 'a plan')} of {self.lea_name} from {us_day(self.first)}"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a student on ``day`` as one LEA looks at it; ``stays`` are that LEA's. ``left_on`` is a standing
    leaving for a private school without a services plan; ``is_evaluated``: an initial evaluation is open.
    ``own_isp_on``: the first day of the newest services plan of this LEA, in force or not."""

    day: date
    birth_on: date | None
    stays: Sequence[Stay] = ()
    plan: PlanInForce | None = None
    status_code: str = ""
    status_since: date | None = None
    left_on: date | None = None
    is_evaluated: bool = False
    own_isp_on: date | None = None

    @property
    def participates(self) -> bool:
        return self.status_code == PARTICIPATING

    @property
    def private_stay(self) -> Stay | None:
        return next((one for one in self.stays if one.is_private), None)

    @property
    def is_plan_late(self) -> bool:
        """The plan began while the status already said that the student does not take part."""
        return (
            self.plan is not None
            and self.status_since is not None
            and not self.participates
            and self.status_since < self.plan.first
        )

    @property
    def isp(self) -> PlanInForce | None:
        """The services plan, unless a status that came after it ended it."""
        plan = self.plan
        if plan is None or plan.type_code != ISP:
            return None
        return plan if self.participates or not self.status_code or self.is_plan_late else None

    @property
    def is_school_age(self) -> bool:
        """Six or more, or of unknown age."""
        return self.birth_on is None or years_after(self.birth_on, SCHOOL_AGE) <= self.day

    @property
    def is_preschool_age(self) -> bool:
        return self.birth_on is not None and (
            years_after(self.birth_on, _PRESCHOOL) <= self.day < years_after(self.birth_on, SCHOOL_AGE)
        )


def how_placed(known: Known) -> How | None:
    """How the student belongs to the students of private schools; ``None`` for everybody else."""
    if known.isp is not None:
        return How.ISP
    has_setting = known.plan is not None and known.participates and known.plan.setting_code == PRIVATE_SETTING
    return How.NO_ISP if known.private_stay or has_setting or known.left_on else None


def us_day(day: date) -> str:
    return f"{day:%m/%d/%Y}"
