"""Signed-in sessions: what was proven in them, when they lock, when they end, and where a person is signed in.

Two limits, both counted on the real clock (never on a moved one): a session that nobody used for
``settings.IDLE_SECONDS`` is locked and keeps everything; one that is older than ``settings.ABSOLUTE_SECONDS``
is over. What a session knows of its sign-in stands in the session itself, so that a request costs no query more.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from manzanita.accounts.models import User

KEY = "signed_in"
# The only backend that ends in a person; the others just count tries.
BACKEND = "django.contrib.auth.backends.ModelBackend"
# Last use is written down at most this often.
NOTED_EVERY_SECONDS = 60
# What was proven this recently need not be proven again to change how one signs in.
FRESH_SECONDS = 300


class SessionState(StrEnum):
    """What a request may do. ``ENDED`` and ``NOBODY`` differ only in what the person is told."""

    NOBODY = "nobody"
    ENDED = "ended"
    LOCKED = "locked"
    SECOND_FACTOR = "second_factor"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Place:
    """One session of a person, as it is shown to them."""

    pk: int
    device: str
    ip: str
    started_at: datetime
    last_seen_at: datetime
    is_here: bool
    is_locked: bool


def begin_session(request: HttpRequest, user: User, *, first: str, second: str, asks_second: bool) -> None:
    """Sign ``user`` in with a new session id. Every way in ends here.

    ``first`` and ``second`` say what was proven (password, provider, passkey, code); ``second`` is empty where
    nothing more was. ``asks_second`` makes a second factor needed whatever the grants are, because there is one.
    """
    old = request.session.session_key
    UserSession.objects.filter(session_key=old or "").delete()
    auth.login(request, user, backend=BACKEND)
    if old is not None and request.session.session_key == old:
        # Django keeps the id where the same person signs in again.
        request.session.cycle_key()
    at = time.time()
    request.session[KEY] = {
        "at": at,
        "seen": at,
        "first": first,
        "second": second,
        "asks_second": asks_second,
        "proved_at": at if second or not asks_second else 0,
        "passkey": first == "passkey",
    }
    _forget_dead_places(user)
    request.session.save()
    UserSession.objects.create(
        user=user,
        session_key=request.session.session_key,
        ip=request.META.get("REMOTE_ADDR") or "0.0.0.0",
        user_agent=request.META.get("HTTP_USER_AGENT", "")[:200],
    )


def mark_of(request: HttpRequest) -> dict[str, Any] | None:
    """What this session knows of its sign-in; ``None`` without one, also where it was not begun here."""
    mark = request.session.get(KEY)
    return mark if isinstance(mark, dict) else None


def time_state(mark: dict[str, Any]) -> SessionState:
    """What the two limits say of a session; whether a factor is missing is not asked here."""
    now = time.time()
    if now - mark["at"] >= settings.ABSOLUTE_SECONDS:
        return SessionState.ENDED
    if now - mark["seen"] >= settings.IDLE_SECONDS:
        return SessionState.LOCKED
    return SessionState.OPEN


def seconds_left(mark: dict[str, Any]) -> tuple[float, float]:
    """Until the session is locked where nobody uses it, and until it is over. Never below zero."""
    now = time.time()
    idle = mark["seen"] + settings.IDLE_SECONDS - now
    absolute = mark["at"] + settings.ABSOLUTE_SECONDS - now
    return max(idle, 0.0), max(absolute, 0.0)


def note_use(request: HttpRequest, *, at_once: bool = False) -> None:
    """Somebody does something: the idle limit is counted from now."""
    mark = mark_of(request)
    now = time.time()
    every = 0 if at_once else min(NOTED_EVERY_SECONDS, settings.IDLE_SECONDS / 10)
    if mark is None or now - mark["seen"] < every:
        return
    request.session[KEY] = {**mark, "seen": now}
    UserSession.objects.filter(session_key=request.session.session_key).update(
        last_seen_at=timezone.now(), ip=request.META.get("REMOTE_ADDR") or "0.0.0.0"
    )


def note_proof(request: HttpRequest, *, is_full: bool, **changes: Any) -> None:
    """Something was proven again in this session, which gets a new id: what the old id was worth, it stays.

    ``is_full``: it was as much as this person's sign-in needs, so that changes to the account may follow.
    """
    now = time.time()
    mark = {**(mark_of(request) or {}), **changes, "seen": now}
    if is_full:
        mark["proved_at"] = now
    request.session[KEY] = mark
    old = request.session.session_key
    with transaction.atomic():
        request.session.cycle_key()
        UserSession.objects.filter(session_key=old).update(
            session_key=request.session.session_key, last_seen_at=timezone.now()
        )


def is_fresh(request: HttpRequest) -> bool:
    """Was it proven a moment ago who this is?"""
    mark = mark_of(request)
    return mark is not None and time.time() - mark["proved_at"] < FRESH_SECONDS


def change_mark(request: HttpRequest, **changes: Any) -> None:
    request.session[KEY] = {**(mark_of(request) or {}), **changes}


def end_this_session(request: HttpRequest) -> None:
    UserSession.objects.filter(session_key=request.session.session_key or "").delete()
    auth.logout(request)


def end_sessions(user: User, *, but: str | None = None) -> int:
    """Sign ``user`` out everywhere, except in the session with the key ``but``; how many that were."""
    rows = UserSession.objects.filter(user=user)
    rows = list(rows.exclude(session_key=but) if but else rows)
    _delete(rows)
    return len(rows)


def end_place(user: User, pk: int) -> bool:
    """Sign ``user`` out in one place. ``False`` where that is no session of theirs."""
    row = UserSession.objects.filter(user=user, pk=pk).first()
    if row is None:
        return False
    _delete([row])
    return True


def places_of(request: HttpRequest) -> list[Place]:
    """Where the person of this request is signed in, newest use first."""
    rows = list(UserSession.objects.filter(user=request.user).order_by("-last_seen_at", "-pk"))
    stored = Session.objects.filter(
        session_key__in=[row.session_key for row in rows], expire_date__gt=timezone.now()
    )
    marks = {one.session_key: one.get_decoded().get(KEY) for one in stored}
    here = request.session.session_key
    return [
        Place(
            pk=row.pk,
            device=device_words(row.user_agent),
            ip=row.ip,
            started_at=row.created_at,
            last_seen_at=row.last_seen_at,
            is_here=row.session_key == here,
            is_locked=row.session_key != here and time_state(mark) is SessionState.LOCKED,
        )
        for row in rows
        if (mark := marks.get(row.session_key)) and time_state(mark) is not SessionState.ENDED
    ]


def device_words(user_agent: str) -> str:
    """Browser and system in words, as far as the browser tells: "Firefox on Windows"."""
    browsers = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
    systems = (
        ("Windows", "Windows"),
        ("CrOS", "ChromeOS"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Mac OS", "Mac"),
        ("Linux", "Linux"),
    )
    browser = next((word for sign, word in browsers if sign in user_agent), "")
    system = next((word for sign, word in systems if sign in user_agent), "")
    return " on ".join(word for word in (browser, system) if word) or "Unknown device"


def _delete(rows: Sequence[UserSession]) -> None:
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    for row in rows:
        store.delete(row.session_key)
        row.delete()


def _forget_dead_places(user: User) -> None:
    """Rows whose session ran out by itself."""
    keys = list(UserSession.objects.filter(user=user).values_list("session_key", flat=True))
    alive = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    dead = set(keys) - set(alive.values_list("session_key", flat=True))
    UserSession.objects.filter(user=user, session_key__in=dead).delete()
