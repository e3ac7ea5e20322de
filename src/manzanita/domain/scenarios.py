"""Events, their outcomes, and which state records each outcome makes due.

An outcome says which of SWDS, MEET, PLAN and SERV are due and whether that reading is settled. The unsettled
ones follow from the public scenarios but no source prints them; the mark is carried to the screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from manzanita.domain.findings import Owner, Reason


class PlanDue(StrEnum):
    """What becomes of the plan: all of the offer, its agreed parts over the old plan, or nothing."""

    ALL = "all"
    AGREED_PARTS = "agreed parts"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way an event can end. ``nothing_sent`` is the sentence for an outcome that sends nothing."""

    key: str
    label: str
    is_meet_due: bool
    plan_due: PlanDue
    is_settled: bool
    explanation: str
    nothing_sent: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """A kind of meeting. ``plan_reason_code`` is PLAN 23.13, ``evaluation_type_code`` MEET 24.14."""

    key: str
    label: str
    is_plan_review: bool
    evaluation_type_code: str
    plan_reason_code: str
    outcomes: Mapping[str, Outcome]


def _event(
    key: str, label: str, is_plan_review: bool, evaluation: str, plan_reason: str, *outcomes: Outcome
) -> Event:
    by_key = MappingProxyType({outcome.key: outcome for outcome in outcomes})
    return Event(key, label, is_plan_review, evaluation, plan_reason, by_key)


_REVIEW_OUTCOMES = (
    Outcome(
        "accepts_all",
        "Agreed in full",
        True,
        PlanDue.ALL,
        True,
        "The offer becomes the plan on the day the last part was agreed.",
    ),
    Outcome(
        "accepts_part",
        "Agreed in part",
        True,
        PlanDue.AGREED_PARTS,
        False,
        "The agreed parts become the plan; what was declined stays as it was (stay put). No public source "
        "prints this case: check it with the SELPA.",
    ),
    Outcome(
        "not_accepted",
        "Not agreed",
        True,
        PlanDue.NONE,
        True,
        "The meeting counts; the old plan stands (stay put) and no PLAN or SERV goes to the state.",
    ),
)

EVENTS: Mapping[str, Event] = MappingProxyType(
    {
        event.key: event
        for event in (
            _event("annual", "Annual plan review", True, "", "1", *_REVIEW_OUTCOMES),
            _event(
                "amendment",
                "Amendment",
                False,
                "",
                "2",
                Outcome(
                    "agreed",
                    "Agreed",
                    False,
                    PlanDue.AGREED_PARTS,
                    True,
                    "The agreed changes become part of the plan on the day they were agreed.",
                ),
                Outcome(
                    "not_agreed",
                    "Not agreed",
                    False,
                    PlanDue.NONE,
                    True,
                    "Nothing changes: the plan in force stands.",
                    "The family did not agree to this amendment, so the plan in force stands and there is nothing "
                    "to tell the state. An amendment is reported only when it is agreed.",
                ),
            ),
        )
    }
)


def outcome_of(event: Event, decisions: Iterable[bool]) -> Outcome:
    """The outcome that item-by-item ``decisions`` (True: agrees) lead to.

    An amendment with at least one agreed change is agreed in those parts. No decision at all is a refusal:
    silence is not consent.
    """
    answers = list(decisions)
    if event.key == "amendment":
        return event.outcomes["agreed" if any(answers) else "not_agreed"]
    if answers and all(answers):
        return event.outcomes["accepts_all"]
    return event.outcomes["accepts_part" if any(answers) else "not_accepted"]


def why_not_open(
    event: Event,
    *,
    may_hold_meetings: bool,
    status_code: str,
    has_plan: bool,
    is_enrolled_here: bool,
    open_meeting_label: str,
    open_meeting_link: str,
) -> list[Reason]:
    """Why ``event`` may not be opened now, each reason with its way out; empty when it may."""
    reasons = []
    if not may_hold_meetings:
        reasons.append(
            Reason(
                "no-capability",
                "Your perspective does not open meetings.",
                Owner.COORDINATOR,
                "Change the perspective at the top left, or ask the coordinator.",
                confidence="seen",
            )
        )
    if open_meeting_label:
        what = (
            "it would amend a plan still being decided" if event.key == "amendment" else "one is open already"
        )
        reasons.append(
            Reason(
                "open-meeting",
                f"Not now: {what}.",
                Owner.TEAM,
                f"Finalize {open_meeting_label}, or record the change there.",
                open_meeting_link,
            )
        )
    if not is_enrolled_here:
        reasons.append(
            Reason(
                "not-enrolled",
                "The student has no enrollment here today.",
                Owner.SIS,
                "The SIS adds the enrollment; it arrives with the next file.",
            )
        )
    if status_code != "1":
        text = (
            f"The student's status is {status_code}, not 1 (eligible and participating)."
            if status_code
            else "The student has no special education status here."
        )
        reasons.append(
            Reason(
                "not-participating",
                text,
                Owner.COORDINATOR,
                "A plan review or amendment needs a participating student; an initial comes first.",
                source="calpads.org SPED Data Guide",
            )
        )
    elif not has_plan:
        reasons.append(
            Reason(
                "no-plan",
                "There is no plan in force to review or amend.",
                Owner.COORDINATOR,
                "Adopt the arriving plan, or hold the initial meeting.",
            )
        )
    return reasons
