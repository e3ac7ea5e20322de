"""How many requests a minute are answered: to a signed-in person, and to an address where nobody is signed in.

Far above what people do, even with several tabs at work; below what a script needs to copy pages, fill tables or keep
the server busy. Each process counts for itself, so with N processes up to N times as much may pass.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from threading import Lock

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

WINDOW_SECONDS = 60


class Meter:
    """Counts what came from each key in the present minute; the next minute begins with nothing counted."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._minute = -1
        self._counted: Counter[str] = Counter()

    def count(self, key: str) -> int:
        minute = int(time.time() // WINDOW_SECONDS)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counted = minute, Counter()
            self._counted[key] += 1
            return self._counted[key]


class RequestLimitMiddleware:
    """Once it is known who asks: answers 429 to whoever asks too often, until the minute is over."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.meter = Meter()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        person = request.user.pk
        is_write = request.method == "POST"
        # People of a whole district may come from one address; what one of them may do is counted by person.
        key = f"person {person}" if person else f"address {request.META.get('REMOTE_ADDR', '')}"
        most = settings.REQUESTS_A_MINUTE["person" if person else "address"]
        is_too_many = self.meter.count(key) > most
        if is_write and person:
            is_too_many |= self.meter.count(f"{key} writes") > settings.REQUESTS_A_MINUTE["writes"]
        return _told(request) if is_too_many else self.get_response(request)


def _told(request: HttpRequest) -> HttpResponse:
    wait = math.ceil(WINDOW_SECONDS - time.time() % WINDOW_SECONDS)
    words = f"Too many requests in a minute. Wait {wait} seconds, then go on."
    if "application/json" in request.headers.get("Accept", ""):
        answer: HttpResponse = JsonResponse({"error": words}, status=429)
    else:
        answer = render(request, "accounts/too_many_requests.html", {"wait": wait}, status=429)
    answer["Retry-After"] = str(wait)
    return answer
