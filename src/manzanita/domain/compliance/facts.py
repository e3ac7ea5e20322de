"""What is asked of one student to say in which group of the state's monitoring reports the student is.

All of it is as it was known at one instant; which day is judged is asked of the functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One enrollment (SENR); ``end`` ``None``: still open."""

    lea_code: str
    school_code: str
    status_code: str
    grade_code: str
    start: date
    end: date | None = None
    exit_reason_code: str = ""

    def covers(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class Status:
    """One special education status (SWDS 22.12)."""

    status_code: str
    start: date
    end: date | None = None

    def covers(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class PlanStart:
    """A plan of one type (PLAN 23.11, 23.12)."""

    plan_type_code: str
    start: date


@dataclass(frozen=True, slots=True)
class Meet:
    """One MEET record: of a meeting that was held, or pending as of a day.

    ``is_reported`` ``False`` is a meeting that is open here and of which the state has no record: it is known, and it
    counts as held for nobody.
    """

    evaluation_type_code: str = ""
    is_plan_review: bool = False
    held_on: date | None = None
    pending_on: date | None = None
    consent_on: date | None = None
    delay_code: str = ""
    lea_code: str = ""
    is_reported: bool = True

    @property
    def is_initial(self) -> bool:
        """Part B (10) or Part C (15)."""
        return self.evaluation_type_code in ("10", "15")


@dataclass(frozen=True, slots=True)
class StudentFacts:
    """Everything about one student. Each sequence may be in any order."""

    birth_on: date | None
    enrollments: tuple[Enrolled, ...] = ()
    statuses: tuple[Status, ...] = ()
    plans: tuple[PlanStart, ...] = ()
    meets: tuple[Meet, ...] = ()
