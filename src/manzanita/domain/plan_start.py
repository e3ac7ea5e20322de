"""From which day a plan may count: not before the meeting that made it, nor before the family agreed to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from manzanita.domain.findings import Owner, Reason


@dataclass(frozen=True, slots=True)
class PlanMade:
    """A plan's start with what made it: the day of the meeting, and of the last part that the family agreed to.

    ``is_certain``: the meeting was finalized here; of a plan that was taken over, the meeting of the same day is only
    likely to be its own.
    """

    starts_on: date
    held_on: date | None = None
    agreed_on: date | None = None
    is_certain: bool = True

    @property
    def days_before_meeting(self) -> int:
        return (self.held_on - self.starts_on).days if self.held_on else 0

    @property
    def days_before_consent(self) -> int:
        return (self.agreed_on - self.starts_on).days if self.agreed_on else 0


def before_meeting(was: PlanMade, becomes: PlanMade) -> Reason | None:
    """Why a plan may not start there: before its meeting, and not by mending what was worse."""
    if becomes.held_on is None or becomes.days_before_meeting <= max(0, was.days_before_meeting):
        return None
    choose = (
        f"Choose a day from {becomes.held_on:%m/%d/%Y} on; where the meeting's day is wrong too, correct that first."
        if becomes.held_on == was.held_on
        else f"Choose a day up to {becomes.starts_on:%m/%d/%Y}; where the plan's start is wrong too, correct it first."
    )
    likely = "" if becomes.is_certain else " Where another meeting made it, say in the reason which."
    return Reason(
        "plan-before-meeting",
        f"The plan would start on {becomes.starts_on:%m/%d/%Y}, before the meeting of {becomes.held_on:%m/%d/%Y} that "
        "made it.",
        Owner.TEAM,
        f"{choose}{likely}",
        source="34 CFR 300.323(c)(2); EC 56043(i): services follow the meeting",
    )


def before_consent(was: PlanMade, becomes: PlanMade) -> Reason | None:
    """What needs a word: the plan would start before the day of the family's last yes, as it is recorded."""
    if becomes.agreed_on is None or becomes.days_before_consent <= max(0, was.days_before_consent):
        return None
    return Reason(
        "plan-before-consent",
        f"The plan would start on {becomes.starts_on:%m/%d/%Y}; the last part that the family agreed to was agreed on "
        f"{becomes.agreed_on:%m/%d/%Y}, and no part starts before that.",
        Owner.TEAM,
        "Where it had agreed before, say in the reason on which day and how it is known.",
        source="34 CFR 300.300(b); EC 56346",
    )
