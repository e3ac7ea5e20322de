"""Sending for some students only, with what each of the rest would not send."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.exchange.actions import prepare_submission
from manzanita.exchange.closed_windows import hold_after_window
from manzanita.exchange.limited import Limited, limited_to
from manzanita.exchange.queries import plan_operations_of
from manzanita.exchange.report_actions import expire_report_statuses
from manzanita.exchange.shown import Moved, NotAsShown
from manzanita.procedures.under_way import under_way
from manzanita.web.access import requires
from manzanita.web.found import Found, found_in
from manzanita.web.pasted_words import pasted_words
from manzanita.web.reasons_told import Way, told
from manzanita.web.state_lines import grouped
from manzanita.web.state_shown import refusal

SHOWN = 100
PASTE: Way = ("/students/paste?then=state_limited", "Paste a list")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.SEND_TO_STATE)
def limited(request: HttpRequest) -> HttpResponse:
    """Look at what would go of a found set (``web.found``), and send only that."""
    data = request.POST if request.method == "POST" else request.GET
    if request.method == "POST":
        # A send must not go by what ran out since the nightly job; who only looks changes nothing.
        expire_report_statuses(request.actor.agency_code)
        hold_after_window(request.actor.agency_code)
    chosen = found_in(request, data) if data.get("list") else None
    # Of a found set that cannot be read whole more would be sent than was meant.
    if chosen is None or chosen.refusals:
        refusals = told(chosen.refusals, otherwise=PASTE) if chosen else []
        status = 422 if refusals else 200
        return render(request, "web/state/limited.html", {"refusals": refusals}, status=status)
    found = limited_to(request.actor, chosen.students)
    if request.method == "POST" and request.POST.get("do") == "send":
        return _send(request, chosen, found)
    return _preview(request, chosen, found)


def _preview(request: HttpRequest, chosen: Found, found: Limited, moved: Moved | None = None) -> HttpResponse:
    """What would go; with ``moved`` as the answer to a send of something else."""
    shown = plan_operations_of(request.actor, found.operation_ids[:SHOWN])
    refused = refusal(request.actor, moved) if moved else None
    log_reads(
        actor=request.actor,
        student_ids=[*(one.student_id for one in shown), *(refused.student_ids if refused else ())],
        what="state.limited",
        filter_codes=chosen.log_codes,
    )
    context = {
        "found": found,
        "found_set": chosen,
        "pasted_list": pasted_words(chosen),
        "groups": grouped(request.actor, shown),
        "listed": len(shown),
        "refused": refused,
        "under_way": under_way(request.actor),
    }
    return render(request, "web/state/limited.html", context, status=409 if refused else 200)


def _send(request: HttpRequest, chosen: Found, found: Limited) -> HttpResponse:
    gateway = settings.STATE_GATEWAY
    try:
        submission = prepare_submission(
            actor=request.actor,
            form=gateway["form"],
            destination=gateway["destination"],
            operation_ids=found.operation_ids,
            shown=request.POST.get("shown", ""),
        )
    except NotAsShown as refused:
        return _preview(request, chosen, limited_to(request.actor, chosen.students), refused.moved)
    if submission is None:
        messages.info(request, "Nothing was sent: nothing of these students may go now.")
        return redirect("state")
    return redirect("submission", submission.public_id)


urlpatterns = [path("state/limited", limited, name="state_limited")]
