"""Looking at the product as a colleague sees it: choose whom, say why, and the way back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from manzanita.accounts.access_refusals import NotGiven
from manzanita.accounts.guest_models import LONGEST_VIEW_MINUTES
from manzanita.accounts.guest_queries import COLLEAGUES_SHOWN, colleague_grants
from manzanita.accounts.view_as import forget_view, remember_view
from manzanita.accounts.view_as_actions import end_view_as, start_view_as
from manzanita.domain.access import Capability
from manzanita.web.access import requires


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.VIEW_AS)
def view_as(request: HttpRequest) -> HttpResponse:
    """Colleagues whose view may be opened (``who`` narrows them by name), and the reason for it."""
    who = " ".join(request.GET.get("who", "").replace("\0", "").split())[:100]
    reason = request.POST.get("reason", "").replace("\0", "")
    reasons: list = []
    if request.method == "POST":
        wanted = request.POST.get("grant", "")
        try:
            view = start_view_as(
                actor=request.actor,
                grant_id=int(wanted) if wanted.isdecimal() and len(wanted) < 19 else 0,
                reason=reason,
            )
        except NotGiven as refused:
            reasons = list(refused.reasons)
        else:
            remember_view(request, view)
            return redirect("home")
    found = list(colleague_grants(request.actor, who)[: COLLEAGUES_SHOWN + 1])
    context = {
        "who": who,
        "reason": reason,
        "reasons": reasons,
        "grants": found[:COLLEAGUES_SHOWN],
        "has_more": len(found) > COLLEAGUES_SHOWN,
        "minutes": LONGEST_VIEW_MINUTES,
    }
    return render(request, "web/guests/view_as.html", context, status=422 if reasons else 200)


@require_POST
def view_as_end(request: HttpRequest) -> HttpResponse:
    """Look as oneself again. Where no view runs nothing changes."""
    if request.view_as is not None:
        end_view_as(actor=request.actor.within, view=request.view_as)
        forget_view(request)
        messages.success(
            request, f"You look as yourself again: the view as {request.view_as.viewed.name} has ended."
        )
    return redirect("home")


urlpatterns = [
    path("view-as", view_as, name="view_as"),
    path("view-as/end", view_as_end, name="view_as_end"),
]
