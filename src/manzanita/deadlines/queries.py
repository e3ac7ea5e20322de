"""Reading due dates within the reader's scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from manzanita.deadlines.models import DueDate, StaleCalendar, StaleStudent
from manzanita.deadlines.recompute import Counting, running_of
from manzanita.domain.access import Actor
from manzanita.domain.clocks import Answer, Setting
from manzanita.domain.running_clocks import Counted, count
from manzanita.orgs.calendars import Calendars, load_calendars
from manzanita.platform import clock
from manzanita.students.models import ScopedQuerySet, Student
from manzanita.students.scope import lea_filter, listed_for


def running(actor: Actor, students: ScopedQuerySet | None = None) -> QuerySet[DueDate]:
    """Running clocks of ``students`` (already cut to the actor; default: those whom the actor's lists show), at LEAs
    whose records the actor reads. In no order."""
    within = listed_for(actor) if students is None else students
    rows = DueDate.objects.filter(student__in=within.order_by().values("pk"), **lea_filter(actor))
    return rows.filter(school_code=actor.at_school) if actor.at_school else rows


def due_dates_of(student: Student, actor: Actor) -> list[DueDate]:
    """The running clocks of a student whom the actor may read, the earliest first, those without a date last."""
    rows = DueDate.objects.filter(student=student, **lea_filter(actor)).select_related("meeting")
    return sorted(rows, key=lambda row: (row.due_on or date.max, row.clock, row.pk))


@dataclass(frozen=True, slots=True)
class Traced:
    """A due date with its working, counted again now under the calendar that stands: the trace is not stored."""

    row: DueDate
    setting: Setting
    counted: Counted

    @property
    def answer(self) -> Answer | None:
        return self.counted.answer


def traced(rows: Sequence[DueDate], calendars: Calendars | None = None) -> list[Traced]:
    """Each of ``rows`` with its working, in their order; three queries, or none where ``calendars`` are given."""
    calendars = calendars or load_calendars({row.lea_code for row in rows})
    counting = Counting(clock.today(), calendars)
    found = []
    for row in rows:
        setting = counting.setting(row.lea_code, row.school_code)
        found.append(Traced(row, setting, count(running_of(row), setting)))
    return found


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many students, and which LEAs' calendars, have changed and are not counted yet."""

    students: int
    lea_codes: Sequence[str]


def waiting(actor: Actor) -> Waiting:
    students = StaleStudent.objects.filter(student_id__in=listed_for(actor).order_by().values("pk")).count()
    leas = StaleCalendar.objects.filter(**lea_filter(actor)).values_list("lea_code", flat=True)
    return Waiting(students, sorted(leas))


def by_student(rows: Sequence[DueDate]) -> Mapping[int, list[DueDate]]:
    found: dict[int, list[DueDate]] = {}
    for row in rows:
        found.setdefault(row.student_id, []).append(row)
    return found
