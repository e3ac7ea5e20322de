"""Transfers of people between districts: what waits for an answer here, and what this district has asked."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from manzanita.accounts.granting import Refused, managed_codes
from manzanita.accounts.transfer_queries import get_transfer, transfers_for
from manzanita.domain.access import Capability
from manzanita.domain.findings import Reason
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.procedures.transferring import (
    accept_transfer,
    decline_transfer,
    why_not_let_go,
    withdraw_transfer,
)
from manzanita.web.access import requires
from manzanita.web.people_forms import tabs, text_in


@require_safe
@requires(Capability.MANAGE_PEOPLE)
def transfers(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
@requires(Capability.MANAGE_PEOPLE)
def answer(request: HttpRequest, transfer_id: int) -> HttpResponse:
    """Let go or decline what another asks; withdraw what this district asks."""
    actor = request.actor
    found = get_transfer(actor, transfer_id)
    words = text_in(request, "answer")
    state = request.POST.get("state", "")
    try:
        if state == "accepted":
            accept_transfer(actor=actor, request=found, answer=words)
            done = f"{found.user.name} goes to {found.to_agency.name}; the perspectives here end."
        elif state == "declined":
            decline_transfer(actor=actor, request=found, answer=words)
            done = f"{found.to_agency.name} is told why {found.user.name} stays."
        elif state == "withdrawn":
            withdraw_transfer(actor=actor, request=found)
            done = "The request is taken back."
        else:
            raise Http404("no such answer")
    except Refused as refused:
        return _page(request, refused.reasons)
    messages.success(request, done)
    return redirect("transfers")


def _page(request: HttpRequest, refusals: Sequence[Reason] = ()) -> HttpResponse:
    actor = request.actor
    codes = managed_codes(actor)
    rows = []
    for one in transfers_for(actor):
        is_ours = one.from_agency.code in codes
        rows.append(
            {
                "request": one,
                "label": PERSPECTIVES[one.perspective_key].label,
                "is_ours": is_ours,
                "reasons": why_not_let_go(actor, one) if is_ours else [],
            }
        )
    context = {"tabs": tabs(actor, "transfers"), "rows": rows, "refusals": refusals}
    return render(request, "web/people/transfers.html", context, status=422 if refusals else 200)


urlpatterns = [
    path("admin/transfers", transfers, name="transfers"),
    path("admin/transfers/<int:transfer_id>", answer, name="transfer_answer"),
]
