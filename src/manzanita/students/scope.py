"""Which students an actor reaches: the one place where scope becomes a query."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from django.db.models import Case, DateField, Exists, Max, OuterRef, QuerySet, Subquery, Value, When

from manzanita.accounts.queries import named_students
from manzanita.domain.access import Actor, Capability, Relationship, Scope, Ties, View
from manzanita.domain.student_transfers import Ground
from manzanita.platform import clock
from manzanita.platform.reach import through_transfer
from manzanita.students.by_rows import Tied, has_one_of, having, listed
from manzanita.students.models import CaseAssignment, ScopedQuerySet, Student, TeamMember
from manzanita.students.ties import (
    assigned_to,
    attending_rows,
    ended_enrollments,
    reporting_rows,
    rows_tying,
    staying_rows,
)
from manzanita.students.transfer_facts import enrolled_by_sis
from manzanita.transfers.models import StudentTransfer
from manzanita.transfers.queries import open_transfers_of, preview_ground

# Whoever an agency has today.
PRESENT = frozenset({Relationship.ATTENDING, Relationship.INFANT})


# Ties that do not say that a student is still here: see ``with_last_day``.
PASSING = frozenset({Relationship.FORMER, Relationship.REPORTING})


# What each view shows of what the perspective reaches.
_SHOWN: Mapping[View, frozenset[Relationship]] = MappingProxyType(
    {
        View.CURRENT: PRESENT,
        View.INCOMING: frozenset({Relationship.NEXT_YEAR, Relationship.EXPECTED}),
        View.LEAVING: frozenset({Relationship.FORMER}),
        View.DSEA_OR_ATTENDING: PRESENT | {Relationship.ACCOUNTABILITY},
        View.ALL: frozenset(Relationship),
    }
)


def visible_to(actor: Actor) -> ScopedQuerySet:
    """Students whom the actor may open: within reach by any relationship of the perspective, whatever the view."""
    if not actor.may(Capability.READ_STUDENT):
        return Student.objects.scoped().none()
    return _also_within(actor, _within(actor, actor.perspective.relationships))


def keys_in_reach(actor: Actor) -> QuerySet:
    """Database keys of ``visible_to``, gathered where that is a whole agency: for rows of everybody, of which few are
    of the actor's students."""
    return gathered(actor).order_by().values("pk")


def gathered(actor: Actor) -> ScopedQuerySet:
    """``visible_to`` for who goes through all of them: gathered where that is a whole agency, not judged one by one."""
    if not _goes_by_rows(actor):
        return visible_to(actor)
    return _also_within(actor, listed(rows_tying(actor, actor.perspective.relationships, clock.today())))


def _goes_by_rows(actor: Actor) -> bool:
    """Are those whom the actor reaches all whom a row ties to the agencies, and nothing else is asked of them?"""
    by_row = actor.perspective.scope not in (Scope.ASSIGNED, Scope.NAMED, Scope.NOBODY)
    return by_row and actor.may(Capability.READ_STUDENT)


def _also_within(actor: Actor, students: ScopedQuerySet) -> ScopedQuerySet:
    """Of ``students``, in a view as somebody else, those whom the helper reaches as well."""
    if actor.within is None:
        return students
    return students.filter(pk__in=visible_to(actor.within).order_by().values("pk"))


def listed_for(actor: Actor) -> ScopedQuerySet:
    """Students whom the actor's lists, counts, searches and exports show: of those within reach, the chosen view
    and school, or district."""
    if not actor.may(Capability.READ_STUDENT):
        return Student.objects.scoped().none()
    perspective = actor.perspective
    if perspective.scope in (Scope.ASSIGNED, Scope.NAMED):
        return visible_to(actor)
    today, asks = clock.today(), actor.narrowed
    rows = rows_tying(asks, perspective.relationships & _SHOWN[actor.view], today)
    if actor.view is View.LEAVING and Relationship.ATTENDING in perspective.relationships:
        # Still here, but with a last day that is already known.
        rows.append(attending_rows(asks, today).filter(effective_to__isnull=False))
    students = listed(rows)
    if actor.view is View.LEAVING and (here := perspective.relationships & PRESENT):
        # The SIS ends each year, also of who comes back: whoever is here without a last day is not leaving.
        students = students.exclude(Tied(staying_rows(asks, here, today)))
    if actor.at_school:
        students = students.filter(Tied([attending_rows(actor, today).filter(school_code=actor.at_school)]))
    return _also_within(actor, students)


def present_for(actor: Actor) -> ScopedQuerySet:
    """Of the students whom the lists show, those of whom the actor sees what is true now: the others have left, and
    what came after their last day is the next LEA's (``with_last_day``)."""
    students = listed_for(actor)
    perspective = actor.perspective
    shown = perspective.relationships
    if perspective.scope is not Scope.ASSIGNED:
        shown = shown & _SHOWN[actor.view]
    if perspective.scope in (Scope.NAMED, Scope.NOBODY) or not (shown & PASSING):
        return students
    stays = rows_tying(actor, perspective.relationships - PASSING, clock.today())
    return students.filter(Tied(stays)) if stays else students.none()


def lists_all(actor: Actor) -> bool:
    """Do the lists show everybody within reach?"""
    is_whole = actor.view is View.ALL or actor.perspective.scope in (Scope.ASSIGNED, Scope.NAMED)
    return is_whole and not actor.at_place


def outside_view(actor: Actor, *, is_whole: bool = False) -> ScopedQuerySet:
    """Students within reach whom the lists do not show in the chosen view: nobody is hidden without a word.

    ``is_whole``: for who counts them, and looks for none of them."""
    if lists_all(actor):
        return Student.objects.scoped().none()
    within = gathered(actor) if is_whole else visible_to(actor)
    return within.exclude(pk__in=listed_for(actor).order_by().values("pk"))


def _within(actor: Actor, relationships: frozenset[Relationship]) -> ScopedQuerySet:
    # Another one each time: whoever reads it keeps what was read with it.
    return _composed(actor, relationships, clock.today()).all()


@lru_cache(maxsize=256)
def _composed(actor: Actor, relationships: frozenset[Relationship], today: date) -> ScopedQuerySet:
    """Kept, as putting it together takes as long as several other queries of a page. It is never read itself."""
    scope = actor.perspective.scope
    if scope is Scope.NAMED:
        return Student.objects.scoped().filter(pk__in=named_students(actor))
    if scope is Scope.NOBODY:
        return Student.objects.scoped().none()
    students = having(rows_tying(actor, relationships, today))
    if scope is Scope.ASSIGNED:
        students = students.filter(pk__in=assigned_to(actor.user_id, today))
    return students


def current_for(actor: Actor) -> ScopedQuerySet:
    """Students within reach whom the actor's agencies have today (``current_at_agency``)."""
    here = actor.perspective.relationships & PRESENT
    if Relationship.ATTENDING in here and _goes_by_rows(actor):
        # Whoever is here is within reach.
        return _also_within(actor, listed(rows_tying(actor, here, clock.today())))
    return current_at_agency(visible_to(actor), actor)


def current_at_agency(students: ScopedQuerySet, actor: Actor) -> ScopedQuerySet:
    """Of ``students``, those whom the actor's agencies have today: enrolled, or an infant. A perspective that does
    not go by attendance has no others."""
    if Relationship.ATTENDING not in actor.perspective.relationships:
        return students
    return students.filter(Tied(rows_tying(actor, actor.perspective.relationships & PRESENT, clock.today())))


def ties_of(actor: Actor, student_id: int) -> Ties:
    """How a student stands to the actor: what ``domain.access.decide`` weighs. Asks no scope, shows nothing."""
    today = clock.today()
    of_student = {"student_id": student_id}
    held = frozenset(
        one
        for one in Relationship
        if any(rows.filter(**of_student).exists() for rows in rows_tying(actor, frozenset({one}), today))
    )
    return Ties(
        relationships=held,
        is_assigned=CaseAssignment.objects.as_of(effective=today)
        .filter(user_id=actor.user_id, **of_student)
        .exists()
        or TeamMember.objects.as_of(effective=today).filter(user_id=actor.user_id, **of_student).exists(),
        is_named=named_students(actor).filter(**of_student).exists(),
        through=with_last_day(Student.objects.scoped(), actor).get(pk=student_id).seen_through,
    )


def with_last_day(students: ScopedQuerySet, actor: Actor) -> ScopedQuerySet:
    """``students`` with ``seen_through``: the last day of one who is here no longer, ``None`` while a present tie of
    the perspective lasts. Reporting alone is none: it ends when the next LEA reports, days or months after."""
    today = clock.today()
    if actor.perspective.scope in (Scope.NAMED, Scope.NOBODY):
        return students.annotate(seen_through=Value(None, output_field=DateField()))
    ended = (
        ended_enrollments(actor, today)
        .filter(student=OuterRef("pk"))
        .order_by()
        .values("student")
        .annotate(last=Max("effective_to"))
        .values("last")
    )
    stays = rows_tying(actor, actor.perspective.relationships - PASSING, today)
    whens = [When(has_one_of(stays), then=Value(None))] if stays else []
    return students.annotate(seen_through=Case(*whens, default=Subquery(ended), output_field=DateField()))


def here_for(actor: Actor) -> ScopedQuerySet:
    """Students within reach whose ``seen_through`` (``with_last_day``) is ``None``: what holds today is told of them.

    Of a whole agency they are gathered: whom a tie that lasts reaches, and of those whom it only reports, whoever was
    never enrolled there or has not left. Judged one by one, 25,000 students took a second and more.
    """
    if not _goes_by_rows(actor):
        return with_last_day(visible_to(actor), actor).filter(seen_through__isnull=True)
    today = clock.today()
    rows = rows_tying(actor, actor.perspective.relationships - PASSING, today)
    if Relationship.REPORTING in actor.perspective.relationships:
        left = Exists(ended_enrollments(actor, today).order_by().filter(student=OuterRef("student")))
        rows += [one.filter(~left) for one in reporting_rows(actor, today)]
    return _also_within(actor, listed(rows))


def asked_for(actor: Actor, student_ids: Collection[int]) -> ScopedQuerySet:
    """Of these students those whom other agencies ask the actor's for in an open transfer: who answers has to know who
    it is, also of one who left long ago. For the name on that transfer's page, and nothing else."""
    asked = open_transfers_of(actor).filter(
        sending_code__in=actor.agency_codes, student_id__in=list(student_ids)
    )
    return Student.objects.scoped().filter(pk__in=list(asked.values_list("student_id", flat=True)))


@contextmanager
def previewed(actor: Actor, transfer: StudentTransfer) -> Iterator[Student | None]:
    """Within this the student of a transfer is there to be read by the agency that asks, while a ground holds
    (``domain.student_transfers.Ground``); ``None`` where none does. No list, search or count ever holds the student by
    this: it ends with the transfer, and with the block."""
    shows = enrolled_by_sis(transfer.student_id, transfer.receiving_code) is not None
    fresh = StudentTransfer.objects.get(pk=transfer.pk)
    if preview_ground(actor, fresh, sis_shows=shows) is Ground.NONE:
        yield None
        return
    with through_transfer(fresh.pk):
        yield Student.objects.scoped().get(pk=fresh.student_id)


def in_reach(actor: Actor) -> Exists:
    """Condition on rows with a ``student_id``: the student is within reach. It is asked by the student's key, row by
    row: rows of one LEA, or a page of them, are few beside all students."""
    return Exists(visible_to(actor).order_by().filter(pk=OuterRef("student_id")))


def lea_filter(actor: Actor) -> dict[str, Any]:
    """Cuts rows with a ``lea_code`` (meetings, archives, findings ...) to the LEAs whose records the actor reads."""
    return {} if actor.record_leas is None else {"lea_code__in": actor.record_leas}
