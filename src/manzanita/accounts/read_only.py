"""Perspectives that only read, and views as a colleague: one place refuses whatever would change something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# Pages that are sent by POST and change nothing but the reader's own session: what is searched, the way back, and
# what is only thought of.
CHANGES_ONLY_THE_SESSION = frozenset(
    {"search", "search_suggestions", "view_as_end", "student_what_if", "calendar_what_if"}
)
# The pages of one's own account: signing in and out, the perspective in use, password and factors.
OWN_ACCOUNT = "manzanita.accounts."


def is_refused(request: HttpRequest) -> bool:
    """Would the request change more than a reader may? Whatever is not named above would."""
    actor = getattr(request, "actor", None)
    if actor is None or not actor.is_read_only or request.method in SAFE_METHODS:
        return False
    match = request.resolver_match
    return match.url_name not in CHANGES_ONLY_THE_SESSION and not match.func.__module__.startswith(
        OWN_ACCOUNT
    )


class ReadOnlyMiddleware:
    """After the actor is known. It asks when the page is known, so that an address which is none stays a 404."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        if not is_refused(request):
            return None
        # A form from before the view began may save by itself: the words go to where it shows what became of it.
        template = "accounts/read_only_part.html" if request.htmx else "accounts/read_only.html"
        return render(request, template, {"actor": request.actor, "view_as": request.view_as}, status=403)
