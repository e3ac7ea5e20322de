"""How a caseload stands, in numbers: for home, for reminders by mail, and for who plans several caseloads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Exists, Max, Min, OuterRef, Q

from manzanita.accounts.queries import user_names
from manzanita.domain.access import Actor
from manzanita.meetings.models import PlannedMeeting
from manzanita.meetings.planning import counting
from manzanita.meetings.queries import has_open_meeting
from manzanita.platform import clock
from manzanita.students.models import CaseAssignment, ScopedQuerySet
from manzanita.students.queries import participating
from manzanita.students.scope import current_at_agency, listed_for, visible_to

SOON = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """Reviews of the listed students: planned from today through Sunday, planned on a day that has passed and not held,
    due within 60 days with neither a planned day nor an open meeting, and overdue."""

    this_week: int
    passed: int
    passed_since: date | None
    without_day: int
    first_without_day: date | None
    overdue: int
    earliest_overdue: date | None

    @property
    def is_nothing(self) -> bool:
        return not (self.this_week or self.passed or self.without_day or self.overdue)


def plan_counts_of(actor: Actor) -> PlanCounts:
    """Two queries."""
    today = clock.today()
    sunday = today + timedelta(days=6 - today.weekday())
    students = participating(current_at_agency(listed_for(actor), actor))
    planned = (
        counting()
        .filter(student__in=students.order_by().values("pk"))
        .aggregate(
            week=Count("pk", filter=Q(planned_on__gte=today, planned_on__lte=sunday)),
            passed=Count("pk", filter=Q(planned_on__lt=today)),
            since=Min("planned_on", filter=Q(planned_on__lt=today)),
        )
    )
    due = (
        students.order_by()
        .filter(_due(today + SOON))
        .exclude(Exists(counting().filter(student=OuterRef("pk"), planned_on__gte=today)))
        .aggregate(
            soon=Count("pk", filter=~_due(today - timedelta(days=1)) & _without_meeting()),
            annual=Min("plan_review_due_on", filter=Q(plan_review_due_on__gte=today) & _without_meeting()),
            triennial=Min("evaluation_due_on", filter=Q(evaluation_due_on__gte=today) & _without_meeting()),
            overdue=Count("pk", filter=_due(today - timedelta(days=1))),
            late_annual=Min("plan_review_due_on"),
            late_triennial=Min("evaluation_due_on"),
        )
    )
    late = [one for one in (due["late_annual"], due["late_triennial"]) if one is not None and one < today]
    return PlanCounts(
        planned["week"],
        planned["passed"],
        planned["since"],
        due["soon"],
        min((one for one in (due["annual"], due["triennial"]) if one is not None), default=None),
        due["overdue"],
        min(late, default=None),
    )


def _due(until: date) -> Q:
    return Q(plan_review_due_on__lte=until) | Q(evaluation_due_on__lte=until)


def _without_meeting() -> Q:
    return ~has_open_meeting("plan_review_due_on") & ~has_open_meeting("evaluation_due_on")


@dataclass(frozen=True, slots=True)
class ManagerLoad:
    """One case manager's reviews due through a day: how many, how many have a day to come, and what is due last."""

    user_id: int
    name: str
    due: int
    planned: int
    overdue: int
    last_due_on: date | None


def loads_of_managers(actor: Actor, until: date) -> list[ManagerLoad]:
    """Everybody who manages students in reach with reviews due through ``until``, by name. Three queries."""
    today = clock.today()
    students = participating(current_at_agency(visible_to(actor), actor)).order_by().filter(_due(until))
    managed = CaseAssignment.objects.as_of(effective=today).filter(student__in=students.values("pk"))
    ahead = counting().filter(student=OuterRef("student_id"), planned_on__gte=today)
    rows = managed.values("user_id").annotate(
        due=Count("pk"),
        planned=Count("pk", filter=Exists(ahead)),
        overdue=Count(
            "pk",
            filter=Q(student__plan_review_due_on__lt=today) | Q(student__evaluation_due_on__lt=today),
        ),
        last=Max("student__plan_review_due_on"),
    )
    found = list(rows.order_by())
    names = user_names({row["user_id"] for row in found})
    return sorted(
        (
            ManagerLoad(
                row["user_id"],
                names.get(row["user_id"], ""),
                row["due"],
                row["planned"],
                row["overdue"],
                row["last"],
            )
            for row in found
        ),
        key=lambda one: (one.name, one.user_id),
    )


def planned_of(user_id: int, students: ScopedQuerySet) -> list[PlannedMeeting]:
    """Planned meetings of one person's caseload, of ``students``, from a month ago on; by day and time."""
    since = clock.today() - timedelta(days=31)
    rows = counting().filter(
        manager_id=user_id, planned_on__gte=since, student__in=students.order_by().values("pk")
    )
    return list(rows.select_related("room").order_by("planned_on", "starts_at", "pk"))
