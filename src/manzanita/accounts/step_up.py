"""A fresh sign-in: the person at the keyboard has just shown again who they are, for steps that weigh much."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import authenticate
from django.http import HttpRequest

from manzanita.domain.export_limits import FRESH_SIGN_IN
from manzanita.platform import clock

SESSION_KEY = "confirmed_at"


def is_fresh(request: HttpRequest) -> bool:
    """Was the password given again in this session within the last five minutes?"""
    confirmed = request.session.get(SESSION_KEY, "")
    if not confirmed:
        return False
    age = clock.now() - datetime.fromisoformat(confirmed)
    return age <= FRESH_SIGN_IN and age.total_seconds() >= 0


def confirm(request: HttpRequest, password: str) -> bool:
    """Is it the password of who is signed in? Through Django's sign-in, so that wrong ones are counted.

    This is the one place where a second factor is asked for too.
    """
    found = authenticate(request, username=request.user.email, password=password)
    if found is None or found.pk != request.user.pk:
        return False
    request.session[SESSION_KEY] = clock.now().isoformat()
    return True
