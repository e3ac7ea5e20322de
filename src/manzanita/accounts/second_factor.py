"""The second factor: who needs one, what a person has, and the only way to lose it.

Secrets stand encrypted in allauth's ``Authenticator`` rows, recovery codes hashed. A passkey that checks its owner
(PIN, finger, face) is something one has and something one knows or is, so it counts as both factors.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.utils import decrypt
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from manzanita.accounts import mail
from manzanita.accounts.attempts import forget_failures
from manzanita.accounts.models import Grant, User
from manzanita.accounts.recovery_codes import codes_left, make_codes, spend_code
from manzanita.accounts.sessions import end_sessions
from manzanita.accounts.sign_in_log import log_by, log_own
from manzanita.auditing.actions import Reader
from manzanita.domain.access import Scope
from manzanita.domain.perspectives import PERSPECTIVES

logger = logging.getLogger(__name__)

ISSUER = "Manzanita"
_REAL = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@dataclass(frozen=True, slots=True)
class Passkey:
    pk: int
    name: str
    added_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Factors:
    """What a person has beside a password. ``recovery_left`` counts codes that were not used yet."""

    totp_since: datetime | None = None
    totp_used_at: datetime | None = None
    passkeys: list[Passkey] = field(default_factory=list)
    recovery_left: int = 0

    @property
    def is_enrolled(self) -> bool:
        return self.totp_since is not None or bool(self.passkeys)

    @property
    def count(self) -> int:
        return len(self.passkeys) + (self.totp_since is not None)


def needs_second_factor(grants: Iterable[Grant]) -> bool:
    """Does the installation ask everybody, or one of these grants reach further than the students assigned?

    All grants in force count, not only the one in use: changing the perspective must not be a way around.
    """
    return settings.SECOND_FACTOR_FOR_EVERYBODY or any(
        PERSPECTIVES[grant.perspective_key].scope is not Scope.ASSIGNED for grant in grants
    )


def has_second_factor(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type__in=_REAL).exists()


def factors_of(user: User) -> Factors:
    rows = list(Authenticator.objects.filter(user=user).order_by("pk"))
    totp = next((row for row in rows if row.type == Authenticator.Type.TOTP), None)
    recovery = next((row for row in rows if row.type == Authenticator.Type.RECOVERY_CODES), None)
    return Factors(
        totp_since=totp.created_at if totp else None,
        totp_used_at=totp.last_used_at if totp else None,
        passkeys=[
            Passkey(row.pk, row.data["name"], row.created_at, row.last_used_at)
            for row in rows
            if row.type == Authenticator.Type.WEBAUTHN
        ],
        recovery_left=codes_left(recovery),
    )


def totp_address(user: User, secret: str) -> str:
    """What an authenticator app reads from the QR code."""
    return f"otpauth://totp/{quote(f'{ISSUER}:{user.email}')}?secret={secret}&issuer={ISSUER}"


def is_code_of(secret: str, code: str) -> bool:
    """Is this the code of the present half minute?"""
    return _counter_of(secret, code, after=0) is not None


@transaction.atomic
def enroll_totp(*, user: User, secret: str, code: str = "") -> None:
    """Give ``user`` an authenticator app; one that was there is replaced. ``code`` was used and counts no more."""
    Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).delete()
    row = TOTP.activate(user, secret).instance
    row.data["last_counter"] = (_counter_of(secret, code, after=0) if code else None) or 0
    row.save()
    log_own(user, "add_authenticator_app")


def check_code(user: User, code: str) -> str:
    """``totp`` or ``recovery`` where ``code`` is right, which uses it up; else empty."""
    code = "".join(code.split()).replace("-", "")
    if not code:
        return ""
    try:
        if _spend_totp(user, code):
            return "totp"
        return "recovery" if spend_code(user, code) else ""
    except InvalidToken:
        logger.error(
            "second factors cannot be read: the secret key of this installation is not the one they had"
        )
        return ""


@transaction.atomic
def new_recovery_codes(user: User) -> list[str]:
    """Make ten new codes, to be shown this once; the ones before are worth nothing from now on."""
    codes = make_codes(user)
    log_own(user, "make_recovery_codes")
    return codes


@transaction.atomic
def remove_factor(*, user: User, pk: int, must_keep_one: bool) -> str:
    """Take one of a person's own factors away; empty when done, else why it stays. With the last one the
    recovery codes go too."""
    row = Authenticator.objects.filter(user=user, pk=pk, type__in=_REAL).first()
    if row is None:
        return "That factor is not there any more."
    others = Authenticator.objects.filter(user=user, type__in=_REAL).exclude(pk=pk).exists()
    if must_keep_one and not others:
        return (
            "It is your only second factor, and you need one: a perspective of yours reaches more students than those "
            "assigned to you, or this installation asks it of everybody. Add another first, then take this one away."
        )
    row.delete()
    if not others:
        Authenticator.objects.filter(user=user).delete()
    log_own(user, "remove_factor", kind=str(row.type))
    mail.send_notice(user, "A second factor was removed", "A second factor was removed from your account.")
    return ""


def reset_second_factor(*, user: User, by: Reader | None, reason: str) -> None:
    """Take all factors of a person who lost them; they are signed out everywhere and told by mail.

    They set up a new one at their next sign-in, after the password. Who may do this to whom is decided by the
    caller; ``reason`` says how it was made sure that it is this person. Raises ``ValueError`` without a reason.
    """
    if not reason.strip():
        raise ValueError("A reset needs a reason: how was it made sure that it is this person?")
    with transaction.atomic():
        count, _ = Authenticator.objects.filter(user=user).delete()
        ended = end_sessions(user)
        forget_failures(user, second=True)
        log_by(user, "reset_second_factor", by=by, reason=reason, factors=count, sessions=ended)
    mail.send_notice(
        user,
        "Your second factor was reset",
        "An administrator took all second factors from your account, because you asked for it. "
        "You set up a new one when you sign in next.",
    )


def _counter_of(secret: str, code: str, *, after: int) -> int | None:
    for counter in yield_hotp_counters_from_time():
        if counter > after and constant_time_compare(code, format_hotp_value(hotp_value(secret, counter))):
            return counter
    return None


@transaction.atomic
def _spend_totp(user: User, code: str) -> bool:
    """A code is good once: its half minute, and all before it, are used up in the row itself."""
    row = Authenticator.objects.select_for_update().filter(user=user, type=Authenticator.Type.TOTP).first()
    if row is None:
        return False
    counter = _counter_of(decrypt(row.data["secret"]), code, after=row.data.get("last_counter", 0))
    if counter is None:
        return False
    row.data["last_counter"] = counter
    row.last_used_at = timezone.now()
    row.save()
    return True
