"""Reading the access of guests: monitors, host sessions, views as a colleague, requested records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from django.db.models import Count, Q, QuerySet

from manzanita.accounts.models import Grant, GrantStudent, HostSession, RecordRequest, User, ViewAsSession
from manzanita.accounts.queries import actor_of, capabilities_of, grants_in_force, in_force, standing_with
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.platform import clock

MONITOR, REQUESTED = "cde_monitor", "requested_record"
HOST_STAFF, HOST_SESSION = "host_staff", "host_session"
COLLEAGUES_SHOWN = 50


def may_give(actor: Actor, perspective_key: str) -> bool:
    """May the actor give this perspective at the own agency?"""
    giver = actor.perspective_key
    return actor.may(Capability.MANAGE_PEOPLE) and giver in PERSPECTIVES[perspective_key].granted_by


def monitor_grants(actor: Actor) -> QuerySet[Grant]:
    """Grants of state monitors at the actor's agencies, newest first."""
    found = Grant.objects.filter(perspective_key=MONITOR, agency__code__in=actor.agency_codes)
    return found.select_related("user", "agency", "granted_by").order_by("-pk")


def named_ids(grant: Grant) -> list[int]:
    """Database keys of the students whom a grant names."""
    return list(GrantStudent.objects.filter(grant=grant).order_by("pk").values_list("student_id", flat=True))


def named_counts(grant_ids: Iterable[int]) -> dict[int, int]:
    """How many students each of these grants names."""
    rows = (
        GrantStudent.objects.filter(grant__in=list(grant_ids)).values("grant_id").annotate(count=Count("pk"))
    )
    return {row["grant_id"]: row["count"] for row in rows}


def is_over(grant: Grant) -> bool:
    """Has the grant ended, by its last day or before it?"""
    ended = grant.ends_at is not None and grant.ends_at <= clock.now()
    return ended or (grant.ends_on is not None and grant.ends_on < clock.today())


def overlapping_monitor_grant(email: str, agency_code: str, starts_on: date, ends_on: date) -> Grant | None:
    """A grant that the monitor with this e-mail has at the agency for a day of that period and that stands."""
    found = Grant.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=clock.now()),
        perspective_key=MONITOR,
        agency__code=agency_code,
        user__email=email.lower(),
        starts_on__lte=ends_on,
        ends_on__gte=max(starts_on, clock.today()),
    )
    return found.select_related("user").first()


def host_sessions(actor: Actor) -> QuerySet[HostSession]:
    """Sessions that host staff asked for at the actor's agencies, newest first."""
    found = HostSession.objects.filter(agency__code__in=actor.agency_codes)
    return found.select_related("asked_by", "agency", "decided_by", "ended_by").order_by("-pk")


def own_host_sessions(user_id: int) -> QuerySet[HostSession]:
    """Sessions that somebody of the host asked for, newest first."""
    found = HostSession.objects.filter(asked_by=user_id)
    return found.select_related("agency", "decided_by", "ended_by").order_by("-pk")


def is_running(session: HostSession) -> bool:
    """Can host staff look at the agency's students through it now?"""
    return session.state == "approved" and session.ends_at is not None and session.ends_at > clock.now()


def running_condition(now: datetime) -> Q:
    """``is_running`` as a condition on sessions."""
    return Q(state="approved", ends_at__gt=now)


def record_requests(actor: Actor) -> QuerySet[RecordRequest]:
    """Requests for records that the actor's agencies decide on, newest first."""
    found = RecordRequest.objects.filter(agency__code__in=actor.agency_codes)
    return found.select_related(
        "asked_by", "asked_through__agency", "agency", "decided_by", "grant"
    ).order_by("-pk")


def own_record_requests(user_id: int) -> QuerySet[RecordRequest]:
    """What somebody asked other LEAs for, newest first."""
    found = RecordRequest.objects.filter(asked_by=user_id)
    return found.select_related("agency", "decided_by", "grant").order_by("-pk")


def coordinators_of(agency_id: int) -> list[User]:
    """Who coordinates special education at an agency today, by name."""
    grants = Grant.objects.filter(
        in_force(clock.today()), agency=agency_id, perspective_key="coordinator", user__is_active=True
    )
    return list(User.objects.filter(pk__in=grants.values("user")).order_by("name", "pk"))


def colleague_grants(actor: Actor, text: str = "") -> QuerySet[Grant]:
    """Grants through whose eyes the actor may look: of other people at the own agency or its members, who read
    students there. ``text`` is a part of a name."""
    readers = [
        one.key
        for one in PERSPECTIVES.values()
        if one.scope is not Scope.NOBODY and Capability.READ_STUDENT in one.capabilities
    ]
    found = Grant.objects.filter(
        in_force(clock.today()),
        agency__code__in={actor.agency_code, *actor.agency_codes},
        perspective_key__in=readers,
        user__is_active=True,
    ).exclude(user=actor.user_id)
    if text:
        found = found.filter(user__name__icontains=text)
    return found.select_related("user", "agency", "role").order_by("user__name", "perspective_key", "pk")


def running_view(pk: object, user_id: int) -> ViewAsSession | None:
    """The view as a colleague with this key, if it is this helper's and nobody ended it; its time may be over."""
    found = ViewAsSession.objects.filter(pk=pk, helper=user_id, ended_at__isnull=True)
    return found.select_related("viewed", "viewed_grant__agency").first()


def viewing_actor(
    view: ViewAsSession, helper: User, *, list_view: str = "", at_place: tuple[str, str] = ("", "")
) -> Actor | None:
    """The colleague's actor, cut to reading within the helper's own scope; ``None`` where the view may not go on.
    ``list_view`` and ``at_place`` are what the helper chose of the colleague's lists.

    Asked anew for each request: either grant may have ended, and half an hour passes.
    """
    today = clock.today()
    if view.ends_at <= clock.now() or not view.viewed.is_active:
        return None
    own = standing_with(grants_in_force(helper, today), view.helper_grant_id)
    seen = standing_with(grants_in_force(view.viewed, today), view.viewed_grant_id)
    if not own or not seen or not any(Capability.VIEW_AS in capabilities_of(grant) for grant in own):
        return None
    within = actor_of(helper, *own)
    actor = actor_of(view.viewed, *seen, view=list_view, at_place=at_place)
    return replace(
        actor,
        capabilities=actor.capabilities & {Capability.READ_STUDENT},
        acting_for_id=helper.pk,
        within=within,
    )
