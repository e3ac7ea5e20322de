"""Events, how each can be concluded, and which state records each outcome makes due.

A meeting is concluded by the team (``Conclusion``: an offer was made, the child is not eligible, consent was
withdrawn) and, where an offer was made, by the family's answers item by item. Both together give an ``Outcome``.

``kinds`` says what an event is made of; ``initial`` and ``of_plans`` declare the events; ``ending`` finds the outcome
of one.
"""

from manzanita.domain.scenarios.ending import EVENTS, adopted_before, outcome_of
from manzanita.domain.scenarios.kinds import (
    ADOPTED,
    OFFER,
    PARTICIPATING,
    Conclusion,
    Event,
    Needs,
    Outcome,
    PlanDue,
    Starts,
    StatusDue,
)

__all__ = [
    "ADOPTED",
    "EVENTS",
    "OFFER",
    "PARTICIPATING",
    "Conclusion",
    "Event",
    "Needs",
    "Outcome",
    "PlanDue",
    "Starts",
    "StatusDue",
    "adopted_before",
    "outcome_of",
]
