"""Invitations to new accounts, which begin without a password: each person chooses one through a link."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest

from manzanita.accounts.lifecycle import invite_person
from manzanita.accounts.models import User


def invite(request: HttpRequest, people: Iterable[User]) -> int:
    """Mail an invitation to each who has no password yet; how many that were."""
    new = [user for user in people if not user.has_usable_password()]
    for user in new:
        invite_person(user=user, by=request.actor, site=request.build_absolute_uri("/"))
    return len(new)
