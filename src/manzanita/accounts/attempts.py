"""Limits on guessing, for every step at which something can be guessed. Counted by django-axes in the database.

Passwords are counted by account and place: a stranger elsewhere cannot lock a person out. Codes and passkeys
after the password are counted by account alone: only who has the password gets there, from how many places ever.
"""

from __future__ import annotations

from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessBase
from axes.utils import reset
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest

from manzanita.accounts.models import User

SECOND_STEP = "second-factor:"


def lockout_parameters(
    request_or_attempt: HttpRequest | AccessBase, credentials: dict[str, str] | None = None
) -> list[str | list[str]]:
    """Named in the settings: what a count is kept by."""
    name = (credentials or {}).get("username") or getattr(request_or_attempt, "username", "") or ""
    return ["username"] if str(name).startswith(SECOND_STEP) else [["username", "ip_address"]]


def may_try(request: HttpRequest, user: User, *, second: bool) -> bool:
    """``False`` after too many failures; the answer then becomes the page that says so."""
    return AxesProxyHandler.is_allowed(request, _credentials(user, second))


def count_failure(request: HttpRequest, user: User, *, second: bool) -> None:
    user_login_failed.send(sender=__name__, credentials=_credentials(user, second), request=request)


def forget_failures(user: User, *, second: bool) -> None:
    reset(username=_credentials(user, second)["username"])


def _credentials(user: User, second: bool) -> dict[str, str]:
    return {"username": f"{SECOND_STEP if second else ''}{user.email}"}
