"""What the local rules have in common.

A local rule says what the law or a retired rule of the state implies and the state's list does not print. It
warns; where its only source is weak it informs, and its ``meaning`` says so.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

from manzanita.domain import dates
from manzanita.domain.findings import Severity
from manzanita.domain.rules.declaration import Rule, spoken_date, state_date

# A rule of ours: it warns, and it runs in every phase.
local_rule = partial(Rule, kind="local", phase="input", severity=Severity.WARNING, confidence="inferred")


def days_after(text: str, days: int) -> str:
    """``text`` (CCYYMMDD) and so many days, as a message says it."""
    return spoken_date(state_date(_day(text) + timedelta(days=days)))


def years_after(text: str, years: int) -> str:
    """``text`` (CCYYMMDD) and so many years, as a message says it."""
    return spoken_date(state_date(dates.years_after(_day(text), years)))


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))
