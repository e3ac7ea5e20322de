"""All events, and the outcome of one by what the team concluded and the family answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from manzanita.domain.scenarios.initial import INITIAL_EVENTS
from manzanita.domain.scenarios.kinds import ADOPTED, Conclusion, Event, Outcome, PlanDue
from manzanita.domain.scenarios.of_plans import PLAN_EVENTS

EVENTS: Mapping[str, Event] = MappingProxyType({one.key: one for one in (*INITIAL_EVENTS, *PLAN_EVENTS)})


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
