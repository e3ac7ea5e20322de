"""A form that came while its sender could not be let through: nothing of it is used, and nothing of it is lost."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

# What must not stand in a page again, whatever form it was in.
_SECRET_WORDS = ("password", "code", "credential")


def fields_to_hold(request: HttpRequest) -> list[tuple[str, str]]:
    """Fields of a form that may be offered once more; empty where it is not ours, or is no text to keep."""
    is_ours = request.headers.get("Sec-Fetch-Site") == "same-origin"
    if request.method != "POST" or not is_ours or request.FILES:
        return []
    if any(word in name for name in request.POST for word in _SECRET_WORDS):
        return []
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken"
    ]


def offer_again(request: HttpRequest, *, way_back: str, is_locked: bool) -> HttpResponse | None:
    """The page that keeps the form until its sender has come back; ``None`` where there is nothing to keep."""
    held = fields_to_hold(request)
    if not held:
        return None
    context = {"held": held, "path": request.get_full_path(), "way_back": way_back, "is_locked": is_locked}
    return render(request, "accounts/held.html", context, status=423 if is_locked else 401)
