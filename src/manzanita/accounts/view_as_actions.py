"""Looking at the product as a colleague sees it: the start and the end, both logged with both people."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from manzanita.accounts.access_refusals import NotGiven, refusal
from manzanita.accounts.guest_models import LONGEST_VIEW_MINUTES
from manzanita.accounts.guest_queries import colleague_grants
from manzanita.accounts.models import ViewAsSession
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor, Capability
from manzanita.platform import clock


@transaction.atomic
def start_view_as(*, actor: Actor, grant_id: int, reason: str) -> ViewAsSession:
    """Begin to look at the product as the colleague with this grant sees it. Raises ``NotGiven``."""
    grant = colleague_grants(actor).filter(pk=grant_id).first() if actor.may(Capability.VIEW_AS) else None
    if grant is None:
        raise NotGiven(
            [
                refusal(
                    "no-colleague",
                    "There is no such colleague at your agency whose view you may open.",
                    "Choose somebody of the list.",
                )
            ]
        )
    if not reason.strip():
        raise NotGiven(
            [refusal("no-reason", "The reason is missing.", "Say for what help you look; it is logged.")]
        )
    now = clock.now()
    view = ViewAsSession.objects.create(
        helper_id=actor.user_id,
        helper_grant_id=actor.grant_id,
        viewed=grant.user,
        viewed_grant=grant,
        reason=reason.strip()[:300],
        started_at=now,
        ends_at=now + timedelta(minutes=LONGEST_VIEW_MINUTES),
    )
    detail = {"viewed_user": grant.user_id, "viewed_grant": grant.pk}
    log_change(actor=actor, action="start_view_as", subject=view, reason=reason, detail=detail)
    return view


@transaction.atomic
def end_view_as(*, actor: Actor | None, view: ViewAsSession) -> bool:
    """End a view; ``False`` when it was ended. ``actor`` is the helper's own, ``None`` where time or a grant ran
    out."""
    ended_at = clock.now() if actor is not None else min(clock.now(), view.ends_at)
    done = ViewAsSession.objects.filter(pk=view.pk, ended_at__isnull=True).update(ended_at=ended_at)
    if done:
        detail = {
            "helper": view.helper_id,
            "viewed_user": view.viewed_id,
            "viewed_grant": view.viewed_grant_id,
        }
        log_change(actor=actor, action="end_view_as", subject=view, detail=detail)
    return bool(done)
