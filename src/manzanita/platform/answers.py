"""For every answer of a page: no copy is kept on the way or in the browser, and no odd method is heard."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

# Those that some page uses. TRACE would send back what a proxy has added to the request.
METHODS = ("GET", "HEAD", "POST", "OPTIONS")


class AnswerMiddleware:
    """Stands behind the files of the site, which may be kept."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        response = self.get_response(request)
        if "no-store" not in response.headers.get("Cache-Control", ""):
            response.headers["Cache-Control"] = "no-store"
        return response
