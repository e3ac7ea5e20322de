"""Making, ending and finding the secret address of a person's calendar feed."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction

from manzanita.accounts.models import User
from manzanita.accounts.reminder_models import CalendarFeed
from manzanita.accounts.sign_in_log import log_own
from manzanita.platform import clock

# A program that subscribes asks every few minutes; when it did last is noted no more often than this.
_NOTED_EVERY = timedelta(hours=1)


def _digest(secret: str) -> str:
    """The secret is 256 random bits, so a plain digest is enough: nothing can be guessed from it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def feed_of(user: User) -> CalendarFeed | None:
    return CalendarFeed.objects.filter(user=user, ended_at__isnull=True).first()


@transaction.atomic
def make_feed(user: User) -> str:
    """A new secret, which is told once; the address before it answers no more."""
    User.objects.select_for_update().get(pk=user.pk)
    _end(user)
    secret = secrets.token_urlsafe(32)
    CalendarFeed.objects.create(user=user, secret_digest=_digest(secret), made_at=clock.now())
    log_own(user, "make_calendar_feed")
    return secret


@transaction.atomic
def end_feed(user: User) -> bool:
    """The address answers no more; whether there was one."""
    ended = _end(user)
    if ended:
        log_own(user, "end_calendar_feed")
    return ended


def _end(user: User) -> bool:
    return bool(CalendarFeed.objects.filter(user=user, ended_at__isnull=True).update(ended_at=clock.now()))


def person_of_feed(secret: str) -> User | None:
    """Whose feed the secret opens: an active person's, while it stands."""
    found = (
        CalendarFeed.objects.select_related("user")
        .filter(secret_digest=_digest(secret), ended_at__isnull=True, user__is_active=True)
        .first()
    )
    if found is None:
        return None
    now = clock.now()
    if found.read_at is None or now - found.read_at > _NOTED_EVERY:
        CalendarFeed.objects.filter(pk=found.pk).update(read_at=now)
    return found.user
