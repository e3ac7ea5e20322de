"""Events of a participating student with a plan: its reviews, the reevaluation, and changes between them."""

from __future__ import annotations

from dataclasses import replace

from manzanita.domain.scenarios.kinds import (
    ADOPTED,
    ELIGIBLE,
    NO_VARIANTS,
    NOT_ELIGIBLE,
    OFFER,
    Conclusion,
    Needs,
    Outcome,
    PlanDue,
    Starts,
    StatusDue,
    event,
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


PLAN_EVENTS = (
    event(
        "annual",
        "Annual plan review",
        "The whole plan, once a year.",
        (True, "", "1"),
        Needs.PLAN,
        "plan_review",
        (OFFER, _REVOKES),
        (_ACCEPTS_ALL, _ACCEPTS_PART, _NOT_ACCEPTED, _REVOKED),
    ),
    event(
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
    event(
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
            replace(_ACCEPTS_PART, policy="", variants=NO_VARIANTS),
            replace(_NOT_ACCEPTED, is_settled=False),
        ),
    ),
    event(
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
    event(
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
