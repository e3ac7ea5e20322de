"""Requests for a record that another calendar gives another day: they are due in working days, holidays left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from manzanita.accounts.models import RecordRequest
from manzanita.domain.access import Actor
from manzanita.domain.clocks import Answer, clock
from manzanita.orgs.calendars import Calendars
from manzanita.platform import clock as now
from manzanita.students.models import Student
from manzanita.students.scope import visible_to

_CLOCK = "records-to-new-lea"


@dataclass(frozen=True, slots=True)
class MovedRequest:
    """``student`` is ``None`` where the actor does not reach her: counted, not named."""

    student: Student | None
    asked_on: date
    before: Answer
    after: Answer

    @property
    def days(self) -> int:
        was, becomes = self.before.statutory_due_on, self.after.statutory_due_on
        assert was is not None and becomes is not None
        return (becomes - was).days


def request_moves(
    actor: Actor, lea_codes: Iterable[str], before: Calendars, after: Calendars, *, only_reached: bool
) -> Sequence[MovedRequest]:
    """Open requests to these LEAs whose day moves, the oldest first; with ``only_reached`` those of students in reach.
    One query where none is open, two else."""
    rows = list(
        RecordRequest.objects.filter(agency__code__in=set(lea_codes), state="asked")
        .select_related("agency")
        .order_by("asked_at", "pk")
    )
    if not rows:
        return []
    reached = {one.pk: one for one in visible_to(actor).filter(pk__in={row.student_id for row in rows})}
    found = []
    for row in rows:
        student = reached.get(row.student_id)
        if student is None and only_reached:
            continue
        asked_on = now.day_of(row.asked_at)
        answers = [
            clock(_CLOCK).answer({"request_on": asked_on}, calendars.setting(row.agency.code, on=now.today()))
            for calendars in (before, after)
        ]
        if answers[0].statutory_due_on != answers[1].statutory_due_on:
            found.append(MovedRequest(student, asked_on, *answers))
    return found
