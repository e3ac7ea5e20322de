"""Of the crowd of the record's bench, those in private schools and in special groups.

``MANY`` is a district as there are: its first 400 students are in private schools, of the 2,000 behind them each is in
one special group. In ``ALL``, the worst case, and in ``ONE`` everybody is in a private school, with conflicts, placed
in a nonpublic school as well, and another district's; half of them are adults, half children near three whose initial
evaluation is open.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from tests.prove.record_crowd import ALL, MANY, ONE, Place

PRIVATE_SIZE, GROUPS_SIZE = 400, 2_000
NPS, DSEA = "9920099", "9930000"
_GROUPS = ("nps", "dsea", "adult", "infant", "preschool")
_NOBODY: frozenset[str] = frozenset()


def kind_of(place: Place) -> frozenset[str]:
    """Which lists the student is on."""
    if place.lea in (ALL, ONE):
        half = ("infant", "preschool") if place.among % 2 else ("adult",)
        return frozenset({"private", "nps", "dsea", *half})
    if place.lea != MANY:
        return _NOBODY
    if place.among < PRIVATE_SIZE:
        return frozenset({"private"})
    after = place.among - PRIVATE_SIZE
    return frozenset({_GROUPS[after % len(_GROUPS)]}) if after < GROUPS_SIZE else _NOBODY


def born_as(kind: frozenset[str]) -> dict[str, date]:
    if "adult" in kind:
        return {"birth_on": date(2006, 5, 4)}
    # Three in February 2027.
    return {"birth_on": date(2024, 2, 3)} if kind & {"infant", "preschool"} else {}


def bent(row: Any, kind: frozenset[str]) -> Any:
    """The enrollment or plan as it is of somebody on those lists; every other row as it is."""
    name = type(row).__name__
    if name == "Enrollment":
        if "private" in kind:
            row.school_code = "0000002"
        elif "nps" in kind:
            row.school_code = "0000001"
        if "nps" in kind:
            row.nps_code = NPS
    elif name == "Plan":
        if "infant" in kind:
            row.plan_type_code = "150"
        elif "private" in kind:
            row.plan_type_code = "200"
        if "dsea" in kind:
            row.dsea_code = DSEA
    return row


def add_special(some: Iterable[Place]) -> None:
    """The initial evaluations that are open, and a due date of each clock that a group's line shows."""
    from manzanita.deadlines.models import DueDate
    from manzanita.domain.special_groups import GROUPS
    from manzanita.meetings.models import Meeting
    from tests.support import world as w

    clocks = {
        "nps": GROUPS["nps"].clocks,
        "dsea": GROUPS["dsea"].clocks,
        "adult": GROUPS["adult"].clocks,
        "infant": GROUPS["c-to-b"].clocks,
        "preschool": GROUPS["preschool"].clocks,
    }
    meetings, dues = [], []
    for place in some:
        kind = kind_of(place)
        if "preschool" in kind:
            meetings.append(
                Meeting(
                    student_id=place.key,
                    event_key="b_initial",
                    lea_code=place.lea,
                    evaluation_type_code="10",
                    consent_on=date(2026, 11, 2),
                    opened_at=w.NOON,
                )
            )
        for clock in sorted({one for each in kind & clocks.keys() for one in clocks[each]}):
            dues.append(
                DueDate(
                    student_id=place.key,
                    clock=clock,
                    lea_code=place.lea,
                    due_on=date(2027, 1, 8),
                    inputs="bench",
                    computed_at=w.NOON,
                )
            )
    Meeting.objects.bulk_create(meetings, batch_size=500)
    DueDate.objects.bulk_create(dues, batch_size=500)
