"""Of the crowd of the record's bench, those of whom something is planned, or who turn five.

Everybody of ``COMING``, and the one student of ``COMING_ONE``, is in preschool with a setting of preschool, turns five
soon or has lately, and has the next grade and school planned here and the next case manager; each lives in a district
that enrolls nobody else (``HOME``, ``HOME_ONE``), whose only lists are those of residence. Of everybody of ``MANY``,
whose leavings are planned anyway, a program setting is planned: of half of them the day has come, and nothing was done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from tests.prove.record_crowd import COMING, COMING_ONE, HOME, HOME_ONE, MANY, Place

LIVES_IN: Mapping[str, str] = {COMING: HOME, COMING_ONE: HOME_ONE}
JULY = date(2027, 7, 1)
PAST, SOON = date(2026, 11, 16), date(2026, 12, 14)


def born(place: Place) -> dict[str, date]:
    """Five on October 5, or to be on January 15."""
    if place.lea not in LIVES_IN:
        return {}
    return {"birth_on": date(2022, 1, 15) if place.among % 2 else date(2021, 10, 5)}


def bent(row: Any, place: Place) -> Any:
    """The enrollment or plan as it is of a child in preschool; every other row as it is."""
    if place.lea in LIVES_IN:
        name = type(row).__name__
        if name == "Enrollment":
            row.grade_code = "PS"
        elif name == "Plan":
            row.program_setting_code = "200"
    return row


def add_coming(world: Any, some: Iterable[Place]) -> None:
    """What is planned, and where each lives."""
    from manzanita.students.models import AgencyRelation, CaseAssignment, NextSetting, NextYear
    from tests.support import world as w

    stated = {"recorded_at": w.NOON, "cause": "bench", "by_id": world.coordinator.pk}
    rows: dict[Any, list[Any]] = {AgencyRelation: [], CaseAssignment: [], NextSetting: [], NextYear: []}
    for place in some:
        own = {"student_id": place.key, **stated}
        if place.lea in LIVES_IN:
            ties = {"next_year": place.lea, "residence": LIVES_IN[place.lea]}
            rows[AgencyRelation] += [
                AgencyRelation(relationship=tie, agency_code=code, effective_from=w.TODAY, **own)
                for tie, code in ties.items()
            ]
            rows[NextYear].append(NextYear(grade_code="KN", effective_from=w.TODAY, **own))
            rows[CaseAssignment].append(
                CaseAssignment(user_id=world.case_manager.pk, effective_from=JULY, **own)
            )
        elif place.lea == MANY:
            day = PAST if place.among % 2 else SOON
            rows[NextSetting].append(
                NextSetting(
                    program_setting_code="300", starts_on=day, effective_from=date(2026, 11, 2), **own
                )
            )
    for model, made in rows.items():
        model._default_manager.bulk_create(made, batch_size=500)
