"""What a list shows of a student, as conditions: what is narrowed, offered and put in order is what stands in the rows
(:func:`students.listing.list_rows`). Anything else would tell of a student what the list does not."""

from __future__ import annotations

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When

from manzanita.domain.access import Actor, Relationship
from manzanita.domain.scenarios import PARTICIPATING
from manzanita.platform import clock
from manzanita.students.models import CaseAssignment, Enrollment, Plan, SpecialEducationStatus

# The newest of a student's enrollments is shown: the last by these.
NEWEST = ("started_on", "effective_from", "pk")


def read_by(actor: Actor, enrollments: QuerySet) -> QuerySet:
    """Those of the LEAs whose records the actor reads.

    Inside a CASE, because the database might otherwise gather all rows of the LEAs first to find those of fifty
    students. PostgreSQL knows that it leaks nothing, and drops a foreign row before row-level security has to look for
    its person.
    """
    if actor.record_leas is None:
        return enrollments
    return enrollments.filter(Case(When(lea_code__in=actor.record_leas, then=True), default=False))


def newest_enrollments(actor: Actor) -> QuerySet[Enrollment]:
    """The enrollment that a list shows of each student."""
    rows = Enrollment.objects.believed()
    if actor.record_leas is not None:
        rows = rows.filter(lea_code__in=actor.record_leas)
    started, began, key = (OuterRef(name) for name in NEWEST)
    newer = read_by(actor, Enrollment.objects.believed().filter(student=OuterRef("student_id"))).filter(
        Q(started_on__gt=started)
        | Q(started_on=started, effective_from__gt=began)
        | Q(started_on=started, effective_from=began, pk__gt=key)
    )
    return rows.filter(~Exists(newer))


def marks_left(actor: Actor) -> bool:
    """Does a list mark students as having left, and keep of them what is true elsewhere now?"""
    return Relationship.FORMER in actor.perspective.relationships


def left(actor: Actor) -> QuerySet[Enrollment]:
    """The newest enrollment of each student who has left."""
    return newest_enrollments(actor).filter(effective_to__lt=clock.today())


def _unless_left(actor: Actor, rows: QuerySet) -> QuerySet:
    if not marks_left(actor):
        return rows
    return rows.filter(~Exists(left(actor).filter(student=OuterRef("student_id"))))


def shown_plans(actor: Actor) -> QuerySet[Plan]:
    """The plans in force; of a student who has left only one that an LEA reported whose records the actor reads."""
    plans = Plan.objects.as_of(effective=clock.today())
    if actor.record_leas is None or not marks_left(actor):
        return plans
    gone = left(actor).filter(student=OuterRef("student_id"))
    return plans.filter(Q(lea_code__in=actor.record_leas) | ~Exists(gone))


def shown_managers(actor: Actor) -> QuerySet[CaseAssignment]:
    return _unless_left(actor, CaseAssignment.objects.as_of(effective=clock.today()))


def under_review(actor: Actor) -> QuerySet[SpecialEducationStatus]:
    """The status of each student of whom a list shows when the plan is reviewed: of who takes part, and is here."""
    taking_part = SpecialEducationStatus.objects.as_of(effective=clock.today())
    return _unless_left(actor, taking_part.filter(status_code=PARTICIPATING))
