"""What an event is made of: how the team concludes it, and the outcomes that it can have.

What each outcome makes due is an :class:`Outcome`: which of SWDS, MEET, PLAN and SERV, from which day, and whether
that reading is settled. The unsettled ones carry their mark to the screen; where sources leave a choice, ``policy``
names the question in ``domain.policies`` and ``variants`` what each answer changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

# SWDS 22.12: eligible and participating.
PARTICIPATING = "1"
# PLAN 23.13: another LEA's plan, adopted.
ADOPTED = "3"


class PlanDue(StrEnum):
    """What becomes of the plan: all of the offer, its agreed parts over the old plan, or nothing."""

    ALL = "all"
    AGREED_PARTS = "agreed parts"
    NONE = "none"


class Starts(StrEnum):
    """From which day a status or a plan counts."""

    AGREED = "the day the last agreed part was agreed"
    HELD = "the day of the meeting"
    HELD_OR_THREE = "the day of the meeting, or the third birthday if that is later"
    CONCLUDED = "the day of the family's decision"
    AGREED_OR_THREE = "the day the last agreed part was agreed, or the third birthday if that is later"
    CONCLUDED_OR_THREE = "the day of the family's decision, or the third birthday if that is later"
    ENROLLED = "the first day of the enrollment here"
    GIVEN = "the day given when it was recorded"


@dataclass(frozen=True, slots=True)
class StatusDue:
    """The SWDS that an outcome makes due: status 22.12, reason 22.13, and the day it starts."""

    code: str
    reason_code: str
    starts: Starts


NO_VARIANTS: Mapping[str, Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way an event can end. ``nothing_sent`` is the sentence for an outcome that sends nothing.

    ``eligibility_code`` is MEET 24.16; ``is_plan_review`` and ``plan_reason_code`` stand instead of the
    event's where given. A status other than 1 ends the plan on the day it starts.
    """

    key: str
    label: str
    is_meet_due: bool
    plan_due: PlanDue
    is_settled: bool
    explanation: str
    nothing_sent: str = ""
    status_due: StatusDue | None = None
    plan_starts: Starts = Starts.AGREED
    eligibility_code: str = ""
    is_plan_review: bool | None = None
    plan_reason_code: str = ""
    policy: str = ""
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: NO_VARIANTS)

    def settled_by(self, policies: Mapping[str, str]) -> Outcome:
        """This outcome as the SELPA's answer to its open question makes it."""
        return replace(self, **self.variants.get(policies.get(self.policy, ""), {})) if self.policy else self


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What the team records as the end of an event.

    ``asks_family``: the family answers the offer item by item, and its answers decide the outcome unless
    ``outcome_key`` names it; then every item has to be accepted. ``makes_offer``: there is an offer, whoever answers
    it. ``is_held`` False: there was no meeting, and ``day_label`` names the day that counts instead;
    with a meeting, a ``day_label`` asks for a second day (of a revocation).
    """

    key: str
    label: str
    help: str
    asks_family: bool = False
    makes_offer: bool = False
    outcome_key: str = ""
    is_held: bool = True
    day_label: str = ""
    offers: str = "all"


class Needs(StrEnum):
    """Who an event is for."""

    PLAN = "a participating student with a plan"
    NO_PLAN = "a child or student who does not participate"


@dataclass(frozen=True, slots=True)
class Event:
    """A kind of meeting. ``plan_reason_code`` is PLAN 23.13, ``evaluation_type_code`` MEET 24.14.

    ``purpose`` says when to choose it. ``clock`` names the due date that it meets: ``plan_review``,
    ``evaluation``, ``consent`` (60 days), ``third_birthday`` or none.
    """

    key: str
    label: str
    purpose: str
    is_plan_review: bool
    evaluation_type_code: str
    plan_reason_code: str
    needs: Needs
    clock: str
    conclusions: Mapping[str, Conclusion]
    outcomes: Mapping[str, Outcome]

    @property
    def is_initial(self) -> bool:
        return self.needs is Needs.NO_PLAN

    def conclusion(self, key: str) -> Conclusion:
        """The conclusion of this key; the first, an offer to the family, while none is recorded."""
        return self.conclusions[key] if key else next(iter(self.conclusions.values()))


OFFER = Conclusion(
    "offer",
    "The team made an offer",
    "The family answers it item by item.",
    asks_family=True,
    makes_offer=True,
)
# MEET 24.16.
NOT_ELIGIBLE, ELIGIBLE = "10", "20"


def event(
    key: str,
    label: str,
    purpose: str,
    codes: tuple[bool, str, str],
    needs: Needs,
    clock: str,
    conclusions: Iterable[Conclusion],
    outcomes: Iterable[Outcome],
) -> Event:
    """``codes`` are the plan review indicator, the evaluation type (24.14) and the plan reason (23.13)."""
    is_plan_review, evaluation, plan_reason = codes
    return Event(
        key,
        label,
        purpose,
        is_plan_review,
        evaluation,
        plan_reason,
        needs,
        clock,
        MappingProxyType({conclusion.key: conclusion for conclusion in conclusions}),
        MappingProxyType({outcome.key: outcome for outcome in outcomes}),
    )
