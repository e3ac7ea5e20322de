"""Calendars of the demo, what meetings are planned with, and evaluations whose 60 days run through the year."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path

from manzanita.domain.access import Actor
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.actions import open_meeting
from manzanita.meetings.evaluations import Evaluation
from manzanita.meetings.models import Meeting, PlanningSupply
from manzanita.meetings.supply_actions import add_supply
from manzanita.orgs.calendar_actions import load_calendar
from manzanita.students.models import SpecialEducationStatus
from manzanita.students.scope import listed_for

# The 60 days of the first two run through the winter break, those of the others end before it.
CONSENTS = (date(2026, 11, 16), date(2026, 11, 2), date(2026, 10, 19), date(2026, 9, 28))


def load_demo_calendars(folder: Path, lea_codes: Collection[str]) -> int:
    """Take in ``calendar_<lea>.csv`` of each LEA; how many school years that were."""
    return sum(
        load_calendar(folder / f"calendar_{code}.csv", lea_code=code, reason="Demo: as the board adopted it")
        for code in lea_codes
    )


def list_demo_supplies(lea_codes: Collection[str]) -> None:
    """A room on every day and an interpreter on two, for each district."""
    for code in lea_codes:
        for supply in (
            PlanningSupply(kind="room", lea_code=code, name="Conference room"),
            PlanningSupply(
                kind="interpreter",
                lea_code=code,
                name="County interpreter",
                language="Spanish",
                weekdays="24",
            ),
        ):
            add_supply(actor=None, supply=supply)


def begin_evaluations(actor: Actor, *, besides: Collection[int]) -> list[Meeting]:
    """Open an initial evaluation for a student of the district for each consent, of those who have no status."""
    known = SpecialEducationStatus.objects.believed().values("student_id")
    students = listed_for(actor).exclude(pk__in=known).exclude(pk__in=besides).order_by("pk")
    return [
        open_meeting(
            actor=actor, student=student, event=EVENTS["b_initial"], evaluation=Evaluation(consent_on)
        )
        for student, consent_on in zip(students[: len(CONSENTS)], CONSENTS, strict=False)
    ]
