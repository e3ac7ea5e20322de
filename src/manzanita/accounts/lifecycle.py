"""Opening and closing accounts: invitation, password, disabling. Nobody ever gets a password from somebody else."""

from __future__ import annotations

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.urls import reverse

from manzanita.accounts import mail
from manzanita.accounts.granting import Refused, why_not_manage
from manzanita.accounts.models import User
from manzanita.accounts.one_time_links import INVITATION, token_for
from manzanita.accounts.sessions import end_sessions
from manzanita.accounts.sign_in_log import log_by, log_own
from manzanita.auditing.actions import Reader
from manzanita.auditing.models import ChangeEvent
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.platform import clock

INVITATIONS_A_DAY = 3
A_DAY = timedelta(days=1)


def invite_person(*, user: User, by: Reader | None, site: str) -> None:
    """Mail ``user`` a link to choose a password. ``site`` is the address of this site (``https://seds.example``).

    The links before it do not count any more.
    """
    user.invited_at = clock.now()
    user.save(update_fields=["invited_at"])
    log_by(user, "invite", by=by, reason="")
    mail.send_invitation(user, site.rstrip("/") + reverse("invitation", args=[token_for(user, INVITATION)]))


def why_not_invite_again(actor: Actor, user: User) -> list[Reason]:
    """Against another invitation: only who manages people sends one, to an open account that never had a password,
    and not all day long."""
    found = why_not_manage(actor)
    if not user.is_active or user.has_usable_password():
        found.append(
            Reason(
                "no-invitation",
                f"{user.name} needs no invitation: the account is closed, or has a password.",
                Owner.COORDINATOR,
                "Whoever forgot a password asks for a new one on the sign-in page.",
            )
        )
    sent = ChangeEvent.objects.filter(
        subject_type=user._meta.label_lower, subject_id=user.pk, action="invite", at__gt=clock.now() - A_DAY
    )
    if sent.count() >= INVITATIONS_A_DAY:
        found.append(
            Reason(
                "invited-enough",
                f"{INVITATIONS_A_DAY} invitations went to {user.email} within a day.",
                Owner.COORDINATOR,
                "Look whether the address is right, and in the folder for unwanted mail; try again tomorrow.",
            )
        )
    return found


def invite_again(*, actor: Actor, user: User, site: str) -> None:
    """Mail another link; the one before it is worth nothing from now on. Whether the person is one of the actor's is
    decided by the caller. Raises ``Refused``."""
    reasons = why_not_invite_again(actor, user)
    if reasons:
        raise Refused(reasons)
    invite_person(user=user, by=actor, site=site)


@transaction.atomic
def set_password(*, user: User, password: str, how: str) -> None:
    """Set the password that ``user`` chose and sign them out everywhere. ``how``: invitation, mail or account.

    The second factor stays as it is.
    """
    user.set_password(password)
    user.save(update_fields=["password"])
    end_sessions(user)
    log_own(user, "set_password", how=how)


@transaction.atomic
def add_address(*, user: User, email: str) -> EmailAddress | None:
    """Another address of ``user``, not confirmed yet; ``None`` where somebody has it already."""
    email = email.strip().lower()
    if User.objects.filter(email=email).exists() or EmailAddress.objects.filter(email__iexact=email).exists():
        return None
    log_own(user, "add_address")
    return EmailAddress.objects.create(user=user, email=email, verified=False, primary=False)


@transaction.atomic
def confirm_address(*, address: EmailAddress) -> None:
    address.verified = True
    address.save(update_fields=["verified"])
    log_own(address.user, "confirm_address", address=address.pk)


@transaction.atomic
def remove_address(*, user: User, pk: int) -> bool:
    """``False`` where that is no further address of ``user``."""
    count, _ = EmailAddress.objects.filter(user=user, pk=pk).delete()
    if count:
        log_own(user, "remove_address", address=pk)
    return bool(count)
