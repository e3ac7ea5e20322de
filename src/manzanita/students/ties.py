"""The rows that tie a student to an actor, relationship by relationship.

Every condition here is that of ``domain.access.reached``, put as SQL; a property test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import reduce
from operator import or_
from types import MappingProxyType

from django.db.models import Q, QuerySet

from manzanita.domain.access import Actor, Relationship, Scope
from manzanita.platform import clock
from manzanita.students.expected import expected_places
from manzanita.students.former_reach import expected_back, left_in_open_year
from manzanita.students.infants import infant_plans
from manzanita.students.models import (
    AgencyRelation,
    CaseAssignment,
    Enrollment,
    Plan,
    Service,
    SpecialEducationStatus,
    TeamMember,
)

Relation = Callable[[Actor, date], list[QuerySet]]


def _enrolled(actor: Actor) -> QuerySet:
    """Believed enrollments at the actor's agencies; for a school scope, at its schools."""
    return _enrolled_at(actor, Enrollment.objects.believed())


def _enrolled_at(actor: Actor, rows: QuerySet) -> QuerySet:
    rows = rows.filter(lea_code__in=actor.agency_codes)
    return (
        rows.filter(school_code__in=actor.school_codes) if actor.perspective.scope is Scope.SCHOOL else rows
    )


# Told by enrollments, one look for all of them: each look more is planned and judged anew, by policies too.
ENROLLED = frozenset({Relationship.ATTENDING, Relationship.NEXT_YEAR, Relationship.FORMER})


def _enrolled_by(actor: Actor, relationships: frozenset[Relationship], today: date) -> QuerySet:
    """Enrollments that tie a student to the actor by one of ``relationships``, of ``ENROLLED``."""
    lasts = Q(effective_to__isnull=True) | Q(effective_to__gte=today)
    in_reach = left_in_open_year(today)
    lately = Q(effective_to__lt=today) & in_reach
    if relationships == ENROLLED:
        # No enrollment ends before it begins, so that these three are all but those that ended long ago.
        return _enrolled(actor).filter(Q(effective_to__isnull=True) | in_reach)
    days = {
        Relationship.ATTENDING: lasts & Q(effective_from__lte=today),
        Relationship.NEXT_YEAR: Q(effective_from__gt=today),
        Relationship.FORMER: lately,
    }
    return _enrolled(actor).filter(reduce(or_, (days[one] for one in days if one in relationships)))


def _expected_back(actor: Actor, today: date) -> list[QuerySet]:
    """At the actor's agencies, of whom ``_enrolled_by`` may already have nothing any more."""
    rows = expected_back(today)
    return [] if rows is None else [_enrolled_at(actor, rows)]


def attending_rows(actor: Actor, today: date) -> QuerySet:
    return _enrolled_by(actor, frozenset({Relationship.ATTENDING}), today)


def _infants(actor: Actor, today: date) -> list[QuerySet]:
    """None is at a school."""
    if actor.perspective.scope is Scope.SCHOOL:
        return []
    return [infant_plans(today).filter(lea_code__in=actor.agency_codes)]


def _accountability(actor: Actor, today: date) -> list[QuerySet]:
    """Plans that another LEA reports and that name the actor's as DSEA. A plan of one's own says nothing of the kind:
    it stays in force for a while after the student has left."""
    plans = Plan.objects.as_of(effective=today).filter(dsea_code__in=actor.agency_codes)
    return [plans.exclude(lea_code__in=actor.agency_codes)]


def reporting_rows(actor: Actor, today: date) -> list[QuerySet]:
    return [SpecialEducationStatus.objects.as_of(effective=today).filter(lea_code__in=actor.agency_codes)]


def _served(actor: Actor, today: date) -> list[QuerySet]:
    return [
        Service.objects.as_of(effective=today).filter(npa_id=actor.npa_id).exclude(npa_id=""),
        Enrollment.objects.as_of(effective=today).filter(nps_code__in=actor.agency_codes),
    ]


def _expected(actor: Actor, today: date) -> list[QuerySet]:
    places = expected_places(today)
    return [] if places is None else [_placed_at(actor, places)]


def expected_at(actor: Actor) -> QuerySet:
    """Places at the actor's agencies that wait for a student (``students.expected``): for a school scope, at its
    schools."""
    places = expected_places(clock.today())
    if places is None or Relationship.EXPECTED not in actor.perspective.relationships:
        return AgencyRelation.objects.none()
    return _placed_at(actor, places)


# Told by rows of their own.
STATED = frozenset({Relationship.RESIDENCE, Relationship.LOCATION, Relationship.NEXT_YEAR})


def _stated(actor: Actor, relationships: frozenset[Relationship], today: date) -> QuerySet:
    stated = AgencyRelation.objects.as_of(effective=today)
    return _placed_at(actor, stated.filter(relationship__in=sorted(relationships)))


def _placed_at(actor: Actor, rows: QuerySet) -> QuerySet:
    """Of relations those to the actor's agencies; for a school scope, to its schools."""
    rows = rows.filter(agency_code__in=actor.agency_codes)
    return (
        rows.filter(school_code__in=actor.school_codes) if actor.perspective.scope is Scope.SCHOOL else rows
    )


RELATIONS: Mapping[Relationship, Relation] = MappingProxyType(
    {
        Relationship.INFANT: _infants,
        Relationship.ACCOUNTABILITY: _accountability,
        Relationship.REPORTING: reporting_rows,
        Relationship.EXPECTED: _expected,
        Relationship.SERVICE_AGENCY: _served,
        # Besides those of ``ENROLLED``, from the day after the window closed to Census Day.
        Relationship.FORMER: _expected_back,
    }
)


def rows_tying(actor: Actor, relationships: frozenset[Relationship], today: date) -> list[QuerySet]:
    """Rows of which any ties a student to the actor by one of ``relationships``. Enrollments come first: nearly
    everybody has one, and of whom one is found the database looks for no other row."""
    found = []
    for kinds, rows_of in ((ENROLLED, _enrolled_by), (STATED, _stated)):
        if relationships & kinds:
            found.append(rows_of(actor, relationships & kinds, today))
    return found + [
        rows for one in RELATIONS if one in relationships for rows in RELATIONS[one](actor, today)
    ]


def ended_enrollments(actor: Actor, today: date) -> QuerySet:
    return _enrolled(actor).filter(effective_to__lt=today)


def staying_rows(actor: Actor, here: frozenset[Relationship], today: date) -> list[QuerySet]:
    """Of the rows that tie a student to the actor by ``here``, those without an end."""
    rows = _infants(actor, today) if Relationship.INFANT in here else []
    return [*rows, attending_rows(actor, today).filter(effective_to__isnull=True)]


def assigned_to(user_id: int, today: date) -> QuerySet:
    """Database keys of the students whose case the person manages, or on whose team the person is."""
    managed = CaseAssignment.objects.as_of(effective=today).filter(user_id=user_id).values("student_id")
    team = TeamMember.objects.as_of(effective=today).filter(user_id=user_id).values("student_id")
    return managed.union(team, all=True)


def assigned_users(student_id: int, today: date) -> set[int]:
    """Keys of the people who manage the student's case, or are on the team."""
    rows = (CaseAssignment.objects.as_of(effective=today), TeamMember.objects.as_of(effective=today))
    return {pk for one in rows for pk in one.filter(student=student_id).values_list("user_id", flat=True)}
