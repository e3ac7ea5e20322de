"""Saying no on the pages of meetings: each refusal with its reason, the way out, and whose job that is."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from manzanita.domain.findings import Owner, Reason
from manzanita.meetings.models import Meeting


def tell_reasons(request: HttpRequest, reasons: Sequence[Reason]) -> None:
    """Each reason as one message: what, the way out, whose job it is."""
    for reason in reasons:
        messages.error(request, f"{reason.text} {reason.way_out} ({reason.owner})")


def refuse_closed(request: HttpRequest, meeting: Meeting) -> HttpResponse:
    """Nothing is written into a closed meeting: say so on the page where what stands of it is read."""
    if meeting.state == "canceled":
        reason = Reason(
            "canceled",
            "Nothing was changed: this meeting was canceled.",
            Owner.TEAM,
            "Open another meeting on the student.",
        )
    else:
        reason = Reason(
            "already-final",
            "Nothing was changed: this meeting is final, and its answers stand.",
            Owner.COORDINATOR,
            "Correct its archive, or open an amendment.",
        )
    tell_reasons(request, [reason])
    return redirect("meeting", meeting.public_id)


def fetch_anew() -> HttpResponse:
    """The answer to a part of a page whose meeting was closed in between: the page is fetched again."""
    response = HttpResponse(status=204)
    response["HX-Refresh"] = "true"
    return response
