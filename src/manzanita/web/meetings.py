"""Pages of meetings: the list, the meeting itself, canceling it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import include, path
from django.views.decorators.http import require_POST, require_safe

from manzanita.archive.queries import archive_of_meeting
from manzanita.auditing.actions import log_reads
from manzanita.auditing.queries import reason_of
from manzanita.domain.access import Capability
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings import actions
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.evaluation_clocks import count_evaluations
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import (
    OPEN_STATES,
    event_label,
    get_meeting,
    is_late_on,
    newest_answers,
    open_meetings,
    open_meetings_outside_view,
    recent_meetings,
)
from manzanita.orgs.calendars import load_calendars
from manzanita.platform import clock
from manzanita.web.access import requires
from manzanita.web.meetings_decide import step_context
from manzanita.web.meetings_form import STEPS, answered_fields, desk_of
from manzanita.web.meetings_health import health_of
from manzanita.web.meetings_refusals import refuse_closed
from manzanita.web.meetings_steps import page_context
from manzanita.web.reasons_told import tell_reasons


@require_safe
@requires(Capability.READ_STUDENT)
def meetings(request: HttpRequest) -> HttpResponse:
    """Meetings in the actor's scope: those to work on first, then the newest closed ones."""
    today = clock.today()
    open_now = open_meetings(request.actor)
    closed = recent_meetings(request.actor)
    begun = [one for one in open_now if one.consent_on]
    evaluations = (
        {one.meeting.pk: one for one in count_evaluations(begun, load_calendars({m.lea_code for m in begun}))}
        if begun
        else {}
    )
    log_reads(
        actor=request.actor,
        student_ids=[m.student_id for m in [*open_now, *closed]],
        what="meeting.list",
        filter_codes="",
    )
    return render(
        request,
        "web/meetings/list.html",
        {
            "outside_view": open_meetings_outside_view(request.actor),
            "open_now": [
                {
                    "meeting": meeting,
                    "label": event_label(meeting),
                    "is_late": is_late_on(meeting, meeting.held_on or today),
                    "by_law": evaluations[meeting.pk].due_on if meeting.pk in evaluations else None,
                }
                for meeting in open_now
            ],
            "closed": [
                {"meeting": meeting, "label": event_label(meeting), "outcome": _outcome_label(meeting)}
                for meeting in closed
            ],
        },
    )


def _outcome_label(meeting: Meeting) -> str:
    event = EVENTS.get(meeting.event_key)
    outcome = event.outcomes.get(meeting.outcome_key) if event else None
    return outcome.label if outcome else ""


@require_safe
@requires(Capability.READ_STUDENT)
def meeting(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One meeting: the step to work on while it is open, what stands in it when it is closed."""
    found = get_meeting(request.actor, public_id)
    log_reads(actor=request.actor, student_ids=[found.student_id], what="meeting")
    if found.state not in OPEN_STATES:
        return _closed(request, found)
    step = request.GET.get("step", "")
    desk = desk_of(request.actor, found)
    if step in ("hold", "answer"):
        context = step_context(request.actor, desk, step) | {"health": health_of(request.actor, desk)}
        return render(request, f"web/meetings/{step}.html", context)
    if step not in STEPS:
        step = "eligibility"
    return render(
        request,
        "web/meetings/offer.html",
        page_context(request.actor, desk, step, request.GET.get("service", ""))
        | {"health": health_of(request.actor, desk)},
    )


def _closed(request: HttpRequest, found: Meeting) -> HttpResponse:
    archive = archive_of_meeting(found.pk)
    if archive is not None:
        return redirect("archive", archive.public_id)
    return render(
        request,
        "web/meetings/closed.html",
        {
            "meeting": found,
            "title": event_label(found),
            "answers": answered_fields(newest_answers(found)),
            "reason": reason_of("cancel_meeting", found),
        },
    )


@require_POST
@requires(Capability.HOLD_MEETING)
def cancel(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Close a meeting that will not be held, with the reason that was given."""
    found = get_meeting(request.actor, public_id)
    try:
        reason = request.POST.get("reason", "").replace("\0", "")
        canceled = actions.cancel_meeting(actor=request.actor, meeting=found, reason=reason)
    except NotPossible as refused:
        tell_reasons(request, refused.reasons)
        return redirect("meeting", public_id)
    if canceled:
        messages.success(request, "The meeting is canceled. Nothing of it goes to the state.")
        return redirect("meeting", public_id)
    found.refresh_from_db()
    return refuse_closed(request, found)


urlpatterns = [
    path("meetings", meetings, name="meetings"),
    path("meetings/<uuid:public_id>", meeting, name="meeting"),
    path("meetings/<uuid:public_id>/cancel", cancel, name="meeting_cancel"),
    path("", include("manzanita.web.meetings_open")),
    path("", include("manzanita.web.meetings_edit")),
    path("", include("manzanita.web.meetings_decide")),
    path("", include("manzanita.web.meetings_evaluation")),
    path("", include("manzanita.web.archives")),
    path("", include("manzanita.web.report_status_set")),
]
