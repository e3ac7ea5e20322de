"""Events of a child or student who does not participate: the evaluations that can lead to a first plan."""

from __future__ import annotations

from dataclasses import replace

from manzanita.domain.scenarios.kinds import (
    ELIGIBLE,
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


INITIAL_EVENTS = (
    event(
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
    event(
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
                        "birthday if that is later; an IFSP ends on the day before. Status 1 starts with it, where it "
                        "does not stand already.",
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
    event(
        "b_initial",
        "Initial evaluation",
        "A child or student without special education: eligibility, and the first IEP.",
        (False, "10", "1"),
        Needs.NO_PLAN,
        "consent",
        _INITIAL_CONCLUSIONS,
        _initial_outcomes(_INITIAL_ACCEPTED),
    ),
)
