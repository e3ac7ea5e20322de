"""Signing in for tests: a session with a second factor in it, and the codes of an authenticator app.

The code is computed here from RFC 6238 alone, so that a mistake in the application is not made twice.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time

from tests.support.state_files import TOTP_KEY

PERIOD = 30


def code_at(counter: int, key: str = TOTP_KEY) -> str:
    """The six digits of half minute ``counter`` (RFC 4226 over SHA-1)."""
    digest = hmac.new(base64.b32decode(key), struct.pack(">Q", counter), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def code_now(key: str = TOTP_KEY, *, periods_on: int = 0) -> str:
    return code_at(int(time.time()) // PERIOD + periods_on, key)


class CodeBook:
    """Codes of one app, each given once: a person who signs in again within the half minute waits for the next."""

    def __init__(self, key: str = TOTP_KEY) -> None:
        self.key, self.last = key, 0

    def code(self) -> str:
        # The server of a test takes the next half minute's code too (MANZANITA_CODE_TOLERANCE).
        while (counter := max(int(time.time()) // PERIOD, self.last + 1)) > int(time.time()) // PERIOD + 1:
            time.sleep(0.5)
        self.last = counter
        return code_at(counter, self.key)


def signed_in(user, grant=None, *, second: str = "totp", client=None):
    """A test client in a session that began as every session begins. ``second=""``: password only."""
    from django.conf import settings
    from django.http import HttpRequest
    from django.test import Client

    from manzanita.accounts.middleware import SESSION_KEY
    from manzanita.accounts.sessions import begin_session

    client = client or Client()
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = "127.0.0.1"
    request.session = client.session
    begin_session(request, user, first="password", second=second, asks_second=bool(second))
    if grant is not None:
        request.session[SESSION_KEY] = grant.pk
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key
    return client
