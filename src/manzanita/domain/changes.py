"""What the office records without a meeting: each change with the state records that it makes due.

A change is an event like those of ``domain.scenarios``, only that no team meets: its outcome says what is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from manzanita.domain.scenarios import Event, Needs, Outcome, PlanDue, Starts

# SWDS 22.12 and 22.13 of a student who was expected and never came. The number of the reason is a placeholder.
NEVER_CAME_STATUS, NEVER_CAME_REASON = "3", "34"
# PLAN 23.13 of an adopted plan.
ADOPTED = "3"


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of change. ``day_label`` is what its day is called, ``sends`` what the state is told of it."""

    key: str
    label: str
    purpose: str
    day_label: str
    sends: str
    event: Event
    outcome: Outcome


def _change(
    key: str,
    label: str,
    purpose: str,
    day_label: str,
    sends: str,
    *,
    is_meet_due: bool = False,
    plan_due: PlanDue = PlanDue.NONE,
    plan_reason_code: str = "",
    is_settled: bool = True,
) -> Change:
    event = Event(
        key=key,
        label=label,
        purpose=purpose,
        is_plan_review=False,
        evaluation_type_code="",
        plan_reason_code=plan_reason_code,
        needs=Needs.PLAN,
        clock="",
        conclusions=MappingProxyType({}),
        outcomes=MappingProxyType({}),
    )
    outcome = Outcome(key, label, is_meet_due, plan_due, is_settled, purpose, plan_starts=Starts.GIVEN)
    return Change(key, label, purpose, day_label, sends, event, outcome)


CHANGES: Mapping[str, Change] = MappingProxyType(
    {
        change.key: change
        for change in (
            _change(
                "status",
                "Status change",
                "The student stops or starts to take part, leaves special education, or is no longer eligible, "
                "and no meeting says so.",
                "From",
                "SWDS",
            ),
            _change(
                "adopt",
                "Plan adoption",
                "A plan that arrived with the student goes on here as it is, from the first day of the enrollment.",
                "Plan starts here on",
                "PLAN and SERV, and SWDS where the student did not take part until then",
                plan_due=PlanDue.ALL,
                plan_reason_code=ADOPTED,
            ),
            _change(
                "services_start",
                "Services start",
                "Plan and services start that an initial evaluation here put off to the enrollment of the next school "
                "year.",
                "Services start on",
                "SWDS, PLAN and SERV; the initial evaluation (MEET) is not told again",
                plan_due=PlanDue.ALL,
                plan_reason_code="1",
            ),
            _change(
                "setting",
                "Setting and residence",
                "Where or how the plan is carried out changed without a meeting: a fifth birthday, a move to another "
                "school, another residence, regional center services, transportation.",
                "Changed on",
                "PLAN and SERV",
                plan_due=PlanDue.ALL,
                plan_reason_code="2",
            ),
            _change(
                "meeting",
                "Meeting only",
                "A meeting was held that the state does not know, and nothing else changed by it.",
                "Held on",
                "MEET",
                is_meet_due=True,
            ),
            _change(
                "never_came",
                "Adopted, but never came",
                "A plan was adopted for a student who was expected and never came.",
                "Expected on",
                "Nothing; what was posted of the adoption is deleted",
                is_settled=False,
            ),
        )
    }
)
