"""How a caseload stands, in numbers: for home, for reminders by mail, and for who plans several caseloads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from manzanita.accounts.queries import user_names
from manzanita.domain.access import Actor
from manzanita.meetings.models import PlannedMeeting
from manzanita.meetings.planning import counting
from manzanita.meetings.queries import has_open_meeting
from manzanita.platform import clock
from manzanita.platform.kept_queries import Reckoned
from manzanita.students.models import CaseAssignment, ScopedQuerySet
from manzanita.students.queries import participating
from manzanita.students.scope import current_at_agency, current_for, listed_for

SOON = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """Reviews of the listed students: planned from today through Sunday, planned on a day that has passed and not held,
    due within 60 days with neither a planned day nor an open meeting, and overdue without a planned day."""

    this_week: int
    passed: int
    passed_since: date | None
    without_day: int
    first_without_day: date | None
    overdue: int

    @property
    def is_nothing(self) -> bool:
        return not (self.this_week or self.passed or self.without_day or self.overdue)


def _here(actor: Actor) -> ScopedQuerySet:
    return participating(current_at_agency(listed_for(actor), actor))


def planned_meetings(actor: Actor, show: str) -> QuerySet[PlannedMeeting]:
    """Planned meetings of the listed students, in no order: ``week``, from today through Sunday; ``passed``, on days
    before today."""
    today = clock.today()
    rows = counting().filter(student__in=_here(actor).order_by().values("pk"))
    return rows.filter(planned_on__lt=today) if show == "passed" else rows.filter(_this_week(today))


def students_without_day(actor: Actor) -> ScopedQuerySet:
    """Listed students who are due from today through 60 days, not before, with neither a day to come nor a meeting."""
    today = clock.today()
    soon = _here(actor).filter(_due(today + SOON) & ~_due(today - timedelta(days=1)) & _without_meeting())
    return soon.exclude(_has_day(today))


def _this_week(today: date) -> Q:
    return Q(planned_on__gte=today, planned_on__lte=today + timedelta(days=6 - today.weekday()))


def _has_day(today: date) -> Exists:
    return Exists(counting().filter(student=OuterRef("pk"), planned_on__gte=today))


def plan_counts_of(actor: Actor) -> PlanCounts:
    """Two queries."""
    planned, due = _kept_counts(actor, clock.today())
    week, passed, since = planned.one()
    soon, annual, triennial, overdue = due.one()
    first = min((one for one in (annual, triennial) if one is not None), default=None)
    return PlanCounts(week, passed, since, soon, first, overdue)


@lru_cache(maxsize=256)
def _kept_counts(actor: Actor, today: date) -> tuple[Reckoned, Reckoned]:
    late, soon = _due(today - timedelta(days=1)), ~_due(today - timedelta(days=1)) & _without_meeting()
    students = _here(actor).order_by()
    has_passed = Q(planned_on__lt=today)
    planned = Reckoned(
        counting().filter(student__in=students.values("pk")),
        week=Count("pk", filter=_this_week(today)),
        passed=Count("pk", filter=has_passed),
        since=Min("planned_on", filter=has_passed),
    )
    due = Reckoned(
        students.filter(_due(today + SOON)).exclude(_has_day(today)),
        soon=Count("pk", filter=soon),
        annual=Min("plan_review_due_on", filter=soon),
        triennial=Min("evaluation_due_on", filter=soon),
        overdue=Count("pk", filter=late),
    )
    return planned, due


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


def loads_of_managers(actor: Actor, until: date) -> list[ManagerLoad]:
    """Everybody who manages students in reach with reviews due through ``until``, by name. Three queries."""
    today = clock.today()
    students = participating(current_for(actor)).order_by().filter(_due(until))
    managed = CaseAssignment.objects.as_of(effective=today).filter(student__in=students.values("pk"))
    ahead = counting().filter(student=OuterRef("student_id"), planned_on__gte=today)
    rows = managed.values("user_id").annotate(
        due=Count("pk"),
        planned=Count("pk", filter=Exists(ahead)),
        overdue=Count(
            "pk",
            filter=Q(student__plan_review_due_on__lt=today) | Q(student__evaluation_due_on__lt=today),
        ),
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
