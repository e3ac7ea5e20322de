"""Who waits to be counted anew: what a page of due dates says of itself while the worker is at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.db.models import CharField, OuterRef, Subquery, Value
from django.db.models.lookups import IsNull

from manzanita.deadlines.models import StaleCalendar, StaleStudent
from manzanita.domain.access import Actor
from manzanita.platform import clock
from manzanita.platform.kept_queries import KeptQuery
from manzanita.students.scope import lea_filter, listed_for

# More are said as "more than"; nobody needs the number of an import.
MOST_WAITING = 1000


@dataclass(frozen=True, slots=True)
class Waiting:
    """What has changed and is not counted yet: how many of the students that the lists show, at most one more than
    ``MOST_WAITING``; whether a calendar of theirs is among it, which may move anybody's date."""

    students: int
    has_calendar: bool

    def __bool__(self) -> bool:
        return bool(self.students) or self.has_calendar


def waiting_in(actor: Actor) -> Waiting:
    """One query, which costs nothing where nobody waits."""
    kinds = [kind for (kind,) in _waiting(actor, clock.today()).ask()]
    return Waiting(kinds.count("student"), "calendar" in kinds)


@lru_cache(maxsize=512)
def _waiting(actor: Actor, today: date) -> KeptQuery:
    own = listed_for(actor).walked().filter(pk=OuterRef("student_id")).order_by().values("pk")
    students = StaleStudent.objects.filter(IsNull(Subquery(own[:1]), False)).values_list(
        Value("student", output_field=CharField())
    )
    calendars = StaleCalendar.objects.filter(**lea_filter(actor)).values_list(
        Value("calendar", output_field=CharField())
    )
    # SQLite cuts only the whole: one row says that a calendar waits, and comes first.
    return KeptQuery(calendars.distinct().union(students, all=True)[: MOST_WAITING + 2])
