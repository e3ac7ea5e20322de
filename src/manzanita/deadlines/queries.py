"""Reading due dates within the reader's scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.http import Http404

from manzanita.deadlines.models import ContactAttempt, DelayReason, DueDate
from manzanita.deadlines.recompute import Counting, running_of
from manzanita.domain.access import Actor
from manzanita.domain.clocks import Answer, Setting
from manzanita.domain.running_clocks import Counted, count
from manzanita.orgs.calendars import Calendars, load_calendars
from manzanita.platform import clock
from manzanita.students.scope import lea_filter, visible_to


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


def due_date_of(actor: Actor, pk: int) -> DueDate:
    """The running clock with this key, of a student whom the actor may open; else 404."""
    row = DueDate.objects.filter(pk=pk, **lea_filter(actor)).select_related("student", "meeting").first()
    if row is None or not visible_to(actor).filter(pk=row.student_id).exists():
        raise Http404("no such due date in this scope")
    return row


def due_of_meeting(meeting_id: int) -> int | None:
    """The key of the earliest due date that the open meeting would end; ``None`` where it would end none."""
    rows = DueDate.objects.filter(meeting=meeting_id).order_by("due_on", "pk")
    return rows.values_list("pk", flat=True).first()


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
