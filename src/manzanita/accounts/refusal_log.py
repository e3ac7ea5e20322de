"""A line in the log for whatever was refused: who, by which grant, which page. Never the address or what was sent."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)

# Malformed, not allowed or without its token, not there or out of scope, another method, too many tries.
REFUSALS = frozenset({400, 403, 404, 405, 429})


class RefusalLogMiddleware:
    """After the actor is known, around everything that can say no to it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user_id, grant = request.user.pk, request.grant
        response = self.get_response(request)
        if response.status_code in REFUSALS:
            match = request.resolver_match
            logger.warning(
                "refused: status=%s method=%s page=%s user=%s grant=%s perspective=%s from=%s",
                response.status_code,
                request.method,
                (match.url_name if match else None) or "unknown",
                user_id or "nobody",
                grant.pk if grant else "none",
                grant.perspective_key if grant else "none",
                request.META.get("REMOTE_ADDR", ""),
            )
        return response
