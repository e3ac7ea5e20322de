"""Who may ask the sandbox, and when: tokens, the control secret, the hours of the state."""

from __future__ import annotations

import hashlib
import secrets
import time
from urllib.parse import parse_qs

from manzanita.sandbox.requests import Answer, Refusal, Request, as_json, is_same
from manzanita.sandbox.store import opens_at, transaction

TOKEN_SECONDS = 3600


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def issue_token(request: Request) -> Answer:
    """A bearer token for the client of the command line."""
    try:
        form = {name: values[0] for name, values in parse_qs(request.body.decode("ascii")).items()}
    except UnicodeDecodeError:
        form = {}
    if form.get("grant_type") != "client_credentials":
        raise Refusal(400, "unsupported_grant_type", "Only client_credentials is offered.")
    is_client = is_same(form.get("client_id", ""), request.options.client_id)
    if not is_same(form.get("client_secret", ""), request.options.client_secret) or not is_client:
        raise Refusal(401, "invalid_client", "The client id or the client secret is wrong.")
    token = secrets.token_urlsafe(32)
    with transaction(request.connection):
        request.connection.execute("DELETE FROM token WHERE expires_at < ?", (time.time(),))
        request.connection.execute(
            "INSERT INTO token (digest, expires_at) VALUES (?, ?)",
            (_digest(token), time.time() + TOKEN_SECONDS),
        )
    return as_json({"access_token": token, "token_type": "bearer", "expires_in": TOKEN_SECONDS})


def require_token(request: Request) -> None:
    """Raises ``Refusal`` (401) without a token that is in force."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    row = request.connection.execute(
        "SELECT expires_at FROM token WHERE digest = ?", (_digest(token.strip()),)
    ).fetchone()
    if scheme.lower() != "bearer" or row is None or row["expires_at"] <= time.time():
        raise Refusal(401, "invalid_token", "A valid bearer token is missing.")


def require_open(request: Request) -> None:
    """Raises ``Refusal`` (503) outside the hours of the state."""
    opens = opens_at(request.connection)
    if opens is not None:
        message = f"The state system is closed until {opens:%Y-%m-%d %H:%M}."
        raise Refusal(503, "closed", message, opens_at=opens.isoformat())


def require_control_secret(request: Request) -> None:
    """Raises ``Refusal`` (401) where a secret is configured, and another or none was sent."""
    expected = request.options.control_secret
    if expected is not None and not is_same(request.headers.get("X-Control-Secret", ""), expected):
        raise Refusal(401, "invalid_control_secret", "The control secret is missing or wrong.")
