"""Everything that was sent, as work: what needs somebody, what has no answer yet; canceling, and trying at once."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from manzanita.domain.access import Capability
from manzanita.exchange.canceling import cancel_submission, try_now
from manzanita.exchange.models import Submission
from manzanita.exchange.plan import lines_outside_reach
from manzanita.exchange.sends import UNDER_WAY, get_submission, submissions
from manzanita.ui.formats import plural
from manzanita.web.access import requires
from manzanita.web.work_state import stopped_among

PAGE_SIZE = 50
LISTS = {"needs": "Do not go on", "open": "Not answered in full", "": "All"}


@require_safe
@requires(Capability.SEND_TO_STATE)
def sends(request: HttpRequest) -> HttpResponse:
    """The district's submissions, newest first, each with why it does not move. No student stands here."""
    actor = request.actor
    chosen, before = request.GET.get("list", ""), request.GET.get("before", "")
    if chosen not in LISTS:
        raise Http404("no such list")
    newer = None
    if before:
        try:
            newer = get_submission(actor, uuid.UUID(before)).pk
        except ValueError:
            raise Http404("no such page") from None
    found = submissions(actor, PAGE_SIZE + 1, which=chosen, before=newer)
    shown = found[:PAGE_SIZE]
    stopped = stopped_among(shown, UNDER_WAY)
    here = reverse("sends")
    return render(
        request,
        "web/state/sends.html",
        {
            "rows": [(one, one.pk in stopped) for one in shown],
            "chosen": chosen,
            "tabs": [
                (words, f"{here}?list={key}" if key else here, key == chosen, None)
                for key, words in LISTS.items()
            ],
            "is_first_page": not before,
            "next_before": shown[-1].public_id if len(found) > PAGE_SIZE else None,
        },
    )


def refuse_a_part(request: HttpRequest, found: Submission) -> HttpResponse | None:
    """Whoever reaches only some students of a send cannot take it back for all; the answer that says so, else None."""
    outside = lines_outside_reach(request.actor, found)
    if not outside:
        return None
    messages.error(
        request,
        f"Not taken back: {plural(outside, 'line')} of this send are of students outside your reach. "
        "The SEDS coordinator, who sends for the whole LEA, can take it back.",
    )
    return redirect("submission", found.public_id)


@require_POST
@requires(Capability.SEND_TO_STATE)
def submission_cancel(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take a send back that the state has nothing of."""
    found = get_submission(request.actor, public_id)
    if refused := refuse_a_part(request, found):
        return refused
    count = cancel_submission(actor=request.actor, submission=found)
    if count:
        messages.success(request, f"Canceled: {plural(count, 'line')} free to go again.")
    else:
        messages.info(
            request, "Not canceled: the state may have it by now. Its answers say what became of each line."
        )
    return redirect("submission", public_id)


@require_POST
@requires(Capability.SEND_TO_STATE)
def submission_try_now(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Do the next try of a send that waits now."""
    try_now(submission=get_submission(request.actor, public_id))
    messages.success(request, "It is tried now.")
    return redirect("submission", public_id)


urlpatterns = [
    path("state/submissions", sends, name="sends"),
    path("state/submissions/<uuid:public_id>/cancel", submission_cancel, name="submission_cancel"),
    path("state/submissions/<uuid:public_id>/try-now", submission_try_now, name="submission_try_now"),
]
