"""Mending at once what a rule objects to, where it is certain of the right value: a preview, then one click."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.fields import short_name
from manzanita.domain.findings import Reason
from manzanita.meetings.actions import NotPossible
from manzanita.procedures.repairing import (
    AT_ONCE,
    Proposal,
    Repaired,
    preview_repair,
    repair_findings,
    rule_with_repair,
)
from manzanita.ui.formats import plural
from manzanita.web.access import requires
from manzanita.web.settle import open_url
from manzanita.web.state_lines import meaning, name_of, student_names

LONGEST_REASON = 300


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.CORRECT_RECORD)
def settle_repair(request: HttpRequest, code: str) -> HttpResponse:
    """What each record would become and which are left out; a POST mends those that are ticked."""
    if rule_with_repair(code) is None:
        raise Http404("this rule mends nothing")
    if request.method != "POST":
        return _page(request, code)
    reason = " ".join(request.POST.get("reason", "").split())[:LONGEST_REASON]
    try:
        done = repair_findings(actor=request.actor, code=code, seen=_seen(request), reason=reason)
    except NotPossible as refused:
        return _page(request, code, refused.reasons, reason)
    _say(request, done)
    return redirect("settle_repair", code)


def _seen(request: HttpRequest) -> dict[int, str]:
    """The findings that are ticked, each with the digest of what was on the page."""
    ticked = (re.fullmatch(r"(\d{1,18}) ([0-9a-f]{32})", text) for text in request.POST.getlist("finding"))
    return {int(one[1]): one[2] for one in ticked if one is not None}


def _say(request: HttpRequest, done: Repaired) -> None:
    if done.count:
        messages.success(
            request,
            f"{plural(done.count, 'record')} mended. The findings close as soon as the rules have judged them; "
            "what the state will be told stands in the plan.",
        )
    else:
        messages.info(request, "Nothing was mended: nothing was ticked, or it is mended already.")
    for reason in {
        one.why_not.code: one.why_not for one in done.left_out if one.why_not is not None
    }.values():
        messages.warning(request, f"Left out: {reason.text} {reason.way_out} ({reason.owner})")


def _page(request: HttpRequest, code: str, refusals: Sequence[Reason] = (), reason: str = "") -> HttpResponse:
    actor = request.actor
    preview = preview_repair(actor, code)
    shown = [*preview.offered, *preview.left_out]
    students = list(dict.fromkeys(one.finding.student_id for one in shown))
    log_reads(actor=actor, student_ids=students, what="settle.repair", filter_codes=f"rule={code}")
    people = student_names(actor, students)

    def row(one: Proposal) -> dict[str, Any]:
        return {
            "finding": one.finding,
            "name": name_of(people.get(one.finding.student_id)),
            "url": reverse("settle_finding", args=[one.finding.pk]),
            "why_not": one.why_not,
            "changes": [
                {
                    "number": number,
                    "label": short_name(number),
                    "was": meaning(number, was) or "blank",
                    "becomes": meaning(number, becomes) or "blank",
                }
                for number, (was, becomes) in sorted(one.changes.items())
            ],
        }

    context = {
        "rule": preview.rule,
        "repair": preview.repair,
        "offered": [row(one) for one in preview.offered],
        "left_out": [row(one) for one in preview.left_out],
        "waiting": preview.waiting,
        "more": preview.more,
        "at_once": AT_ONCE,
        "list_url": open_url(code),
        "refusals": refusals,
        "reason": reason,
        "longest": LONGEST_REASON,
    }
    return render(request, "web/findings/repair.html", context, status=422 if refusals else 200)


urlpatterns = [path("findings/settle/repair/<slug:code>", settle_repair, name="settle_repair")]
