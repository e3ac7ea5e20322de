"""The lists behind what home says of planned reviews, over everybody whom the reader's lists show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from django.db.models import DateField, Value
from django.db.models.functions import Coalesce, Least
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.meetings.models import PlannedMeeting
from manzanita.meetings.plan_counts import planned_meetings, students_without_day
from manzanita.platform import clock
from manzanita.students.caseload import managers_of
from manzanita.students.models import Student
from manzanita.web.access import requires

MOST_ROWS = 200
LISTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "week": ("Meetings planned this week", "From today through Sunday"),
        "passed": (
            "Planned days that have passed",
            "The meeting is not recorded: move the day, or hold the meeting",
        ),
        "without": (
            "Reviews without a day",
            "Due within 60 days, with neither a planned day nor an open meeting",
        ),
    }
)


@require_safe
@requires(Capability.HOLD_MEETING)
def plan_list(request: HttpRequest) -> HttpResponse:
    actor, show = request.actor, request.GET.get("show", "without")
    if show not in LISTS:
        raise Http404("no such list")
    rows, count = _rows(actor, show)
    log_reads(
        actor=actor,
        student_ids=[student.pk for student, _ in rows],
        what="caseload.list",
        filter_codes=f"list={show}",
    )
    managers = managers_of([student.pk for student, _ in rows], clock.today())
    names = user_names(set(managers.values()))
    title, meaning = LISTS[show]
    context = {
        "nav_current": "meetings",
        "title": title,
        "meaning": meaning,
        "rows": [(student, planned, _manager(managers.get(student.pk), names)) for student, planned in rows],
        "is_without": show == "without",
        "count": count,
        "is_own": actor.perspective.scope is Scope.ASSIGNED,
        "today": clock.today(),
    }
    return render(request, "web/planner/list.html", context)


def _manager(pk: int | None, names: Mapping[int, str]) -> tuple[str, str]:
    """Name and plan of a case manager; blank without one."""
    return (names.get(pk, ""), f"{reverse('caseload_plan')}?manager={pk}") if pk else ("", "")


def _rows(actor: Actor, show: str) -> tuple[list[tuple[Student, PlannedMeeting | None]], int]:
    """The first rows, and how many there are in all."""
    if show == "without":
        students = students_without_day(actor)
        # By whichever is due first: a review of next year may stand beside a triennial of next month.
        far = Value(date.max, output_field=DateField())
        first = Least(Coalesce("plan_review_due_on", far), Coalesce("evaluation_due_on", far))
        found = list(students.order_by(first, "pk")[:MOST_ROWS])
        return [(one, None) for one in found], students.count() if len(found) == MOST_ROWS else len(found)
    planned = planned_meetings(actor, show)
    some = list(
        planned.select_related("student", "room").order_by("planned_on", "starts_at", "pk")[:MOST_ROWS]
    )
    return [(one.student, one) for one in some], planned.count() if len(some) == MOST_ROWS else len(some)


urlpatterns = [path("caseload/plan/list", plan_list, name="plan_list")]
