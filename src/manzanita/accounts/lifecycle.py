"""Opening and closing accounts: invitation, password, disabling. Nobody ever gets a password from somebody else."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import transaction
from django.urls import reverse

from manzanita.accounts import mail
from manzanita.accounts.models import User
from manzanita.accounts.one_time_links import INVITATION, token_for
from manzanita.accounts.sessions import end_sessions
from manzanita.accounts.sign_in_log import log_by, log_own
from manzanita.auditing.actions import Reader


def invite_person(*, user: User, by: Reader | None, site: str) -> None:
    """Mail ``user`` a link to choose a password. ``site`` is the address of this site (``https://seds.example``).

    Inviting again is harmless: whichever link is used first ends the others.
    """
    log_by(user, "invite", by=by, reason="")
    mail.send_invitation(user, site.rstrip("/") + reverse("invitation", args=[token_for(user, INVITATION)]))


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
