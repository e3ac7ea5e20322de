"""Narrowing a list of students, and what it can be narrowed to: by what its rows show (``students.shown``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db.models import Exists, OuterRef, Q

from manzanita.accounts.models import User
from manzanita.domain.access import Actor, Scope
from manzanita.domain.codes import code_set
from manzanita.domain.narrowing import NOBODY, REVIEWS, Narrowing
from manzanita.platform import clock
from manzanita.platform.together import read_together
from manzanita.students.by_rows import keys_listed
from manzanita.students.listing import capped_counts, few_keys
from manzanita.students.models import CaseAssignment, Enrollment, ScopedQuerySet
from manzanita.students.scope import visible_to
from manzanita.students.shown import (
    left,
    marks_left,
    newest_enrollments,
    shown_managers,
    shown_plans,
    under_review,
)


def narrowed(students: ScopedQuerySet, actor: Actor, wanted: Narrowing) -> ScopedQuerySet:
    """Those of ``students`` of whom a list shows what is ``wanted``."""
    at = {"school_code": wanted.school, "grade_code": wanted.grade}
    if asked := {name: value for name, value in at.items() if value}:
        students = students.filter(pk__in=newest_enrollments(actor).filter(**asked).values("student_id"))
    of = {"plan_type_code": wanted.plan, "disability_1_code": wanted.disability}
    if asked := {name: value for name, value in of.items() if value}:
        students = students.filter(pk__in=shown_plans(actor).filter(**asked).values("student_id"))
    if wanted.manager == NOBODY:
        # Of who has left nobody here is to be found.
        students = students.filter(~Exists(shown_managers(actor).filter(student=OuterRef("pk"))))
        if marks_left(actor):
            students = students.filter(~Exists(left(actor).filter(student=OuterRef("pk"))))
    elif wanted.manager:
        managed = shown_managers(actor).filter(user_id=int(wanted.manager))
        students = students.filter(pk__in=managed.values("student_id"))
    if wanted.review:
        first, last = REVIEWS[wanted.review]
        today = clock.today()
        students = students.filter(plan_review_due_on__lte=today + timedelta(days=last))
        if first is not None:
            students = students.filter(plan_review_due_on__gte=today + timedelta(days=first))
        students = students.filter(Exists(under_review(actor).filter(student=OuterRef("pk"))))
    return students


@dataclass(frozen=True, slots=True)
class Occurring:
    """What occurs among some students: codes, and keys of people, in no order."""

    schools: frozenset[str]
    grades: frozenset[str]
    plans: frozenset[str]
    disabilities: frozenset[str]
    managers: frozenset[int]


def occurring(students: ScopedQuerySet, actor: Actor) -> Occurring:
    """What ``students`` can be narrowed to so that somebody is left; two queries, for a long list three.

    Of a list that is too long to be looked through for this, what occurs at the actor's agencies, or at the chosen
    district: their schools and grades, all plan types and disabilities, and their people who manage a case.
    """
    keys = few_keys(students)
    if keys is None and actor.record_leas is not None:
        return _at_agencies(actor)
    listed = keys_listed(students) if keys is None else keys
    places = newest_enrollments(actor).filter(student__in=listed).order_by()
    plans = shown_plans(actor).filter(student__in=listed).order_by()
    managers = shown_managers(actor).filter(student__in=listed).order_by()
    found = [
        places.values_list("school_code", "grade_code").distinct(),
        plans.values_list("plan_type_code", "disability_1_code").distinct(),
        managers.values_list("user_id").distinct(),
    ]
    read_together(*found)
    at, of, people = found
    return Occurring(
        _column(at, 0), _column(at, 1), _column(of, 0), _column(of, 1), frozenset(pk for (pk,) in people)
    )


def _column(rows: Iterable[tuple[str, str]], place: int) -> frozenset[str]:
    return frozenset(row[place] for row in rows if row[place])


def _at_agencies(actor: Actor) -> Occurring:
    today, codes = clock.today(), actor.narrowed.agency_codes
    rows = Enrollment.objects.believed().filter(
        Q(effective_to__isnull=True) | Q(effective_to__gte=today), lea_code__in=codes
    )
    if actor.perspective.scope is Scope.SCHOOL:
        rows = rows.filter(school_code__in=actor.school_codes)
    at = list(rows.order_by().values_list("school_code", "grade_code").distinct())
    managed = CaseAssignment.objects.as_of(effective=today).filter(user=OuterRef("pk"))
    people = User.objects.filter(Exists(managed), grants__agency__code__in=codes)
    plans, disabilities = (
        frozenset(one.code for one in code_set(name).current())
        for name in ("EducationPlanType", "Disability")
    )
    managers = frozenset(people.order_by().values_list("pk", flat=True).distinct())
    return Occurring(_column(at, 0), _column(at, 1), plans, disabilities, managers)


def is_school_of(actor: Actor, code: str) -> bool:
    """Whether a student within reach is shown at this school."""
    rows = newest_enrollments(actor).filter(school_code=code)
    return visible_to(actor).filter(pk__in=rows.values("student_id")).exists()


def is_manager_within(actor: Actor, user_id: int) -> bool:
    """Whether this person is shown as the case manager of a student within reach."""
    rows = shown_managers(actor).filter(user_id=user_id)
    return visible_to(actor).filter(pk__in=rows.values("student_id")).exists()


def counts_without(students: ScopedQuerySet, actor: Actor, wanted: Narrowing) -> dict[str, int]:
    """How many there would be without each chosen part, capped; one query."""
    keys = [part.key for part, _ in wanted.chosen]
    counts = capped_counts(students, [partial(_without, actor=actor, wanted=wanted, key=key) for key in keys])
    return dict(zip(keys, counts, strict=True))


def _without(students: ScopedQuerySet, *, actor: Actor, wanted: Narrowing, key: str) -> ScopedQuerySet:
    return narrowed(students, actor, wanted.without(key))
