"""Sending for some students only, with what each of the rest would not send."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.exchange.actions import prepare_submission
from manzanita.exchange.closed_windows import hold_after_window
from manzanita.exchange.limited import Limited, Pasted, limited_to, read_pasted
from manzanita.exchange.queries import plan_operations_of
from manzanita.exchange.report_actions import expire_report_statuses
from manzanita.students.models import ScopedQuerySet
from manzanita.students.scope import visible_to
from manzanita.web.access import requires
from manzanita.web.found import found_in
from manzanita.web.state_lines import grouped

SHOWN = 100


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.SEND_TO_STATE)
def limited(request: HttpRequest) -> HttpResponse:
    """Choose students by pasted SSIDs (``ssids``) or as a found set (``web.found``), look, and send only theirs."""
    data = request.POST if request.method == "POST" else request.GET
    text = request.POST.get("ssids", "")
    context: dict[str, Any] = {"ssids": text, "found_set": None}
    if request.method == "POST":
        # A send must not go by what ran out since the nightly job; who only looks changes nothing.
        expire_report_statuses(request.actor.agency_code)
        hold_after_window(request.actor.agency_code)
    try:
        students, pasted = _chosen(request, text, data, context)
    except ValueError as error:
        context["error"] = f"{error}."
        return render(request, "web/state/limited.html", context, status=422)
    if students is None:
        return render(request, "web/state/limited.html", context)
    found = limited_to(request.actor, students)
    if request.method == "POST" and request.POST.get("do") == "send":
        return _send(request, found)
    return render(request, "web/state/limited.html", {**context, **_preview(request, found, pasted)})


def _chosen(
    request: HttpRequest, text: str, data: QueryDict, context: dict[str, Any]
) -> tuple[ScopedQuerySet | None, Pasted | None]:
    """Raises ``ValueError`` for SSIDs that cannot be read, and for a found set that cannot be read whole: what is left
    out of it would send more than was meant."""
    if text.strip():
        pasted = read_pasted(request.actor, text)
        return visible_to(request.actor).filter(pk__in=pasted.student_ids), pasted
    if not data.get("list"):
        return None, None
    found = found_in(request, data)
    if found.refusals:
        raise ValueError(" ".join(f"{one.text} {one.way_out}" for one in found.refusals).removesuffix("."))
    context["found_set"] = found
    return found.students, None


def _preview(request: HttpRequest, found: Limited, pasted: Pasted | None) -> dict[str, Any]:
    shown = plan_operations_of(request.actor, found.operation_ids[:SHOWN])
    log_reads(
        actor=request.actor,
        student_ids=[one.student_id for one in shown],
        what="state.limited",
        filter_codes="pasted" if pasted else "list",
    )
    return {"found": found, "pasted": pasted, "groups": grouped(request.actor, shown), "shown": len(shown)}


def _send(request: HttpRequest, found: Limited) -> HttpResponse:
    gateway = settings.STATE_GATEWAY
    submission = prepare_submission(
        actor=request.actor,
        form=gateway["form"],
        destination=gateway["destination"],
        operation_ids=found.operation_ids,
    )
    if submission is None:
        messages.info(request, "Nothing was sent: nothing of these students may go now.")
        return redirect("state")
    return redirect("submission", submission.public_id)


urlpatterns = [path("state/limited", limited, name="state_limited")]
