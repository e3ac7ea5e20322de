"""Lists of due dates: what each asks, its page and its count. Home counts what the lists show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import IsNull

from manzanita.accounts.models import User
from manzanita.deadlines.models import (
    ContactAttempt,
    DelayReason,
    DueDate,
    HeldLate,
)
from manzanita.domain.access import Actor, Scope
from manzanita.orgs.models import School
from manzanita.platform import clock
from manzanita.platform.kept_queries import KeptQuery, Told
from manzanita.students.models import CaseAssignment, Plan
from manzanita.students.scope import lea_filter, listed_for

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Span:
    """Days until a due date, both ends inclusive; ``first`` ``None`` is open toward the past."""

    key: str
    label: str
    first: int | None
    last: int

    def condition(self, today: date) -> Q:
        within = Q(due_on__lte=today + timedelta(days=self.last))
        return within if self.first is None else within & Q(due_on__gte=today + timedelta(days=self.first))


SPANS: Mapping[str, Span] = {
    one.key: one
    for one in (
        Span("late", "Overdue", None, -1),
        Span("15", "Due within 15 days", 0, 15),
        Span("30", "Due in 16 to 30 days", 16, 30),
        Span("60", "Due in 31 to 60 days", 31, 60),
    )
}
MEETING = {"none": "No meeting open", "open": "Meeting open"}
# Overdue, the family's delay not yet explained; or no date can be counted.
MARKS = {"no-reason": "Delay reason missing", "problem": "Cannot be counted"}
PROGRAMS = {"100": "IEP", "150": "IFSP", "200": "ISP"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list of due dates asks for; blank is any. ``manager``: a key of a person, or ``nobody``. ``mark``: one of
    ``MARKS``. ``until``: the last day, as ISO text."""

    span: str = "late"
    meeting: str = ""
    clock: str = ""
    manager: str = ""
    school: str = ""
    program: str = ""
    mark: str = ""
    until: str = ""


def within_scope(actor: Actor, model: type[DueDate] | type[HeldLate] = DueDate) -> QuerySet:
    """Running clocks (or meetings held late) of the students whom the actor's lists show, at LEAs whose records the
    actor reads.

    Of an agency's many students the page is found by walking the index of due dates, and asking of each row whether
    the student is listed: a scalar sub-select, because PostgreSQL would turn anything else into one look at everybody.
    At one district of a SELPA they are those that run at it, of whomever the SELPA's lists show.
    """
    students = listed_for(replace(actor, at_district=""))
    rows = model.objects.filter(**lea_filter(actor.narrowed))
    if actor.perspective.scope in (Scope.ASSIGNED, Scope.NAMED):
        return rows.filter(student__in=students.order_by().values("pk"))
    own = students.walked().filter(pk=OuterRef("student_id")).order_by().values("pk")
    rows = rows.filter(IsNull(Subquery(own[:1]), False))
    return rows.filter(school_code=actor.at_school) if actor.at_school else rows


def wanted_rows(actor: Actor, wanted: Wanted) -> QuerySet[DueDate]:
    """The due dates of one list, in no order."""
    return within_scope(actor).filter(*_conditions(wanted))


def _conditions(wanted: Wanted) -> Iterator[Q | Exists]:
    """All at once: each further ``filter`` would copy the whole query."""
    today = clock.today()
    if wanted.mark == "problem":
        yield Q(due_on__isnull=True)
    else:
        yield SPANS[wanted.span].condition(today) if wanted.span else Q(due_on__isnull=False)
    if wanted.mark == "no-reason":
        yield Q(due_on__lt=today)
        yield ~Exists(_reasons())
    if wanted.until:
        yield Q(due_on__lte=date.fromisoformat(wanted.until))
    if wanted.meeting:
        yield Q(meeting__isnull=wanted.meeting == "none")
    if wanted.clock:
        yield Q(clock=wanted.clock)
    if wanted.school:
        yield Q(school_code=wanted.school)
    if wanted.program:
        plans = Plan.objects.as_of(effective=today).filter(plan_type_code=wanted.program)
        yield Q(Exists(plans.filter(student=OuterRef("student_id"))))
    if wanted.manager == "nobody":
        yield _of_nobody(today)
    elif wanted.manager:
        managed = CaseAssignment.objects.as_of(effective=today)
        yield Q(student__in=managed.filter(user=int(wanted.manager)).values("student_id"))


def _of_nobody(today: date) -> Exists:
    """Of whom the student has no case manager."""
    return ~Exists(CaseAssignment.objects.as_of(effective=today).filter(student=OuterRef("student_id")))


def _reasons() -> QuerySet[DelayReason]:
    """The standing reason of a delay of the outer due date."""
    return DelayReason.objects.filter(
        student=OuterRef("student_id"),
        clock=OuterRef("clock"),
        due_on=OuterRef("due_on"),
        withdrawn_at__isnull=True,
    )


class DueRow(NamedTuple):
    """What a line of a list shows of one due date: it, its student, the open meeting and the case manager, in the query
    of the page. No objects of these four, of whose columns a line shows few."""

    pk: int
    student_id: int
    clock: str
    school_code: str
    due_on: date | None
    statutory_due_on: date | None
    state_due_on: date | None
    student_public_id: UUID
    first_name: str
    last_name: str
    meeting_public_id: UUID | None
    meeting_event: str | None
    meeting_held_on: date | None
    manager_name: str
    delay_code: str
    attempts: int


# Where each column of a line stands; the last three are asked for with the page.
_COLUMNS = (
    *("pk", "student_id", "clock", "school_code", "due_on", "statutory_due_on", "state_due_on"),
    *("student__public_id", "student__first_name", "student__last_name"),
    *("meeting__public_id", "meeting__event_key", "meeting__held_on"),
    *("manager_name", "delay_code", "attempts"),
)


def page_of(
    actor: Actor,
    wanted: Wanted,
    *,
    after: tuple[date | None, int] | None = None,
    among: QuerySet | None = None,
) -> list[DueRow]:
    """One page and a row more, the earliest first. ``after``: day and key of the last row seen. ``among``: keys of the
    students whose dates are meant, where not everybody's are.

    The page after a row is a row-value comparison, so that page 900 costs what page 1 costs.
    """
    day, pk = after or (None, 0)
    asked = (actor, wanted, clock.today(), after is not None)
    found = _page(*asked) if among is None else _page_among(*asked, among)
    return [DueRow._make(row) for row in found.ask(day=_told_day(day), pk=pk)]


@lru_cache(maxsize=512)
def _page(actor: Actor, wanted: Wanted, today: date, is_later: bool) -> KeptQuery:
    """Today stands in its conditions."""
    return _page_among(actor, wanted, today, is_later, None)


def _page_among(
    actor: Actor, wanted: Wanted, today: date, is_later: bool, among: QuerySet | None
) -> KeptQuery:
    order = ("pk",) if wanted.mark == "problem" else ("due_on", "pk")
    rows = wanted_rows(actor, wanted).order_by(*order)
    if among is not None:
        rows = rows.filter(student__in=among)
    if is_later and wanted.mark == "problem":
        rows = rows.filter(pk__gt=Told("pk"))
    elif is_later:
        rows = rows.filter(_later(DueDate, Told("day"), Told("pk")))
    tried = ContactAttempt.objects.filter(student=OuterRef("student_id"), tried_on__gte=_since(today))
    numbers = tried.order_by().values("student").annotate(n=Count("pk")).values("n")
    rows = rows.annotate(
        manager_name=_manager_name(),
        delay_code=_first(_reasons(), "code"),
        attempts=Coalesce(Subquery(numbers[:1]), Value(0)),
    )
    return KeptQuery(rows.values_list(*_COLUMNS)[: PAGE_SIZE + 1])


def with_manager(rows: QuerySet) -> QuerySet:
    """``rows`` with the student, the open meeting and the case manager's name: all in the query of the page."""
    joined = ("student", "meeting") if rows.model is DueDate else ("student",)
    return rows.select_related(*joined).annotate(manager_name=_manager_name())


def _manager_name() -> Coalesce:
    manager = CaseAssignment.objects.as_of(effective=clock.today()).filter(student=OuterRef("student_id"))
    return _first(manager, "user__name")


def _later(model: type[DueDate] | type[HeldLate], due_on: date | Told, pk: int | Told) -> RawSQL:
    table = model._meta.db_table
    told = due_on if isinstance(due_on, Told) else _told_day(due_on)
    return RawSQL(f'("{table}"."due_on", "{table}"."id") > (%s, %s)', [told, pk], output_field=BooleanField())


def _told_day(day: date | None) -> Any:
    return DueDate._meta.get_field("due_on").get_db_prep_value(day, connection)


def place_after(model: type[DueDate] | type[HeldLate], pk: int) -> RawSQL:
    """Rows after the one with this key, by their day; raises ``DoesNotExist`` where it is gone."""
    return _later(model, model.objects.values_list("due_on", flat=True).get(pk=pk), pk)


def _since(today: date) -> date:
    """Attempts of the last year are about the dates that run now."""
    return today - timedelta(days=365)


def _first(rows: QuerySet, name: str) -> Coalesce:
    return Coalesce(
        Subquery(rows.order_by().values(name)[:1], output_field=CharField()),
        Value(""),
        output_field=CharField(),
    )


@dataclass(frozen=True, slots=True)
class SpanCount:
    """How many due dates of one span have, and have not, a meeting open; the earliest of each; and by clock.
    ``unmanaged`` of them are of students without a case manager, the earliest on ``unmanaged_from``."""

    span: Span
    meeting: str
    count: int
    earliest: date | None
    by_clock: Mapping[str, int]
    unmanaged: int = 0
    unmanaged_from: date | None = None

    @property
    def most(self) -> list[tuple[str, int]]:
        """Clocks and how many due dates each has, the most first."""
        return sorted(self.by_clock.items(), key=lambda one: (-one[1], one[0]))


def span_counts(actor: Actor) -> list[SpanCount]:
    """For home: every span, without a meeting and with one; one query."""
    today = clock.today()
    counts: dict[tuple[str, str], dict[str, int]] = {}
    earliest: dict[tuple[str, str], date] = {}
    unmanaged: dict[tuple[str, str], list[date]] = {}
    for name, due_on, has_meeting, number, of_nobody in _by_day(actor, today).ask():
        days = (due_on - today).days
        span = next(
            key for key, one in SPANS.items() if (one.first is None or days >= one.first) and days <= one.last
        )
        place = (span, "open" if has_meeting else "none")
        of_clock = counts.setdefault(place, {})
        of_clock[name] = of_clock.get(name, 0) + number
        earliest[place] = min(earliest.get(place, due_on), due_on)
        unmanaged.setdefault(place, []).extend([due_on] * of_nobody)
    return [
        SpanCount(
            span,
            meeting,
            sum(counts.get((key, meeting), {}).values()),
            earliest.get((key, meeting)),
            counts.get((key, meeting), {}),
            len(unmanaged.get((key, meeting), ())),
            min(unmanaged.get((key, meeting), ()), default=None),
        )
        for meeting in MEETING
        for key, span in SPANS.items()
    ]


@lru_cache(maxsize=256)
def _by_day(actor: Actor, today: date) -> KeptQuery:
    """Few different days: the database groups, so that a large district costs no row for each due date."""
    last = max(span.last for span in SPANS.values())
    rows = within_scope(actor).filter(due_on__lte=today + timedelta(days=last)).order_by()
    by_day = rows.values_list("clock", "due_on", IsNull(F("meeting_id"), False))
    return KeptQuery(by_day.annotate(Count("pk"), of_nobody=Count("pk", filter=_of_nobody(today))))


@dataclass(frozen=True, slots=True)
class Choices:
    """What a list may be cut by: schools and case managers of the actor's agencies, as (key, name) by name."""

    schools: Sequence[tuple[str, str]]
    managers: Sequence[tuple[str, str]]


def choices_for(actor: Actor) -> Choices:
    """One query for both."""
    rows = sorted(_choices(actor.agency_codes).ask(), key=lambda row: (row[2], row[1]))
    return Choices(
        [(key, name) for kind, key, name in rows if kind == "school"],
        [(key, name) for kind, key, name in rows if kind == "manager"],
    )


@lru_cache(maxsize=512)
def _choices(agency_codes: tuple[str, ...]) -> KeptQuery:
    schools = School.objects.filter(agency__code__in=agency_codes).values_list(
        Value("school", output_field=CharField()), "code", "name"
    )
    people = User.objects.filter(
        grants__perspective_key="case_manager", grants__agency__code__in=agency_codes
    )
    managers = people.values_list(
        Value("manager", output_field=CharField()), Cast("pk", CharField()), "name"
    ).distinct()
    return KeptQuery(schools.union(managers, all=True))
