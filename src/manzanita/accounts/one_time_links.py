"""Links that are good once and for a while: an invitation, a new password, an address to confirm.

Nothing is stored. A link is signed and carries a print of the account as it was: using it changes the account,
so that the same link, and every other that was out, no longer fits. So does inviting somebody again.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from manzanita.accounts.models import User


@dataclass(frozen=True, slots=True)
class Purpose:
    """What links are for, and for how many seconds one is good."""

    name: str
    seconds: int


INVITATION = Purpose("invitation", 7 * 24 * 3600)
NEW_PASSWORD = Purpose("new-password", 3600)


def token_for(user: User, purpose: Purpose) -> str:
    return signing.dumps({"user": user.pk, "print": _print(user)}, salt=f"link:{purpose.name}")


def user_of(token: str, purpose: Purpose) -> User | None:
    """Whose link it is; ``None`` where it was used, is too old, for something else, or for a closed account."""
    try:
        told = signing.loads(token, salt=f"link:{purpose.name}", max_age=purpose.seconds)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=told["user"], is_active=True).first()
    return user if user is not None and constant_time_compare(told["print"], _print(user)) else None


def _print(user: User) -> str:
    invited = user.invited_at.timestamp() if user.invited_at else ""
    return salted_hmac(
        "one-time-link", f"{user.pk}|{user.password}|{user.email}|{user.last_login}|{invited}"
    ).hexdigest()[:32]
