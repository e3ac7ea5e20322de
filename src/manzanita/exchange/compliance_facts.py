"""What the monitoring reports ask of each student, loaded for many students at once, as it was known at an instant.

Meetings come from archives, which are what the state is told and are never changed; a correction counts from the moment
at which it was recorded. A meeting that is open here comes as not reported.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from manzanita.archive.models import ArchivedRecord
from manzanita.domain.access import Actor, Relationship, Scope
from manzanita.domain.compliance import Enrolled, Meet, PlanStart, Status, StudentFacts
from manzanita.domain.records import parse_state_date
from manzanita.meetings.models import Meeting
from manzanita.students.models import Enrollment, Plan, ScopedQuerySet, SpecialEducationStatus
from manzanita.students.scope import visible_to

AT_ONCE = 5000
_NO_KEY = ""


class Told(NamedTuple):
    """One fact and when it was believed: from ``since`` until before ``until`` (``None``: still). ``key`` names a state
    record, of which the one recorded last stands."""

    since: datetime
    until: datetime | None
    fact: Any
    key: str = _NO_KEY

    def is_known(self, at: datetime | None) -> bool:
        if at is None:
            return self.until is None
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(slots=True)
class Versions:
    """Everything ever believed about one student, as far as the reports ask for it."""

    birth_on: date | None
    enrollments: list[Told] = field(default_factory=list)
    statuses: list[Told] = field(default_factory=list)
    plans: list[Told] = field(default_factory=list)
    meets: list[Told] = field(default_factory=list)

    def as_known(self, at: datetime | None, leas: Collection[str]) -> StudentFacts:
        """What was believed at ``at`` (``None``: now). What other LEAs did after the student's last day at ``leas`` is
        left out: a former LEA sees nothing of it."""
        enrollments = tuple(one.fact for one in self.enrollments if one.is_known(at))
        meets: dict[object, Meet] = {}
        for index, one in enumerate(self.meets):
            if one.is_known(at):
                meets[one.key or index] = one.fact
        last_here = max(
            (one.end or date.max for one in enrollments if one.lea_code in leas), default=date.max
        )
        return StudentFacts(
            self.birth_on,
            enrollments,
            tuple(one.fact for one in self.statuses if one.is_known(at)),
            tuple(one.fact for one in self.plans if one.is_known(at)),
            tuple(meets.values())
            if last_here == date.max
            else tuple(one for one in meets.values() if one.lea_code in leas or _day_of(one) <= last_here),
        )


def candidates(actor: Actor) -> ScopedQuerySet:
    """Students within the actor's reach, in whatever view, of whom any special education record is held."""
    has_status = SpecialEducationStatus.objects.filter(student=OuterRef("pk"))
    has_meet = ArchivedRecord.objects.filter(student_id=OuterRef("pk"), record="MEET")
    has_meeting = Meeting.objects.filter(student=OuterRef("pk"))
    return visible_to(actor).filter(Exists(has_status) | Exists(has_meet) | Exists(has_meeting))


def at_place(students: ScopedQuerySet, lea_code: str, school_code: str) -> ScopedQuerySet:
    """Of ``students``, those whom a report of one LEA, or of one school, can be about."""
    if school_code:
        at_school = Enrollment.objects.filter(student=OuterRef("pk"), school_code=school_code)
        return students.filter(Exists(at_school))
    if not lea_code:
        return students
    enrolled = Enrollment.objects.filter(student=OuterRef("pk"), lea_code=lea_code)
    reported = ArchivedRecord.objects.filter(student_id=OuterRef("pk"), record="MEET", lea_code=lea_code)
    held = Meeting.objects.filter(student=OuterRef("pk"), lea_code=lea_code)
    return students.filter(Exists(enrolled) | Exists(reported) | Exists(held))


def report_leas(actor: Actor, versions: Iterable[Versions]) -> frozenset[str]:
    """The LEAs whose report is made: the actor's. Who follows students by another tie than attendance sees the report
    of whichever LEA they attend."""
    if Relationship.ATTENDING in actor.perspective.relationships:
        return frozenset(actor.narrowed.agency_codes)
    return frozenset(
        told.fact.lea_code
        for one in versions
        for told in [*one.enrollments, *one.meets]
        if told.fact.lea_code
    )


def schools_shown(actor: Actor) -> frozenset[str]:
    """The schools to which the report is cut; empty: all."""
    if actor.at_school:
        return frozenset({actor.at_school})
    return actor.school_codes if actor.perspective.scope is Scope.SCHOOL else frozenset()


def load(
    students: ScopedQuerySet, *, known: datetime | None, any_time: bool = False
) -> Iterator[dict[int, Versions]]:
    """What is asked of ``students``, some thousands at a time, five queries each. With ``any_time`` also what was
    believed at other times than ``known``."""
    born = list(students.order_by("pk").values_list("pk", "birth_on"))
    for start in range(0, len(born), AT_ONCE):
        some = {pk: Versions(birth_on) for pk, birth_on in born[start : start + AT_ONCE]}
        loading = _Loading(some, known, any_time)
        for kind in (_enrollments, _statuses, _plans, _archived, _open):
            kind(loading)
        yield some


# What was loaded for one instant was believed at it; when else, nobody asks.
_ALWAYS = (datetime.min.replace(tzinfo=UTC), None)


@dataclass(frozen=True, slots=True)
class _Loading:
    """Whose facts are loaded, as known when; with ``any_time`` every version, and when each was believed."""

    some: dict[int, Versions]
    known: datetime | None
    any_time: bool

    def rows(self, model: Any, *columns: str) -> Iterator[tuple[int, tuple[Any, ...], tuple[Any, ...]]]:
        """Per row the student, (since, until), and ``columns`` of one kind of fact."""
        found = model.objects.all() if self.any_time else model.objects.as_of(known=self.known)
        found = found.filter(student__in=list(self.some)).order_by()
        yield from self.read(found, "recorded_at", "superseded_at", *columns)

    def read(
        self, rows: QuerySet, since: str, until: str, *columns: str
    ) -> Iterator[tuple[int, tuple[Any, ...], tuple[Any, ...]]]:
        # Times are as costly to read as all the rest, so they are left out where one instant is asked for.
        times = (since, until) if self.any_time else ()
        for pk, *values in rows.values_list("student_id", *times, *columns).iterator():
            yield pk, tuple(values[:2]) if times else _ALWAYS, tuple(values[len(times) :])


def _enrollments(loading: _Loading) -> None:
    columns = (
        "lea_code",
        "school_code",
        "status_code",
        "grade_code",
        "effective_from",
        "effective_to",
        "exit_reason_code",
    )
    for pk, times, values in loading.rows(Enrollment, *columns):
        loading.some[pk].enrollments.append(Told(*times, Enrolled(*values)))


def _statuses(loading: _Loading) -> None:
    for pk, times, values in loading.rows(
        SpecialEducationStatus, "status_code", "effective_from", "effective_to"
    ):
        loading.some[pk].statuses.append(Told(*times, Status(*values)))


def _plans(loading: _Loading) -> None:
    for pk, times, values in loading.rows(Plan, "plan_type_code", "effective_from"):
        loading.some[pk].plans.append(Told(*times, PlanStart(*values)))


def _archived(loading: _Loading) -> None:
    rows = ArchivedRecord.objects.filter(student_id__in=list(loading.some), record="MEET")
    if not loading.any_time:
        is_standing = Q(archive__superseded_by__isnull=True)
        if loading.known is not None:
            is_standing |= Q(archive__superseded_by__recorded_at__gt=loading.known)
            rows = rows.filter(archive__recorded_at__lte=loading.known)
        rows = rows.filter(is_standing)
    # In the order in which they were recorded: of one key the last one stands.
    rows = rows.order_by("archive__recorded_at", "archive_id", "pk")
    since, until = "archive__recorded_at", "archive__superseded_by__recorded_at"
    for pk, times, (lea_code, key, values) in loading.read(
        rows, since, until, "lea_code", "record_key", "values"
    ):
        loading.some[pk].meets.append(Told(*times, _meet(values, lea_code), key))


def _meet(values: dict[str, str], lea_code: str) -> Meet:
    held_on = _date(values.get("24.15", ""))
    return Meet(
        values.get("24.14", ""),
        values.get("24.17") == "Y",
        held_on,
        None if held_on else _date(values.get("24.10", "")),
        _date(values.get("24.13", "")),
        values.get("24.18", ""),
        lea_code,
    )


def _open(loading: _Loading) -> None:
    """Meetings that were open at the time. What they say is as they say it now: only archives keep every state."""
    rows = Meeting.objects.filter(student__in=list(loading.some), source="meeting").exclude(state="canceled")
    if not loading.any_time:
        is_open = Q(finalized_at__isnull=True)
        if loading.known is not None:
            is_open |= Q(finalized_at__gt=loading.known)
            rows = rows.filter(opened_at__lte=loading.known)
        rows = rows.filter(is_open)
    columns = (
        "evaluation_type_code",
        "is_plan_review",
        "held_on",
        "consent_on",
        "delay_code",
        "lea_code",
    )
    for pk, times, values in loading.read(rows.order_by(), "opened_at", "finalized_at", *columns):
        evaluation, is_review, held_on, consent_on, delay, lea_code = values
        one = Meet(evaluation, is_review, held_on, None, consent_on, delay, lea_code, is_reported=False)
        loading.some[pk].meets.append(Told(*times, one))


@lru_cache(maxsize=20_000)
def _date(text: str) -> date | None:
    try:
        return parse_state_date(text)
    except ValueError:
        return None


def _day_of(one: Meet) -> date:
    return one.held_on or one.pending_on or one.consent_on or date.min
