"""One arrival with what is known of it now, from which its page is made."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from manzanita.arrivals.evidence import evidence_of
from manzanita.arrivals.models import Arrival
from manzanita.arrivals.queries import get_arrival
from manzanita.domain.access import Actor
from manzanita.domain.arrival_plan import Answered, Plan, Way, answers_of, plan_of
from manzanita.domain.arrivals import Evidence
from manzanita.platform import clock
from manzanita.students.models import Student
from manzanita.students.queries import get_student

# Ways on that take up no plan here.
NOTHING_TAKEN_UP = (Way.INACTIVE, Way.INACTIVE_TOLD, Way.NOTHING, Way.START)


@dataclass(frozen=True, slots=True)
class Looked:
    """One arrival with what is known of it now."""

    arrival: Arrival
    student: Student
    evidence: Evidence
    answered: list[Answered]
    plan: Plan

    @property
    def is_adopting(self) -> bool:
        return self.plan.way in (Way.ADOPT, Way.ADOPT_LAST)

    @property
    def plan_known_on(self) -> date | None:
        return self.evidence.lapsed_on if self.plan.way is Way.ADOPT_LAST else None


def look(actor: Actor, public_id: uuid.UUID) -> Looked:
    """The arrival, or 404 where the actor does not reach it."""
    arrival = get_arrival(actor, public_id)
    student = get_student(actor, arrival.student.public_id)
    today = clock.today()
    # Of a settled one, what was known when it was settled.
    evidence = Evidence.from_document(arrival.evidence)
    if arrival.settled_at is None:
        found = evidence_of(arrival.lea_code, [student.pk], today).get(student.pk)
        evidence = found.evidence if found else evidence
    answered = answers_of(evidence, today, arrival.answers)
    return Looked(arrival, student, evidence, answered, plan_of(evidence, answered, today))
