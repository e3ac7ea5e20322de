"""Sessions of host staff at one agency: asked, answered, ended. Each act is logged, and the agency is told."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from manzanita.accounts.access_refusals import NotGiven, decide_on, refusal, require_open
from manzanita.accounts.actions import grant_perspective
from manzanita.accounts.guest_mail import tell_coordinators
from manzanita.accounts.guest_models import LONGEST_SESSION_HOURS
from manzanita.accounts.guest_queries import HOST_SESSION, HOST_STAFF, is_running
from manzanita.accounts.models import Grant, HostSession, User
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.orgs.models import Agency
from manzanita.platform import clock


@transaction.atomic
def ask_host_session(*, actor: Actor, agency: Agency, comment: str, ticket: str, hours: int) -> HostSession:
    """Host staff ask one agency for a session; the agency is told at once. Raises ``NotGiven``."""
    refusals = []
    if actor.perspective_key != HOST_STAFF:
        refusals.append(
            refusal(
                "not-host", "Sessions are for staff of the host.", "Change to your perspective Host staff."
            )
        )
    if agency.kind not in PERSPECTIVES[HOST_SESSION].agency_kinds:
        refusals.append(
            refusal("no-district", f"{agency.name} has no students of its own.", "Choose a district.")
        )
    if not comment.strip() or not ticket.strip():
        refusals.append(
            refusal(
                "no-comment",
                "The comment or the ticket is missing.",
                "Say what has to be looked at and why, and the number of the ticket.",
            )
        )
    if not 1 <= hours <= LONGEST_SESSION_HOURS:
        refusals.append(
            refusal(
                "hours", f"A session lasts 1 to {LONGEST_SESSION_HOURS} hours.", "Choose its length anew."
            )
        )
    others = HostSession.objects.filter(
        asked_by=actor.user_id, agency=agency, state__in=["asked", "approved"]
    )
    if any(one.state == "asked" or is_running(one) for one in others):
        refusals.append(
            refusal(
                "already-asked",
                f"You have a session at {agency.name} already, asked for or running.",
                "Use it, or end it first.",
            )
        )
    if refusals:
        raise NotGiven(refusals)
    session = HostSession.objects.create(
        asked_by_id=actor.user_id,
        agency=agency,
        comment=comment.strip()[:300],
        ticket=ticket.strip()[:60],
        hours=hours,
        asked_at=clock.now(),
    )
    log_change(actor=actor, action="ask_host_session", subject=session, reason=session.comment)
    tell_coordinators(agency.pk, "host-session-asked")
    return session


@transaction.atomic
def approve_host_session(*, actor: Actor, session: HostSession, answer: str) -> HostSession:
    """Open the session now, for the hours asked. Raises ``NotGiven``."""
    locked = HostSession.objects.select_for_update().get(pk=session.pk)
    require_open(actor, HOST_SESSION, locked, answer)
    now = clock.now()
    ends_at = now + timedelta(hours=locked.hours)
    grant = grant_perspective(
        user=locked.asked_by,
        perspective_key=HOST_SESSION,
        agency=locked.agency,
        starts_on=clock.today(),
        ends_on=ends_at.astimezone(clock.CALIFORNIA).date(),
        ends_at=ends_at,
        by=User.objects.get(pk=actor.user_id),
        reason=f"Ticket {locked.ticket}",
    )
    decide_on(actor, locked, "approved", answer)
    locked.grant, locked.opened_at, locked.ends_at = grant, now, ends_at
    locked.save()
    log_change(actor=actor, action="approve_host_session", subject=locked, reason=answer)
    tell_coordinators(locked.agency_id, "host-session-approved")
    return locked


@transaction.atomic
def refuse_host_session(*, actor: Actor, session: HostSession, answer: str) -> HostSession:
    locked = HostSession.objects.select_for_update().get(pk=session.pk)
    require_open(actor, HOST_SESSION, locked, answer)
    decide_on(actor, locked, "refused", answer)
    locked.save()
    log_change(actor=actor, action="refuse_host_session", subject=locked, reason=answer)
    return locked


@transaction.atomic
def end_host_session(*, actor: Actor, session: HostSession) -> bool:
    """End a session, or take back the question for one; ``False`` when it was over. The caller has found it in the
    actor's reach."""
    locked = HostSession.objects.select_for_update().get(pk=session.pk)
    if locked.state != "asked" and not is_running(locked):
        return False
    now = clock.now()
    locked.state, locked.ended_at, locked.ended_by_id = "ended", now, actor.user_id
    locked.save()
    if locked.grant_id is not None:
        Grant.objects.filter(pk=locked.grant_id).update(ends_at=now)
    log_change(actor=actor, action="end_host_session", subject=locked)
    if locked.grant_id is not None:
        tell_coordinators(locked.agency_id, "host-session-ended")
    return True
