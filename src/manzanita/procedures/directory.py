"""Requests for the directory beside students and people: who is affected, and what approval does to access."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from manzanita.accounts.guest_mail import tell_coordinators
from manzanita.accounts.models import Grant, GrantSchool
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.directory_requests import Kind, Place
from manzanita.orgs import request_actions
from manzanita.orgs.models import Agency, DirectoryRequest, School
from manzanita.platform import clock
from manzanita.students.models import AgencyRelation, Enrollment, ScopedQuerySet, Service
from manzanita.students.scope import visible_to


@dataclass(frozen=True, slots=True)
class AtSchool:
    """How many students of a district and school are affected; ``school_code`` is blank where rows name none."""

    lea_code: str
    school_code: str
    count: int


def affected_students(actor: Actor, request: DirectoryRequest) -> ScopedQuerySet:
    """Students within reach whom the request is about: who is there on its day or later. Of a new school those whom the
    SIS names there already."""
    rows = _rows(request).filter(student=OuterRef("pk"))
    return visible_to(actor).filter(Exists(rows))


def affected_by_school(actor: Actor, request: DirectoryRequest) -> list[AtSchool]:
    """Their numbers by district and school, the most first. One query."""
    rows = _rows(request).filter(student__in=visible_to(actor).order_by().values("pk"))
    lea, school = {
        Place.NPA: ("lea_code", None),
        Place.PRIVATE_SCHOOL: ("agency_code", "school_code"),
    }.get(Place(request.place), ("lea_code", "school_code"))
    names = [lea, school] if school else [lea]
    grouped = rows.order_by().values_list(*names).annotate(Count("student", distinct=True))
    found = [AtSchool(row[0], row[1] if school else "", row[-1]) for row in grouped]
    return sorted(found, key=lambda one: (-one.count, one.lea_code, one.school_code))


def _rows(request: DirectoryRequest) -> QuerySet:
    """Facts that name the school or agency on the request's day or later."""
    code, day = request.about, request.day
    lasts = Q(effective_to__isnull=True) | Q(effective_to__gte=day)
    if request.kind == Kind.CLOSED:
        # Who is there on the last day alone has left with it.
        lasts = Q(effective_to__isnull=True) | Q(effective_to__gt=day)
    if request.place == Place.NPA:
        return Service.objects.believed().filter(lasts, npa_id=code)
    if request.place == Place.PRIVATE_SCHOOL:
        return AgencyRelation.objects.believed().filter(lasts, agency_code=code)
    enrolled = Enrollment.objects.believed().filter(lasts)
    if request.place == Place.NPS:
        return enrolled.filter(nps_code=code)
    return enrolled.filter(school_code=code, lea_code=request.lea_code)


def people_of_place(request: DirectoryRequest) -> int:
    """How many grants in force name the school, or are at the agency, that the request is about."""
    today = clock.today()
    in_force = Q(ends_on__isnull=True) | Q(ends_on__gte=today)
    rows = Grant.objects.filter(in_force, starts_on__lte=today)
    if request.place == Place.SCHOOL:
        return rows.filter(schools__school__code=request.target_code).distinct().count()
    return rows.filter(agency__code=request.target_code).count()


@transaction.atomic
def approve(*, actor: Actor, request: DirectoryRequest, words: str = "") -> int:
    """Approve the request; how many grants of the old school reach the new code as well. Raises ``NotDone``."""
    request_actions.approve_request(actor=actor, request=request, words=words)
    carried = _carry_grants(actor, request)
    _tell(request)
    return carried


@transaction.atomic
def decline(*, actor: Actor, request: DirectoryRequest, words: str) -> None:
    """Decline it with a reason. Raises ``NotDone``."""
    request_actions.decline_request(actor=actor, request=request, words=words)
    _tell(request)


def _carry_grants(actor: Actor, request: DirectoryRequest) -> int:
    """Whoever works for a school goes on to do so under its new code."""
    if request.kind != Kind.CODE or request.place != Place.SCHOOL:
        return 0
    new = School.objects.get(code=request.code)
    grants: Sequence[int] = list(
        GrantSchool.objects.filter(school__code=request.target_code).values_list("grant_id", flat=True)
    )
    GrantSchool.objects.bulk_create(
        [GrantSchool(grant_id=pk, school=new) for pk in grants], ignore_conflicts=True
    )
    if grants:
        log_change(
            actor=actor,
            action="carry_grants",
            subject=request,
            reason="The school goes on under a new code.",
            detail={"from": request.target_code, "to": request.code, "grants": list(grants)},
        )
    return len(grants)


def _tell(request: DirectoryRequest) -> None:
    agency = Agency.objects.filter(code=request.lea_code).first()
    if agency is not None:
        tell_coordinators(agency.pk, "directory-answered")
