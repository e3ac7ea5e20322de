"""From where a request comes, when proxies of ours stand in front: as many as the settings say, and no more.

Each proxy adds the address that it was asked from to the end of ``X-Forwarded-For``. What stands further left was
there before, and may be anything that a client wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class ClientAddressMiddleware:
    """Puts the client's address where the proxy's stands (``REMOTE_ADDR``), before anything reads it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        found = client_address(request.META.get("HTTP_X_FORWARDED_FOR", ""), settings.TRUSTED_PROXIES)
        if found:
            request.META["REMOTE_ADDR"] = found
        return self.get_response(request)


def client_address(forwarded_for: str, proxies: int) -> str:
    """The address that the outermost of ``proxies`` was asked from; empty where they did not say it.

    Empty, too, for what is no address: the request then counts as the nearest proxy's.
    """
    told = [part.strip() for part in forwarded_for.split(",") if part.strip()]
    if proxies < 1 or len(told) < proxies:
        return ""
    try:
        return str(ip_address(told[-proxies]))
    except ValueError:
        return ""
