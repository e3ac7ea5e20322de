"""One id for all that one request, job or command does, so that rows of the logs can be put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

_current: ContextVar[str] = ContextVar("request_id", default="")
HEADER = "X-Request-ID"


def current_request_id() -> str:
    """The id of what runs now; empty text outside a request, job or command."""
    return _current.get()


@contextmanager
def request_id(value: str) -> Iterator[str]:
    """Everything inside is noted under this id."""
    token = _current.set(value)
    try:
        yield value
    finally:
        _current.reset(token)


class RequestIdMiddleware:
    """Gives each request an id of our own making; what a client sends under that name is not believed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with request_id(uuid4().hex) as value:
            response = self.get_response(request)
        response.headers[HEADER] = value
        return response
