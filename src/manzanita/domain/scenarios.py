"""Events, how each can be concluded, and which state records each outcome makes due.

A meeting is concluded by the team (``Conclusion``: an offer was made, the child is not eligible, consent was
withdrawn) and, where an offer was made, by the family's answers item by item. Both together give an
:class:`Outcome`: which of SWDS, MEET, PLAN and SERV are due, from which day, and whether that reading is
settled. The unsettled ones carry their mark to the screen; where sources leave a choice, ``policy`` names the
question in ``domain.policies`` and ``variants`` what each answer changes.
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


_NO_VARIANTS: Mapping[str, Mapping[str, Any]] = MappingProxyType({})


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
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _NO_VARIANTS)

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

_INITIAL_CONCLUSIONS = (
    OFFER,
    Conclusion(
        "starts_later",
        "Eligible, and the family accepts a later start",
        "The plan is offered and accepted item by item, and starts with the enrollment next year: status 2, reason 12, "
        "until then.",
        asks_family=True,
        makes_offer=True,
        outcome_key="starts_later",
    ),
    Conclusion(
        "no_response",
        "Eligible, and the family does not answer after documented attempts",
        "The plan is offered; no services start without consent.",
        makes_offer=True,
        outcome_key="no_response",
    ),
    Conclusion("not_eligible", "Not eligible", "The team found no eligibility.", outcome_key="not_eligible"),
    Conclusion(
        "withdrawn",
        "Consent to evaluate was withdrawn before the meeting",
        "There was no meeting, so nothing is reported; a pending record is taken back.",
        outcome_key="withdrawn",
        is_held=False,
        day_label="Withdrawn on",
    ),
)

_DECLINES = Outcome(
    "declines",
    "Eligible, offer declined",
    True,
    PlanDue.NONE,
    True,
    "The child is eligible and does not participate: status 2 with reason 11 from the day of the meeting, or from "
    "the third birthday if that is later.",
    status_due=StatusDue("2", "11", Starts.HELD_OR_THREE),
    eligibility_code=ELIGIBLE,
)


def _initial_outcomes(accepts_all: Outcome) -> tuple[Outcome, ...]:
    return (
        accepts_all,
        Outcome(
            "accepts_part",
            "Eligible, agreed in part",
            True,
            PlanDue.AGREED_PARTS,
            False,
            "The agreed parts become the first plan. No public source prints this case: check it with the SELPA.",
            status_due=StatusDue("1", "", Starts.AGREED),
            eligibility_code=ELIGIBLE,
        ),
        _DECLINES,
        Outcome(
            "starts_later",
            "Eligible, starts later",
            True,
            PlanDue.NONE,
            True,
            "Status 2 with reason 12 until the child enrolls; status 1, plan and services then start with the "
            "enrollment.",
            status_due=StatusDue("2", "12", Starts.HELD_OR_THREE),
            eligibility_code=ELIGIBLE,
        ),
        Outcome(
            "no_response",
            "Eligible, no answer",
            True,
            PlanDue.NONE,
            False,
            "Without consent no service starts. Which reason stands with status 2 is not settled: the SELPA's policy.",
            status_due=StatusDue("2", "11", Starts.HELD_OR_THREE),
            eligibility_code=ELIGIBLE,
            policy="initial-no-response",
            variants={
                code: {"status_due": StatusDue("2", code, Starts.HELD_OR_THREE)} for code in ("11", "12")
            },
        ),
        Outcome(
            "not_eligible",
            "Not eligible",
            True,
            PlanDue.NONE,
            True,
            "The evaluation is reported with status 4.",
            status_due=StatusDue("4", "20", Starts.HELD),
            eligibility_code=NOT_ELIGIBLE,
        ),
        Outcome(
            "withdrawn",
            "Consent to evaluate withdrawn",
            False,
            PlanDue.NONE,
            False,
            "There was no meeting. A pending record at the state is deleted.",
            "The family withdrew its consent before the meeting, so there is no meeting to report. What was reported "
            "as pending is taken back.",
        ),
    )


_INITIAL_ACCEPTED = Outcome(
    "accepts_all",
    "Eligible, agreed in full",
    True,
    PlanDue.ALL,
    True,
    "The first plan starts on the day the last part was agreed, and so does status 1.",
    status_due=StatusDue("1", "", Starts.AGREED),
    eligibility_code=ELIGIBLE,
    policy="status-start",
    variants={"held": {"status_due": StatusDue("1", "", Starts.HELD)}},
)

_NOT_BEFORE_THREE = {
    Starts.AGREED: Starts.AGREED_OR_THREE,
    Starts.HELD: Starts.HELD_OR_THREE,
    Starts.CONCLUDED: Starts.CONCLUDED_OR_THREE,
}


def _not_before_three(outcome: Outcome) -> Outcome:
    """``outcome`` of a child who is Part C's until the third birthday: what Part B decides counts from then on, so that
    an IFSP in force ends on the day before and no sooner (34 CFR 303.21, 300.101(b) and 300.124)."""

    def later(starts: Starts) -> Starts:
        return _NOT_BEFORE_THREE.get(starts, starts)

    def later_status(status: StatusDue | None) -> StatusDue | None:
        return status and replace(status, starts=later(status.starts))

    return replace(
        outcome,
        status_due=later_status(outcome.status_due),
        plan_starts=later(outcome.plan_starts),
        variants={
            answer: {**said, "status_due": later_status(said["status_due"])} if "status_due" in said else said
            for answer, said in outcome.variants.items()
        },
    )


_ACCEPTS_ALL = Outcome(
    "accepts_all",
    "Agreed in full",
    True,
    PlanDue.ALL,
    True,
    "The offer becomes the plan on the day the last part was agreed.",
)
_ACCEPTS_PART = Outcome(
    "accepts_part",
    "Agreed in part",
    True,
    PlanDue.AGREED_PARTS,
    False,
    "The agreed parts become the plan; what was declined stays as it was (stay put). No public source "
    "prints this case: check it with the SELPA.",
    policy="partial-consent",
    variants={"none": {"plan_due": PlanDue.NONE}},
)
_NOT_ACCEPTED = Outcome(
    "not_accepted",
    "Not agreed",
    True,
    PlanDue.NONE,
    True,
    "The meeting counts; the old plan stands (stay put) and no PLAN or SERV goes to the state.",
)
_REVOKED = Outcome(
    "revokes",
    "Consent to all services revoked",
    True,
    PlanDue.NONE,
    False,
    "After prior written notice the services end on the day of the revocation. Whether status 2 or 4 follows is not "
    "settled: the SELPA's policy.",
    status_due=StatusDue("2", "13", Starts.CONCLUDED),
    policy="revocation-status",
    variants={code: {"status_due": StatusDue(code, "13", Starts.CONCLUDED)} for code in ("2", "4")},
)
_REVOKES = Conclusion(
    "revokes",
    "The family revokes consent to all services",
    "In writing, and after prior written notice: the plan ends on the day of the revocation.",
    outcome_key="revokes",
    day_label="Revoked on",
)

_REEVALUATION_KEPT = (
    Outcome(
        "reevaluated",
        "Reevaluated, plan unchanged",
        True,
        PlanDue.NONE,
        False,
        "The reevaluation is reported without a plan review; the plan in force stands.",
        eligibility_code=ELIGIBLE,
        is_plan_review=False,
    ),
    Outcome(
        "reevaluated_changed",
        "Reevaluated, plan changed as agreed",
        True,
        PlanDue.AGREED_PARTS,
        False,
        "The reevaluation is reported without a plan review, and the agreed changes become part of the plan.",
        eligibility_code=ELIGIBLE,
        is_plan_review=False,
        plan_reason_code="2",
    ),
)


def _event(
    key: str,
    label: str,
    purpose: str,
    codes: tuple[bool, str, str],
    needs: Needs,
    clock: str,
    conclusions: Iterable[Conclusion],
    outcomes: Iterable[Outcome],
) -> Event:
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


EVENTS: Mapping[str, Event] = MappingProxyType(
    {
        event.key: event
        for event in (
            _event(
                "part_c_initial",
                "Part C initial evaluation",
                "A child under three, served by this district: the first IFSP.",
                (False, "15", "1"),
                Needs.NO_PLAN,
                "consent",
                _INITIAL_CONCLUSIONS,
                _initial_outcomes(
                    replace(
                        _INITIAL_ACCEPTED,
                        is_settled=False,
                        explanation="The IFSP starts on the day the last part was agreed, and so does status 1. The "
                        "code of a Part C evaluation is not confirmed for this file.",
                    )
                ),
            ),
            _event(
                "c_to_b",
                "C to B transition evaluation",
                "A child from Part C who turns three: eligibility for an IEP, in effect by the birthday.",
                (False, "10", "1"),
                Needs.NO_PLAN,
                "third_birthday",
                (
                    *_INITIAL_CONCLUSIONS,
                    Conclusion(
                        "refused",
                        "The family refuses the evaluation",
                        "The district of residence reports status 4 from the day of the refusal, or from the third "
                        "birthday if that is later.",
                        outcome_key="refused",
                        is_held=False,
                        day_label="Refused on",
                    ),
                ),
                map(
                    _not_before_three,
                    (
                        *_initial_outcomes(
                            replace(
                                _INITIAL_ACCEPTED,
                                explanation="The first IEP starts on the day the last part was agreed, or on the third "
                                "birthday if that is later; an IFSP ends on the day before. Status 1 starts with it, "
                                "where it does not stand already.",
                            )
                        ),
                        Outcome(
                            "refused",
                            "Evaluation refused",
                            False,
                            PlanDue.NONE,
                            False,
                            "The family refused the Part B evaluation: status 4, and no meeting.",
                            status_due=StatusDue("4", "20", Starts.CONCLUDED),
                        ),
                    ),
                ),
            ),
            _event(
                "b_initial",
                "Initial evaluation",
                "A child or student without special education: eligibility, and the first IEP.",
                (False, "10", "1"),
                Needs.NO_PLAN,
                "consent",
                _INITIAL_CONCLUSIONS,
                _initial_outcomes(_INITIAL_ACCEPTED),
            ),
            _event(
                "annual",
                "Annual plan review",
                "The whole plan, once a year.",
                (True, "", "1"),
                Needs.PLAN,
                "plan_review",
                (OFFER, _REVOKES),
                (_ACCEPTS_ALL, _ACCEPTS_PART, _NOT_ACCEPTED, _REVOKED),
            ),
            _event(
                "triennial",
                "Triennial reevaluation",
                "Eligibility again, every three years; usually with the plan review in one meeting.",
                (True, "40", "1"),
                Needs.PLAN,
                "evaluation",
                (
                    replace(
                        OFFER,
                        label="Eligible still, and the plan was reviewed",
                        help="One meeting for both clocks. The family answers the offer item by item.",
                    ),
                    Conclusion(
                        "reevaluation_only",
                        "Eligible still; only the evaluation was reviewed",
                        "The annual review keeps its own date. Only what changes in the plan is offered.",
                        asks_family=True,
                        offers="changes",
                    ),
                    Conclusion(
                        "not_eligible",
                        "No longer eligible, and the family does not dispute it",
                        "Status 4 from the day of the meeting; the plan ends.",
                        outcome_key="not_eligible",
                    ),
                    Conclusion(
                        "disputed",
                        "No longer eligible, and the family disputes it",
                        "The old plan stands until the dispute is settled (stay put).",
                        outcome_key="disputed",
                    ),
                    _REVOKES,
                ),
                (
                    *(
                        replace(outcome, eligibility_code=ELIGIBLE)
                        for outcome in (_ACCEPTS_ALL, _ACCEPTS_PART, _NOT_ACCEPTED, _REVOKED)
                    ),
                    *_REEVALUATION_KEPT,
                    Outcome(
                        "not_eligible",
                        "No longer eligible",
                        True,
                        PlanDue.NONE,
                        True,
                        "The student leaves special education: status 4 from the day of the meeting.",
                        status_due=StatusDue("4", "21", Starts.HELD),
                        eligibility_code=NOT_ELIGIBLE,
                        is_plan_review=False,
                    ),
                    Outcome(
                        "disputed",
                        "No longer eligible, disputed",
                        True,
                        PlanDue.NONE,
                        True,
                        "The meeting is reported; the old plan stands while the family disputes the finding.",
                        eligibility_code=NOT_ELIGIBLE,
                        is_plan_review=False,
                    ),
                ),
            ),
            _event(
                "thirty_day",
                "30-day review",
                "A plan that arrived from elsewhere: adopt it as it is, or review it.",
                (True, "", "1"),
                Needs.PLAN,
                "",
                (
                    Conclusion(
                        "adopted",
                        "The arriving plan is adopted as it is",
                        "Comparable services from the first day here; no plan review was held.",
                        outcome_key="adopted",
                    ),
                    replace(
                        OFFER,
                        label="The plan was reviewed and an offer was made",
                        help="It counts as a plan review. The family answers the offer item by item.",
                    ),
                ),
                (
                    Outcome(
                        "adopted",
                        "Plan adopted",
                        False,
                        PlanDue.ALL,
                        True,
                        "The plan and its services start here with the enrollment; an adoption reports no meeting.",
                        plan_starts=Starts.ENROLLED,
                        is_plan_review=False,
                        plan_reason_code=ADOPTED,
                    ),
                    replace(
                        _ACCEPTS_ALL,
                        is_settled=False,
                        policy="thirty-day-review",
                        variants={"meeting": {"plan_due": PlanDue.NONE}},
                    ),
                    replace(_ACCEPTS_PART, policy="", variants=_NO_VARIANTS),
                    replace(_NOT_ACCEPTED, is_settled=False),
                ),
            ),
            _event(
                "other",
                "Other review",
                "A meeting that is none of these and changes nothing in the plan.",
                (False, "", "2"),
                Needs.PLAN,
                "",
                (
                    Conclusion(
                        "reviewed",
                        "The team met; nothing in the plan changes",
                        "What changes a plan is an amendment or an annual review.",
                        outcome_key="reviewed",
                    ),
                ),
                (
                    Outcome(
                        "reviewed",
                        "Reviewed",
                        False,
                        PlanDue.NONE,
                        False,
                        "No public source says what the state expects of such a review: the SELPA's policy.",
                        "A review that is neither annual, triennial nor 30-day is not reported, by the SELPA's policy.",
                        policy="other-review",
                        variants={"meeting": {"is_meet_due": True, "nothing_sent": ""}},
                    ),
                ),
            ),
            _event(
                "amendment",
                "Amendment",
                "A change between two reviews, with the family’s agreement.",
                (False, "", "2"),
                Needs.PLAN,
                "",
                (replace(OFFER, offers="changes"),),
                (
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
            ),
        )
    }
)


def adopted_before(outcome: Outcome) -> Outcome:
    """The 30-day review of a plan that the office has adopted already, and that the team keeps as it is: the plan
    stands, and nothing is left to tell."""
    if outcome.plan_reason_code != ADOPTED:
        return outcome
    return replace(
        outcome,
        plan_due=PlanDue.NONE,
        explanation="The plan was adopted before, and the team keeps it: the 30 days have their review.",
        nothing_sent="The plan was adopted before and is told already; that the team keeps it reports no meeting.",
    )


def outcome_of(
    event: Event, decisions: Iterable[bool], *, conclusion_key: str = "", policies: Mapping[str, str]
) -> Outcome:
    """The outcome of ``event`` by the team's conclusion, the family's item-by-item ``decisions`` (True: agrees)
    and the SELPA's ``policies``.

    Where only changes are offered, at least one agreed change makes the plan change. No decision at all is a
    refusal: silence is not consent.
    """
    conclusion = event.conclusion(conclusion_key)
    key = conclusion.outcome_key or _by_family(event, conclusion, list(decisions))
    return event.outcomes[key].settled_by(policies)


def _by_family(event: Event, conclusion: Conclusion, answers: list[bool]) -> str:
    if conclusion.offers == "changes":
        changed, kept = (
            ("agreed", "not_agreed") if event.key == "amendment" else ("reevaluated_changed", "reevaluated")
        )
        return changed if any(answers) else kept
    if answers and all(answers):
        return "accepts_all"
    if any(answers):
        return "accepts_part"
    return "declines" if event.is_initial else "not_accepted"
