"""The facts of a student as they stood on a day: what began later is not there, and nothing has ended yet that ended
later. What was known by then is ``rows_for(known=...)``'s, the other axis."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from manzanita.students.former import capped
from manzanita.students.models import Enrollment, StudentFact
from manzanita.students.queries import StudentFacts

FactT = TypeVar("FactT", bound=StudentFact)


def facts_as_of(facts: StudentFacts, day: date) -> StudentFacts:
    """People and rights are left as they are: they are asked by day anyway (``people_on``, ``rights_on``)."""
    return replace(
        facts,
        # The last one of a former LEA has no end for it; the one of an earlier day may have had one.
        ssids=[
            one for one in _begun(facts.ssids, day) if one.effective_to is None or one.effective_to >= day
        ],
        enrollments=[_without_exit(one, day) for one in _begun(facts.enrollments, day)],
        statuses=_begun(facts.statuses, day),
        plans=_begun(facts.plans, day),
        services=_begun(facts.services, day),
        residences=_begun(facts.residences, day),
    )


def _begun(rows: Sequence[FactT], day: date) -> list[FactT]:
    return [capped(row, day) for row in rows if row.effective_from <= day]


def _without_exit(row: Enrollment, day: date) -> Enrollment:
    """Why an enrollment ended is said with its end: while it goes on, nobody knows."""
    if row.effective_to is None and (row.exit_reason_code or row.completion_code):
        row = copy.copy(row)
        row.exit_reason_code = row.completion_code = ""
    return row
