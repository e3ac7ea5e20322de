"""The site's addresses, and one page more that shows the frame and a word: what a page costs at least."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path

from manzanita.web.access import requires_grant


@requires_grant
def hello(request: HttpRequest) -> HttpResponse:
    return render(request, "ui/base.html", {})


urlpatterns = [path("bench-hello", hello), path("", include("manzanita.web.urls"))]
