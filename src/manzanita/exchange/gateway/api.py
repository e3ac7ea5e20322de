"""The gateway over HTTP. Only the sandbox speaks this: the state's own contract is not public."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx

from manzanita.exchange.gateway import (
    Answer,
    Answers,
    GatewayRefused,
    GatewayUnavailable,
    Progress,
    Trouble,
)
from manzanita.platform.crash import crash_point

# Answers that say "not now" or "sign in again" rather than "never".
_PASSING = frozenset({401, 408, 425, 429})
_WORD = re.compile(r"[a-z_]{1,40}")


class ApiGateway:
    """Client credentials, one token kept until it runs out or the other side no longer takes it."""

    form = "api"

    def __init__(
        self, *, url: str, client_id: str, client_secret: str, destination: str, timeout_seconds: float = 20
    ) -> None:
        self.destination = destination
        self._client_id, self._client_secret = client_id, client_secret
        # Every request has a connection of its own: what a confused server sends after an answer must never be
        # taken for the answer to the next question.
        self._http = httpx.Client(
            base_url=url,
            timeout=timeout_seconds,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._token: tuple[str, float] | None = None
        self._token_lock = threading.Lock()

    def deliver(self, *, file_name: str, lines: Sequence[str]) -> str:
        body = "".join(f"{line}\r\n" for line in lines).encode()
        with _as_agreed(may_have_arrived=False):
            self._authorization()
        with _as_agreed():
            reply = self._request(
                "POST",
                "/v1/submissions",
                body=body,
                headers={"X-File-Name": file_name, "Content-Type": "text/plain; charset=utf-8"},
            ).json()
            _require(reply["file_name"] == file_name)
            return str(reply["job"])

    def find_delivery(self, *, file_name: str) -> str | None:
        with _as_agreed():
            reply = self._request("GET", "/v1/submissions", params={"file_name": file_name})
            jobs = reply.json()["jobs"]
            _require(all(job["file_name"] == file_name for job in jobs))
            return str(jobs[0]["job"]) if jobs else None

    def answers(self, *, remote_job: str, after: int) -> Answers | None:
        with _as_agreed():
            reply = self._request(
                "GET", f"/v1/submissions/{remote_job}", params={"after": after, "limit": 1000}
            ).json()
            _require(reply["job"] == remote_job)
            _require(all(row["outcome"] in ("posted", "rejected") for row in reply["results"]))
            return Answers(
                progress=Progress.COMPLETE if reply["status"] == "complete" else Progress.WORKING,
                answers=[
                    Answer(
                        line=row["line"],
                        is_posted=row["outcome"] == "posted",
                        transaction_id=str(row["local_record_id"] or ""),
                        errors=[
                            {"code": str(error["code"]), "field": error["field"], "text": str(error["text"])}
                            for error in row["errors"]
                        ],
                    )
                    for row in reply["results"]
                ],
            )

    def extract(self, *, record: str, lea_code: str | None, ssids: Sequence[str] | None) -> str | None:
        asked = {"record": record, "lea": lea_code, "ssids": list(ssids) if ssids is not None else None}
        with _as_agreed():
            return self._request("POST", "/v1/extracts", json=asked).text

    def _request(
        self, method: str, path: str, *, body: bytes | None = None, **options: Any
    ) -> httpx.Response:
        """One request; signed in anew, once, where the other side does not know our token any more."""
        given = options.pop("headers", {})
        for is_last in (False, True):
            headers = {**given, **self._authorization()}
            if body is not None:
                headers["Content-Length"] = str(len(body))
                options["content"] = _in_two_halves(body)
            reply = self._http.request(method, path, headers=headers, **options)
            if reply.status_code == 401 and not is_last:
                self._forget_token()
                continue
            break
        if 400 <= reply.status_code < 500 and reply.status_code not in _PASSING:
            raise GatewayRefused(_word_of(reply))
        return reply.raise_for_status()

    def _authorization(self) -> dict[str, str]:
        with self._token_lock:
            if self._token is None or self._token[1] < time.monotonic():
                self._token = self._fetch_token()
            return {"Authorization": f"Bearer {self._token[0]}"}

    def _forget_token(self) -> None:
        with self._token_lock:
            self._token = None

    def _fetch_token(self) -> tuple[str, float]:
        reply = self._http.post(
            "/oauth/token",
            data={
                "grant_type": "client_credentials",
                "client_id": self._client_id,
                "client_secret": self._client_secret,
            },
        )
        token = reply.raise_for_status().json()
        return token["access_token"], time.monotonic() + token["expires_in"] - 60


@contextmanager
def _as_agreed(*, may_have_arrived: bool = True) -> Iterator[None]:
    """Whatever goes wrong in an exchange says only its kind: a body or an address may hold student data."""
    try:
        yield
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise _unavailable(error, may_have_arrived) from None


def _unavailable(error: Exception, may_have_arrived: bool) -> GatewayUnavailable:
    name, opens_at = type(error).__name__, None
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        trouble, may_have_arrived = Trouble.UNREACHABLE, False
    elif isinstance(error, httpx.TimeoutException):
        trouble = Trouble.SILENT
    elif isinstance(error, httpx.HTTPStatusError):
        trouble = Trouble.FAILED
        if error.response.status_code == 401:
            trouble, may_have_arrived = Trouble.SIGN_IN, False
        elif error.response.status_code == 503 and _word_of(error.response) == "closed":
            trouble, may_have_arrived = Trouble.CLOSED, False
            opens_at = _opens_at(error.response)
    else:
        trouble = Trouble.BROKEN
    return GatewayUnavailable(name, trouble, may_have_arrived=may_have_arrived, opens_at=opens_at)


def _opens_at(reply: httpx.Response) -> datetime | None:
    """The instant that the answer of a closed state names, where it is one."""
    try:
        told = datetime.fromisoformat(reply.json()["opens_at"])
    except (ValueError, KeyError, TypeError):
        return None
    return told if told.tzinfo else None


def _require(is_so: bool) -> None:
    """An answer to another question than ours is no answer."""
    if not is_so:
        raise ValueError


def _word_of(reply: httpx.Response) -> str:
    """The other side's own word for its refusal, where it is one and not a text that may name somebody."""
    try:
        word = reply.json()["error"]
    except (ValueError, KeyError, TypeError):
        word = ""
    return word if isinstance(word, str) and _WORD.fullmatch(word) else f"http_{reply.status_code}"


def _in_two_halves(body: bytes) -> Iterator[bytes]:
    """The body as two pieces, with a named point between them at which a crash test ends the process."""
    middle = len(body) // 2
    yield body[:middle]
    crash_point("request-half-sent")
    yield body[middle:]
