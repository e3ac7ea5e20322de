"""Statutory clocks of meetings: annual review, reevaluation, transition from Part C.

A clock answers with its due date and the trace of how it got there. One year after 29 February is
28 February: a deadline never moves into the month after.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

ANNUAL_YEARS = 1
TRIENNIAL_YEARS = 3


@dataclass(frozen=True, slots=True)
class Due:
    """When something is due, from which day it was counted, by which law, step by step."""

    due_on: date
    start: date
    authority: str
    trace: tuple[str, ...]


def due_on(last: date, years: int) -> date:
    """The same calendar date ``years`` later; 29 February becomes 28 February where there is none."""
    try:
        return last.replace(year=last.year + years)
    except ValueError:
        return last.replace(year=last.year + years, day=28)


def annual_due(last_plan_review: date) -> Due:
    """The next plan review: one year after the last (Education Code 56343(d))."""
    return _due(last_plan_review, ANNUAL_YEARS, "plan review", "Education Code 56343(d)")


def triennial_due(last_evaluation: date) -> Due:
    """The next reevaluation: three years after the last evaluation (Education Code 56381)."""
    return _due(last_evaluation, TRIENNIAL_YEARS, "evaluation", "Education Code 56381; 34 CFR 300.303")


def _due(last: date, years: int, event: str, authority: str) -> Due:
    due = due_on(last, years)
    trace = [
        f"last {event}: {last.isoformat()}",
        f"+ {years} {'year' if years == 1 else 'years'}: {due.isoformat()}",
    ]
    if due.day != last.day:
        trace.append("there is no 29 February in that year: the last day of February counts")
    return Due(due, last, authority, tuple(trace))


def third_birthday_due(born: date) -> Due:
    """The IEP of a child from Part C: in effect by the third birthday (34 CFR 300.124)."""
    due = due_on(born, 3)
    return Due(
        due, born, "34 CFR 300.124", (f"born: {born.isoformat()}", f"third birthday: {due.isoformat()}")
    )
