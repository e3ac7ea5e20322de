"""Lending one's own perspective to a colleague, for some days and for some of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from manzanita.accounts.grant_actions import lend_grant, take_back_grant
from manzanita.accounts.granting import Refused
from manzanita.accounts.lending import LONGEST_DELEGATION_DAYS, can_be_lent
from manzanita.accounts.people_queries import colleagues_of, lent_by, own_grants
from manzanita.accounts.queries import capabilities_of
from manzanita.domain.access import CAPABILITY_WORDS, Capability
from manzanita.domain.findings import Reason
from manzanita.platform import clock
from manzanita.web.access import no_grant
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.people_forms import chosen, text_in


@require_http_methods(["GET", "HEAD", "POST"])
def lend(request: HttpRequest) -> HttpResponse:
    """What one holds and has lent; a POST lends one of it."""
    actor = request.actor
    if actor is None:
        return no_grant(request)
    if request.method != "POST":
        return _page(request)
    grant = next((one for one in own_grants(actor) if str(one.pk) == request.POST.get("grant", "")), None)
    if grant is None:
        raise Http404("no such grant of this person")
    if wrong := mistyped(request.POST, {"ends_on": "Through"}):
        return _page(request, wrong.reasons)
    known = {one.value: one for one in Capability}
    to = chosen(list(colleagues_of(grant)), request.POST.get("to", ""))
    try:
        made = lend_grant(
            actor=actor,
            grant=grant,
            to=to,
            capabilities=[known[one] for one in request.POST.getlist("may") if one in known],
            ends_on=day_of(request.POST.get("ends_on", "")),
            reason=text_in(request, "reason"),
        )
    except Refused as refused:
        return _page(request, refused.reasons)
    messages.success(request, f"Lent to {made.user.name} through {made.ends_on:%m/%d/%Y}.")
    return redirect("lend")


@require_POST
def take_back(request: HttpRequest, grant_id: int) -> HttpResponse:
    actor = request.actor
    if actor is None:
        return no_grant(request)
    grant = next((one for one in lent_by(actor.user_id) if one.pk == grant_id), None)
    if grant is None:
        raise Http404("no such loan of this person")
    try:
        take_back_grant(actor=actor, grant=grant)
    except Refused as refused:
        return _page(request, refused.reasons)
    messages.success(request, f"Taken back from {grant.user.name}.")
    return redirect("lend")


def _page(request: HttpRequest, refusals: Sequence[Reason] = ()) -> HttpResponse:
    actor, today = request.actor, clock.today()
    offers = [
        {
            "grant": grant,
            "colleagues": [(str(one.pk), one.name) for one in colleagues_of(grant)],
            "capabilities": [
                (one.value, words) for one, words in CAPABILITY_WORDS.items() if one in capabilities_of(grant)
            ],
        }
        for grant in own_grants(actor)
        if can_be_lent(grant) and capabilities_of(grant)
    ]
    context = {
        "offers": offers,
        "lent": lent_by(actor.user_id),
        "refusals": refusals,
        "sent": request.POST,
        "today": today,
        "latest": today + timedelta(days=LONGEST_DELEGATION_DAYS),
        "longest": LONGEST_DELEGATION_DAYS,
    }
    return render(request, "web/people/lend.html", context, status=422 if refusals else 200)


urlpatterns = [
    path("lend", lend, name="lend"),
    path("lend/<int:grant_id>/take-back", take_back, name="take_back"),
]
