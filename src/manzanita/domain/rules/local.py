"""What the local rules have in common.

A local rule says what the law or a retired rule of the state implies and the state's list does not print. It
warns; where its only source is weak it informs, and its ``meaning`` says so.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

from manzanita.domain.findings import Severity
from manzanita.domain.rules.declaration import Repair, Row, Rule, spoken_date, state_date
from manzanita.domain.timelines import due_on

# A rule of ours: it warns, and it runs in every phase.
local_rule = partial(Rule, kind="local", phase="input", severity=Severity.WARNING, confidence="inferred")


def clearing(*numbers: str, why: str) -> Repair:
    """The repair that empties these fields."""

    def values(row: Row) -> dict[str, str]:
        return {number: "" for number in numbers if row[number]}

    return Repair(values, why)


def days_after(text: str, days: int) -> str:
    """``text`` (CCYYMMDD) and so many days, as a message says it."""
    return spoken_date(state_date(_day(text) + timedelta(days=days)))


def years_after(text: str, years: int) -> str:
    """``text`` (CCYYMMDD) and so many years, as a message says it."""
    return spoken_date(state_date(due_on(_day(text), years)))


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))
