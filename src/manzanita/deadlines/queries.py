"""Reading due dates within the reader's scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet
from django.http import Http404

from manzanita.deadlines.models import ContactAttempt, DelayReason, DueDate, StaleCalendar, StaleStudent
from manzanita.deadlines.recompute import Counting, running_of
from manzanita.domain.access import Actor
from manzanita.domain.clocks import Answer, Setting
from manzanita.domain.running_clocks import Counted, count
from manzanita.orgs.calendars import Calendars, load_calendars
from manzanita.platform import clock
from manzanita.students.models import ScopedQuerySet, Student
from manzanita.students.scope import lea_filter, listed_for, visible_to


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


def due_date_of(actor: Actor, pk: int) -> DueDate:
    """The running clock with this key, of a student whom the actor may open; else 404."""
    row = DueDate.objects.filter(pk=pk, **lea_filter(actor)).select_related("student", "meeting").first()
    if row is None or not visible_to(actor).filter(pk=row.student_id).exists():
        raise Http404("no such due date in this scope")
    return row


def standing_delay(row: DueDate) -> DelayReason | None:
    """Why the due date is late, as somebody has said."""
    said = DelayReason.objects.filter(student=row.student_id, clock=row.clock, due_on=row.due_on)
    return said.filter(withdrawn_at__isnull=True).first()


def delay_said_of(student_id: int, due_on: date) -> DelayReason | None:
    """The reason that stands for a date of the student that was missed, whatever clock asked for it."""
    said = DelayReason.objects.filter(student=student_id, due_on=due_on, withdrawn_at__isnull=True)
    return said.order_by("-pk").first()


def delays_said(row: DueDate) -> list[DelayReason]:
    """Every reason that was said of this due date, the newest first."""
    return list(
        DelayReason.objects.filter(student=row.student_id, clock=row.clock, due_on=row.due_on).order_by("-pk")
    )


def attempts_of(student_id: int, actor: Actor) -> list[ContactAttempt]:
    """Attempts to reach the family of a student whom the actor may open, the newest first."""
    rows = ContactAttempt.objects.filter(student=student_id, **lea_filter(actor))
    return list(rows.order_by("-tried_on", "-pk")[:100])


def standing_delays(rows: Sequence[DueDate]) -> dict[int, str]:
    """By key of a due date the reason that was said of it before a meeting could; one query."""
    students = {row.student_id for row in rows}
    said = DelayReason.objects.filter(student__in=students, withdrawn_at__isnull=True)
    found = {
        (pk, name, due_on): code
        for pk, name, due_on, code in said.values_list("student_id", "clock", "due_on", "code")
    }
    return {row.pk: found.get((row.student_id, row.clock, row.due_on), "") for row in rows}
