"""Mail about an account. No student and no secret stands in one but a link that is good once."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.core.mail import send_mail

from manzanita.accounts.models import User

_FOOT = "\n\nIf this was not you, tell the SEDS coordinator of your district at once.\n\nManzanita"


def addresses_of(user: User) -> list[str]:
    """All addresses at which the person is known, the account's own first."""
    others = EmailAddress.objects.filter(user=user, verified=True).order_by("pk")
    return list(dict.fromkeys([user.email, *(one.email.lower() for one in others)]))


def send_notice(user: User, subject: str, text: str) -> None:
    """Tell a person, at every address of theirs, that something about their account changed."""
    _send(subject, f"{user.name},\n\n{text}{_FOOT}", addresses_of(user))


def send_invitation(user: User, link: str) -> None:
    text = (
        f"{user.name},\n\nan account was made for you. Choose your password here within seven days; the link is "
        f"good once:\n\n{link}\n\nManzanita"
    )
    _send("Your account", text, [user.email])


def send_password_link(user: User, to: str, link: str) -> None:
    text = (
        f"{user.name},\n\nsomebody asked for a new password for your account. Choose it here within an hour; the "
        f"link is good once:\n\n{link}\n\nYour second factor stays as it is.{_FOOT}"
    )
    _send("A new password", text, [to])


def send_no_password(user: User, to: str, agency: str) -> None:
    text = (
        f"{user.name},\n\nsomebody asked for a new password for your account. {agency} signs its people in through "
        f"its own sign-in, so there is no password here. Enter your e-mail on the sign-in page; it leads there.{_FOOT}"
    )
    _send("You need no password", text, [to])


def send_address_link(user: User, to: str, link: str) -> None:
    text = (
        f"{user.name},\n\nthis address was added to your account. Confirm it within a day:\n\n{link}{_FOOT}"
    )
    _send("Is this address yours?", text, [to])


def _send(subject: str, text: str, to: list[str]) -> None:
    # One mail for each address: who reads one need not learn the others.
    for address in to:
        send_mail(f"Manzanita: {subject}", text, None, [address])
