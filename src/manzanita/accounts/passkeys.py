"""Passkeys: both ceremonies of WebAuthn, always with the owner checked (PIN, finger, face) by the device."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from manzanita.accounts.models import User
from manzanita.accounts.sign_in_log import log_own


def why_not_here(request: HttpRequest) -> str:
    """Why a passkey cannot be used at this address; empty where it can."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return ""
    return "A passkey belongs to a name, and this address is a number. Open the site by its name (localhost here)."


def begin_new(user: User) -> dict[str, Any]:
    """What the browser needs to make a passkey for ``user``."""
    return webauthn.begin_registration(user, passwordless=True)


def finish_new(*, user: User, name: str, credential: str) -> bool:
    """Keep the passkey that the browser made; ``False`` where it is not the one asked for."""
    try:
        parsed = json.loads(credential)
        webauthn.parse_registration_response(parsed)
        made = webauthn.complete_registration(parsed)
    except (ValidationError, ValueError, TypeError, KeyError):
        return False
    if not made.is_user_verified():
        return False
    number = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).count() + 1
    WebAuthn.add(user, name.strip()[:60] or f"Passkey {number}", parsed)
    log_own(user, "add_passkey")
    return True


def begin_use(user: User | None) -> dict[str, Any]:
    """What the browser needs to show a passkey, of ``user`` or of anybody."""
    return webauthn.begin_authentication(user)


def owner_named_in(credential: str) -> User | None:
    """Whose passkey it claims to be. Not proven yet: only good to look an account up."""
    try:
        return webauthn.extract_user_from_response(json.loads(credential))
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
        return None


def is_shown_by(user: User, credential: str) -> bool:
    """Does ``credential`` answer the question just asked with a passkey of ``user``, its owner checked?"""
    try:
        parsed = json.loads(credential)
        answer = webauthn.parse_authentication_response(parsed)
        authenticator = webauthn.complete_authentication(user, parsed)
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
        return False
    if not answer.response.authenticator_data.is_user_verified():
        return False
    authenticator.record_usage()
    return True
