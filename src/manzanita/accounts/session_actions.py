"""Whoever administers people signs somebody out everywhere; the person is told why, by mail and at the next sign-in."""

from __future__ import annotations

from django.db import transaction

from manzanita.accounts import mail
from manzanita.accounts.granting import Refused, why_not_manage
from manzanita.accounts.models import User
from manzanita.accounts.sessions import end_sessions
from manzanita.accounts.sign_in_log import log_by
from manzanita.auditing.models import ChangeEvent
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.ui.formats import us_date

ACTION = "end_sessions"


def why_not_sign_out(actor: Actor, user: User) -> list[Reason]:
    """Against signing somebody out: only who manages people may, and not themselves."""
    found = why_not_manage(actor)
    if user.pk == actor.user_id:
        found.append(
            Reason(
                "not-ones-own",
                "This would end the session in which you ask for it.",
                Owner.COORDINATOR,
                "Sign out elsewhere on your account page.",
            )
        )
    return found


def sign_out_everywhere(*, actor: Actor, user: User, reason: str) -> int:
    """End every session of ``user``, wherever they work; how many that were. The account stays open.

    Whether the person is one of the actor's is decided by the caller (``people_queries.get_person``), and so is
    whether the actor has just proven who they are. Raises ``Refused``.
    """
    reasons = why_not_sign_out(actor, user)
    reason = reason.strip()
    if not reason:
        reasons.append(Reason("no-reason", "The reason is missing.", Owner.YOU, "Say in a few words why."))
    if reasons:
        raise Refused(reasons)
    with transaction.atomic():
        ended = end_sessions(user)
        log_by(user, ACTION, by=actor, reason=reason, sessions=ended)
    mail.send_notice(
        user,
        "You were signed out everywhere",
        f"{actor.person_name} of {actor.agency_name} ended all your sessions: {reason}\n\n"
        "Your account is open; you can sign in again.",
    )
    return ended


def signed_out_by(user: User) -> str:
    """What to tell ``user`` at this sign-in, before it is noted: who signed them out since the last one, and why."""
    about = ChangeEvent.objects.filter(subject_type=user._meta.label_lower, subject_id=user.pk)
    newest = about.filter(action__in=("sign_in", ACTION)).order_by("-at", "-pk").first()
    if newest is None or newest.action != ACTION:
        return ""
    by = User.objects.get(pk=newest.actor_user_id)
    return (
        f"{by.name} signed you out everywhere on {us_date(newest.at)}: {newest.reason} "
        "If you do not know of it, ask them before you go on."
    )
