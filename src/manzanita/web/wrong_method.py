"""An address that only takes what a form sends, opened again from the history or a bookmark: a page that says so."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse


def page_above(path: str) -> str:
    """The nearest address above ``path`` that is one: of what a form of a page is sent to, that page."""
    while path := path.rpartition("/")[0]:
        try:
            resolve(path)
        except Resolver404:
            continue
        return path
    return reverse("home")


class WrongMethodMiddleware:
    """In the place of the empty page that the framework answers with (405)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        if not isinstance(answer, HttpResponseNotAllowed) or request.htmx:
            return answer
        page = render(request, "405.html", {"back": page_above(request.path)}, status=405)
        page.headers["Allow"] = answer.headers["Allow"]
        return page
