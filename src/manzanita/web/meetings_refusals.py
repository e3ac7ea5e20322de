"""Saying no on the pages of meetings: each refusal with its reason, the way out, and whose job that is."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from manzanita.domain.findings import Owner
from manzanita.domain.statuses.steps import lack
from manzanita.meetings.models import Meeting
from manzanita.web.reasons_told import tell_reasons
from manzanita.web.step_links import step_fixes


def refuse_closed(request: HttpRequest, meeting: Meeting) -> HttpResponse:
    """Nothing is written into a closed meeting: say so on the page where what stands of it is read."""
    if meeting.state == "canceled":
        reason = replace(
            lack("meeting-open"),
            text="Nothing was changed: this meeting was canceled.",
            way_out="Open another meeting.",
        )
    else:
        reason = replace(
            lack("meeting-open"),
            text="Nothing was changed: this meeting is final, and its answers stand.",
            owner=Owner.COORDINATOR,
            way_out="Correct its archive, or open an amendment.",
        )
    tell_reasons(request, [reason], step_fixes([reason], meeting.student))
    return redirect("meeting", meeting.public_id)


def fetch_anew() -> HttpResponse:
    """The answer to a part of a page whose meeting was closed in between: the page is fetched again."""
    response = HttpResponse(status=204)
    response["HX-Refresh"] = "true"
    return response
