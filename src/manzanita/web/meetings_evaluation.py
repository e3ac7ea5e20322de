"""What the evaluation of an open meeting began with, corrected under Hold, where its due date is counted from it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.evaluation_actions import correct_evaluation
from manzanita.meetings.queries import OPEN_STATES, get_meeting, missed_on
from manzanita.web.access import requires
from manzanita.web.meetings_decide import step_context
from manzanita.web.meetings_form import desk_of, step_url
from manzanita.web.meetings_open import evaluation_in
from manzanita.web.meetings_refusals import refuse_closed
from manzanita.web.reasons_told import tell_reasons


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.HOLD_MEETING)
def evaluation(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Correct consent and referral, with the reason; a refusal keeps what was typed."""
    meeting = get_meeting(request.actor, public_id)
    if request.method != "POST":
        return redirect(step_url(meeting, "hold", anchor="evaluation"))
    before = meeting.consent_on, meeting.referred_on, meeting.referred_by_code
    try:
        corrected = correct_evaluation(
            actor=request.actor,
            meeting=meeting,
            evaluation=evaluation_in(request),
            reason=request.POST.get("reason", "").replace("\0", ""),
        )
    except ValueError:
        return HttpResponseBadRequest("There is no such referring party.", content_type="text/plain")
    except NotPossible as refused:
        meeting.refresh_from_db()
        if meeting.state not in OPEN_STATES:
            return refuse_closed(request, meeting)
        if meeting.consent_on is None:
            tell_reasons(request, refused.reasons)
            return redirect(step_url(meeting, "hold"))
        log_reads(actor=request.actor, student_ids=[meeting.student_id], what="meeting")
        context = step_context(request.actor, desk_of(request.actor, meeting), "hold")
        context |= {"evaluation_sent": request.POST.dict(), "evaluation_reasons": refused.reasons}
        return render(request, "web/meetings/hold.html", context, status=422)
    if before == (corrected.consent_on, corrected.referred_on, corrected.referred_by_code):
        messages.info(request, "That is what stands already; nothing has changed.")
    else:
        due = (
            f" By the state it is due on {corrected.evaluation_due_on:%m/%d/%Y}."
            if corrected.evaluation_due_on
            else ""
        )
        messages.success(request, f"Corrected. Every date of the evaluation counts from it now.{due}")
    held_on = corrected.held_on
    if held_on and missed_on(corrected, held_on) and not corrected.delay_code:
        messages.warning(
            request, "By it the meeting was held late: choose the reason of delay, and record it."
        )
    return redirect(step_url(meeting, "hold"))


urlpatterns = [path("meetings/<uuid:public_id>/evaluation", evaluation, name="meeting_evaluation")]
