"""Schools that enrollments name and the directory does not know: as pages say it, with the request that ends it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from urllib.parse import urlencode

from django.urls import reverse

from manzanita.domain.access import Actor
from manzanita.domain.directory_requests import Kind, Place
from manzanita.domain.listed_places import Attended, Unlisted, unlisted
from manzanita.orgs.requests import may_ask_directory
from manzanita.web.student_file import StudentFile

ASK = "Ask for it"


def unlisted_of(file: StudentFile) -> Iterator[Unlisted]:
    """Of the enrollments at the LEA whose record is shown, those that last or are to come; each school once."""
    told = set()
    for one in file.facts.enrollments:
        is_over = one.effective_to is not None and one.effective_to < file.today
        if one.lea_code != file.lea_code or is_over:
            continue
        named = Attended(one.lea_code, one.school_code, one.nps_code, one.started_on, one.effective_to)
        for found in unlisted(named, file.directory, file.today):
            if (found.code, found.reason.code) not in told:
                told.add((found.code, found.reason.code))
                yield found


def ask_url(actor: Actor, one: Unlisted, lea_code: str) -> str:
    """The request, filled in as far as the enrollment says; empty where another would not end it, or somebody else
    asks."""
    if one.asks is None or not may_ask_directory(actor) or lea_code != actor.agency_code:
        return ""
    return new_url(one.asks, one.place, one.code, one.first)


def new_url(kind: Kind, place: Place, code: str, first: date | None) -> str:
    asked = {"kind": kind.value, "place": place.value, "code": code}
    if first is not None:
        asked["day"] = first.isoformat()
    return f"{reverse('directory_request_new')}?{urlencode(asked)}"
