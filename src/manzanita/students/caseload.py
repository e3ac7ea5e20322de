"""Who has which students, for those who assign them: reading, cut to the actor's reach."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from django.db.models import Case, Count, Exists, OuterRef, Q, When
from django.http import Http404

from manzanita.accounts.granting import managed_codes
from manzanita.domain.access import Actor, Relationship
from manzanita.domain.years import year_end
from manzanita.platform import clock
from manzanita.platform.facts import FactQuerySet
from manzanita.students.by_name import NAME_ORDER, by_name
from manzanita.students.models import (
    AgencyRelation,
    AssignmentBatch,
    CaseAssignment,
    Enrollment,
    Referral,
    ScopedQuerySet,
    Ssid,
    Student,
    TeamMember,
)
from manzanita.students.queries import participating, taking_part
from manzanita.students.scope import current_for, visible_to
from manzanita.students.searching import search

MOST_AT_ONCE = 500
_DAY = timedelta(days=1)
_Row = TypeVar("_Row", CaseAssignment, TeamMember)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which students a bulk assignment is for: all that the filters leave. ``text`` is searched for as everywhere:
    parts of names, a birth date."""

    school_code: str = ""
    grade_code: str = ""
    manager_id: int | None = None
    is_without_manager: bool = False
    text: str = ""

    @property
    def is_empty(self) -> bool:
        return self == Choice()


@dataclass(frozen=True, slots=True)
class Assignable:
    """One student as those who assign see one: who, where, and whose."""

    student: Student
    ssid: str
    school_code: str
    grade_code: str
    manager_id: int | None


def assignable(actor: Actor) -> ScopedQuerySet:
    """Students in the actor's reach who attend there today."""
    return current_for(actor)


def assignable_of(actor: Actor, students: ScopedQuerySet, *, is_named: bool = False) -> ScopedQuerySet:
    """Of ``students`` those who attend in the actor's reach today and take part in special education, by name; where
    somebody has named each of them, whoever attends."""
    here = (students if is_named else participating(students)).filter(
        pk__in=assignable(actor).order_by().values("pk")
    )
    return by_name(here)


def assignable_by_ssid(actor: Actor, ssids: Iterable[str]) -> ScopedQuerySet:
    """Students in the actor's reach with one of ``ssids``, by name."""
    known = Ssid.objects.as_of(effective=clock.today()).filter(student=OuterRef("pk"), ssid__in=list(ssids))
    return by_name(assignable(actor).filter(Exists(known)))


def chosen_students(actor: Actor, choice: Choice) -> ScopedQuerySet:
    """Students of ``choice`` in the actor's reach, by name. Without a filter nobody: all is never meant by mistake.

    By filters only students who take part in special education are meant, by name those referred to it too.
    """
    students = assignable(actor)
    if choice.is_empty:
        return students.none()
    today = clock.today()
    if choice.text:
        # Who is referred has a case manager before taking part.
        referred = Referral.objects.believed().filter(effective_to__isnull=True, student=OuterRef("pk"))
        taking = taking_part(today).filter(student=OuterRef("pk"))
        students = search(students, choice.text).filter(Exists(taking) | Exists(referred))
    else:
        students = participating(students)
    here = Enrollment.objects.as_of(effective=today).filter(
        student=OuterRef("pk"), lea_code__in=actor.agency_codes
    )
    if choice.school_code:
        students = students.filter(Exists(here.filter(school_code=choice.school_code)))
    if choice.grade_code:
        students = students.filter(Exists(here.filter(grade_code=choice.grade_code)))
    managed = CaseAssignment.objects.as_of(effective=today).filter(student=OuterRef("pk"))
    if choice.is_without_manager:
        students = students.exclude(Exists(managed))
    elif choice.manager_id:
        students = students.filter(Exists(managed.filter(user_id=choice.manager_id)))
    return by_name(students)


def assignable_rows(actor: Actor, students: Sequence[Student], on: date) -> list[Assignable]:
    """What is shown of each, in their order; three queries, and one more for a day of the next school year.
    ``on`` is the day of the case manager: from July 1 on the school is the one planned for then, where one is."""
    ids = [student.pk for student in students]
    ssids = dict(
        Ssid.objects.as_of(effective=clock.today()).filter(student__in=ids).values_list("student_id", "ssid")
    )
    places: dict[int, Enrollment] = {}
    for enrollment in (
        Enrollment.objects.as_of(effective=clock.today())
        .filter(student__in=ids, lea_code__in=actor.agency_codes)
        .order_by("started_on")
    ):
        places[enrollment.student_id] = enrollment
    schools = {pk: one.school_code for pk, one in places.items()}
    if on > year_end(clock.today()):
        planned = AgencyRelation.objects.as_of(effective=clock.today()).filter(
            student__in=ids, relationship=str(Relationship.NEXT_YEAR)
        )
        schools |= dict(planned.exclude(school_code="").values_list("student_id", "school_code"))
    managers = managers_of(ids, on)
    return [
        Assignable(
            student,
            ssids.get(student.pk, ""),
            schools.get(student.pk, ""),
            places[student.pk].grade_code if student.pk in places else "",
            managers.get(student.pk),
        )
        for student in students
    ]


def without_first(
    actor: Actor,
    students: ScopedQuerySet,
    kind: str,
    user_id: int,
    schools: Collection[str] | None,
    on: date,
) -> ScopedQuerySet:
    """``students`` by name, first those without this person as case manager (``assignment``) or on the team (``team``)
    on that day who are at one of ``schools``, ``None`` for any, as ``assignable_rows`` has the school."""
    holds = (TeamMember if kind == "team" else CaseAssignment).objects.as_of(effective=on)
    is_last = Q(Exists(holds.filter(student=OuterRef("pk"), user=user_id)))
    if schools is not None:
        here = Enrollment.objects.as_of(effective=clock.today()).filter(
            student=OuterRef("pk"), lea_code__in=actor.agency_codes
        )
        is_there = Q(Exists(here.filter(school_code__in=schools)))
        if on > year_end(clock.today()):
            planned = AgencyRelation.objects.as_of(effective=clock.today()).filter(
                student=OuterRef("pk"), relationship=str(Relationship.NEXT_YEAR)
            )
            planned = planned.exclude(school_code="")
            is_there = Q(Exists(planned.filter(school_code__in=schools))) | (is_there & ~Q(Exists(planned)))
        is_last |= ~is_there
    return students.order_by(Case(When(is_last, then=1), default=0), *NAME_ORDER)


def managers_of(ids: Iterable[int], on: date) -> Mapping[int, int]:
    rows = CaseAssignment.objects.as_of(effective=on).filter(student__in=list(ids))
    return dict(rows.values_list("student_id", "user_id"))


def next_starts(ids: Iterable[int], after: date) -> Mapping[int, CaseAssignment]:
    """By student the case manager who is planned: the first assignment that begins after the day ``after``; one query.
    Under the lock of ``lock_students`` nobody else assigns in between."""
    rows = CaseAssignment.objects.believed().filter(_holds_from(after), student__in=list(ids))
    found: dict[int, CaseAssignment] = {}
    for one in _beginnings(rows.order_by("student_id", "effective_from")):
        if one.effective_from > after:
            found.setdefault(one.student_id, one)
    return found


def last_day(ends_on: date | None, planned: CaseAssignment | None) -> date | None:
    """Until when somebody has a case that is given through ``ends_on`` (``None``: until further notice): what is
    planned stands, and so does the fall-back after a leave."""
    if planned is None:
        return ends_on
    before = planned.effective_from - _DAY
    return before if ends_on is None else min(ends_on, before)


def _holds_from(day: date) -> Q:
    """Condition on facts: they hold on the day or later."""
    return Q(effective_to__isnull=True) | Q(effective_to__gte=day)


def _beginnings(rows: Iterable[_Row]) -> Iterator[_Row]:
    """Of ``rows``, in the order of student and day, those that go on from none of the same person: what was cut in two
    and taken back stands in two versions, and nobody has planned the second."""
    before: _Row | None = None
    for one in rows:
        goes_on = (
            before is not None
            and before.effective_to is not None
            and (before.student_id, before.user_id) == (one.student_id, one.user_id)
            and before.effective_to + _DAY == one.effective_from
        )
        if not goes_on:
            yield one
        before = one


def teams_of(ids: Iterable[int], user_ids: Iterable[int], on: date) -> Mapping[tuple[int, int], str]:
    """Role by student and person, of those who are on the student's team on that day."""
    rows = TeamMember.objects.as_of(effective=on).filter(student__in=list(ids), user__in=list(user_ids))
    return {(one.student_id, one.user_id): one.role for one in rows}


def by_public_id(actor: Actor, public_ids: Iterable[str]) -> dict[str, Student]:
    """Students in the actor's reach by public id; whoever is not there is not in it."""
    wanted = []
    for text in public_ids:
        try:
            wanted.append(uuid.UUID(text))
        except ValueError:
            continue
    return {str(one.public_id): one for one in visible_to(actor).filter(public_id__in=wanted)}


@dataclass(frozen=True, slots=True)
class ToCome:
    """A student whom the person has from a later day on: as case manager (``assignment``) or on the ``team``."""

    student: Student
    kind: str
    role: str
    starts_on: date


@dataclass(frozen=True, slots=True)
class Caseload:
    """What hangs on one person: students managed, memberships with their role, and what begins later; ``elsewhere``
    counts students out of the actor's reach."""

    managed: Sequence[Student]
    team: Sequence[tuple[Student, str]]
    elsewhere: int
    to_come: Sequence[ToCome] = ()


def caseload_of(actor: Actor, user_id: int, on: date) -> Caseload:
    """The person's students in the actor's reach as of ``on``, and those of later days; by name. Three queries."""
    cases = list(_beginnings(_from_then_on(CaseAssignment.objects.believed(), user_id, on)))
    memberships = list(_beginnings(_from_then_on(TeamMember.objects.believed(), user_id, on)))
    ids = {one.student_id for one in (*cases, *memberships)}
    within = list(by_name(visible_to(actor).filter(pk__in=ids)))
    managed = {one.student_id for one in cases if one.effective_from <= on}
    roles: dict[int, str] = {}
    to_come = [
        (one.student_id, "assignment", "", one.effective_from) for one in cases if one.effective_from > on
    ]
    for one in memberships:
        # Who goes off a team goes off it for good: a later part in the same team goes with the first.
        if one.student_id not in roles and one.effective_from > on:
            to_come.append((one.student_id, "team", one.role, one.effective_from))
        roles.setdefault(one.student_id, one.role)
    on_team = {one.student_id for one in memberships if one.effective_from <= on}
    return Caseload(
        [one for one in within if one.pk in managed],
        [(one, roles[one.pk]) for one in within if one.pk in on_team],
        len(ids - {one.pk for one in within}),
        [
            ToCome(one, kind, role, starts_on)
            for one in within
            for pk, kind, role, starts_on in to_come
            if pk == one.pk
        ],
    )


def _from_then_on(rows: FactQuerySet, user_id: int, on: date) -> FactQuerySet:
    return rows.filter(_holds_from(on), user=user_id).order_by("student_id", "effective_from")


def caseload_sizes(actor: Actor, user_ids: Iterable[int]) -> Mapping[int, int]:
    """How many students in the actor's reach each person manages today; one query."""
    rows = CaseAssignment.objects.as_of(effective=clock.today()).filter(
        Q(user__in=list(user_ids)), student__in=visible_to(actor).order_by().values("pk")
    )
    return dict(rows.values_list("user_id").annotate(Count("pk")))


def batches_of(actor: Actor, limit: int = 20) -> list[AssignmentBatch]:
    """The newest bulk assignments of the actor's agencies."""
    rows = AssignmentBatch.objects.filter(agency_code__in=managed_codes(actor))
    return list(rows.annotate(size=Count("changes")).order_by("-made_at", "-pk")[:limit])


def get_batch(actor: Actor, public_id: uuid.UUID) -> AssignmentBatch:
    batch = AssignmentBatch.objects.filter(agency_code__in=managed_codes(actor), public_id=public_id).first()
    if batch is None:
        raise Http404("no such batch in this scope")
    return batch
