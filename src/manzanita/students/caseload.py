"""Who has which students, for those who assign them: reading, cut to the actor's reach."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Case, Count, Exists, OuterRef, Q, When
from django.http import Http404

from manzanita.accounts.granting import managed_codes
from manzanita.domain.access import Actor, Relationship
from manzanita.domain.years import year_end
from manzanita.platform import clock
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
class Caseload:
    """What hangs on one person: students managed, memberships with their role; ``elsewhere`` counts students out of
    the actor's reach."""

    managed: Sequence[Student]
    team: Sequence[tuple[Student, str]]
    elsewhere: int


def caseload_of(actor: Actor, user_id: int, on: date) -> Caseload:
    """The person's students in the actor's reach as of ``on``, by name."""
    managed = CaseAssignment.objects.as_of(effective=on).filter(user=user_id).values("student_id")
    memberships = {
        one.student_id: one.role for one in TeamMember.objects.as_of(effective=on).filter(user=user_id)
    }
    mine = list(by_name(visible_to(actor).filter(pk__in=managed)))
    team = list(by_name(visible_to(actor).filter(pk__in=list(memberships))))
    all_ids = set(managed.values_list("student_id", flat=True)) | set(memberships)
    within = {student.pk for student in mine} | {student.pk for student in team}
    return Caseload(mine, [(one, memberships[one.pk]) for one in team], len(all_ids - within))


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
