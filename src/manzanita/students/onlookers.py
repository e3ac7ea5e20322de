"""Everybody who may see one student: people whom the asker manages, guests among them; other agencies by name.

The same grants and the same scope as everywhere (``students.scope.visible_to``), asked for all people at once:
standings that reach the same students are one question, and all questions are one query.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef

from manzanita.accounts.guest_queries import viewing_actor
from manzanita.accounts.models import Grant, GrantStudent, User, ViewAsSession
from manzanita.accounts.people_queries import managed_grants
from manzanita.accounts.queries import actor_of, capabilities_of, in_force, is_in_force, standings_of
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.orgs.models import Agency
from manzanita.platform import clock
from manzanita.students.expected import expected_places
from manzanita.students.models import AgencyRelation, Enrollment, Plan, SpecialEducationStatus, Student
from manzanita.students.scope import visible_to
from manzanita.students.ties import assigned_users

# Perspectives of people who are nobody's staff here; each was let in by somebody, for a reason and a time.
GUESTS = frozenset({"cde_monitor", "requested_record", "host_session"})


@dataclass(frozen=True, slots=True)
class Onlooker:
    """One person through one standing. ``ends_on`` or ``ends_at`` is when it ends by itself; ``reason`` says why a
    guest was let in; ``as_name`` whose eyes somebody looks through just now."""

    user: User
    perspective: str
    agency: str
    is_guest: bool
    ends_on: date | None
    ends_at: datetime | None
    given_by: str
    reason: str
    as_name: str = ""


def onlookers_of(actor: Actor, student: Student) -> list[Onlooker]:
    """People whom the actor manages and who may open the student's page now: guests first, then staff by name."""
    standings = _standings(actor, student, clock.today())
    asked = {_signature(standing): actor_of(standing[0].user, *standing) for standing in standings}
    reached = _reached(student, list(asked.values()))
    reaching = {signature for signature, is_reached in zip(asked, reached, strict=True) if is_reached}
    found = [_onlooker(standing) for standing in standings if _signature(standing) in reaching]
    found += _views_as(student, [grant.pk for standing in standings for grant in standing])
    return sorted(found, key=lambda one: (not one.is_guest, one.user.name, one.user.pk, one.perspective))


def other_agencies(actor: Actor, student: Student) -> list[Agency]:
    """Agencies beside the actor's whose own staff may see the student: those with a tie, and the SELPA; by name."""
    today = clock.today()
    of_student = {"student": student}
    codes = {actor.selpa_code}
    for lea, nps in (
        Enrollment.objects.as_of(effective=today).filter(**of_student).values_list("lea_code", "nps_code")
    ):
        codes |= {lea, nps}
    for lea, dsea in (
        Plan.objects.as_of(effective=today).filter(**of_student).values_list("lea_code", "dsea_code")
    ):
        codes |= {lea, dsea}
    for rows, column in (
        (SpecialEducationStatus.objects, "lea_code"),
        (AgencyRelation.objects, "agency_code"),
    ):
        codes |= set(rows.as_of(effective=today).filter(**of_student).values_list(column, flat=True))
    expected = expected_places(today)
    if expected is not None:
        codes |= set(expected.filter(**of_student).values_list("agency_code", flat=True))
    own = {actor.agency_code, *actor.agency_codes, ""}
    return list(Agency.objects.filter(code__in=codes - own).order_by("name"))


def _standings(actor: Actor, student: Student, today: date) -> list[list[Grant]]:
    """Standings that could reach the student: readers, and of those who need an assignment or a name who has one."""
    grants = (
        managed_grants(actor)
        .filter(in_force(today), user__is_active=True)
        .select_related(
            "user", "agency", "role", "granted_by", "delegated_from__role", "delegated_from__user"
        )
        .prefetch_related("schools__school")
        .order_by("user__name", "pk")
    )
    by_user: dict[int, list[Grant]] = {}
    for grant in grants:
        if grant.delegated_from is None or is_in_force(grant.delegated_from, today):
            by_user.setdefault(grant.user_id, []).append(grant)
    assigned = assigned_users(student.pk, today)
    naming = set(GrantStudent.objects.filter(student_id=student.pk).values_list("grant_id", flat=True))
    found = []
    for standing in (one for grants in by_user.values() for one in standings_of(grants)):
        scope = PERSPECTIVES[standing[0].perspective_key].scope
        if not any(Capability.READ_STUDENT in capabilities_of(grant) for grant in standing):
            continue
        if scope is Scope.ASSIGNED and standing[0].user_id not in assigned:
            continue
        if scope is Scope.NAMED and not any(grant.pk in naming for grant in standing):
            continue
        found.append(standing)
    return found


def _signature(standing: Sequence[Grant]) -> tuple[object, ...]:
    """Standings of equal signature reach the same students."""
    first = standing[0]
    scope = PERSPECTIVES[first.perspective_key].scope
    own: object = None
    if scope in (Scope.ASSIGNED, Scope.NAMED):
        own = first.user_id
    elif scope is Scope.SCHOOL:
        own = frozenset(one.school.code for grant in standing for one in grant.schools.all())
    return first.perspective_key, first.agency_id, first.designation, own


def _reached(student: Student, actors: Iterable[Actor]) -> list[bool]:
    """Of each actor, whether the student is within reach; one query."""
    wanted = {
        f"reached_{number}": Exists(visible_to(one).filter(pk=OuterRef("pk")))
        for number, one in enumerate(actors)
    }
    if not wanted:
        return []
    told = Student.objects.scoped().filter(pk=student.pk).annotate(**wanted).values(*wanted).get()
    return [told[name] for name in wanted]


def _onlooker(standing: Sequence[Grant]) -> Onlooker:
    # The one of them that lasts longest: while it does, the person sees the student.
    last = max(standing, key=lambda grant: (grant.ends_on is None, grant.ends_on or date.min))
    return Onlooker(
        user=last.user,
        perspective=last.perspective_label,
        agency=last.agency.name,
        is_guest=last.perspective_key in GUESTS,
        ends_on=last.ends_on,
        ends_at=last.ends_at,
        given_by=last.granted_by.name if last.granted_by else "",
        reason=last.reason,
    )


def _views_as(student: Student, grant_ids: Sequence[int]) -> list[Onlooker]:
    """Who looks through the eyes of one of these people at this moment, and reaches the student that way."""
    running = ViewAsSession.objects.filter(
        viewed_grant__in=grant_ids, ended_at__isnull=True, ends_at__gt=clock.now()
    ).select_related("helper", "helper_grant__agency", "viewed", "viewed_grant__agency")
    found = []
    for view in running:
        seen_as = viewing_actor(view, view.helper)
        if seen_as is not None and visible_to(seen_as).filter(pk=student.pk).exists():
            found.append(
                Onlooker(
                    user=view.helper,
                    perspective=view.helper_grant.perspective_label,
                    agency=view.helper_grant.agency.name,
                    is_guest=True,
                    ends_on=None,
                    ends_at=view.ends_at,
                    given_by="",
                    reason=view.reason,
                    as_name=view.viewed.name,
                )
            )
    return found
