"""Duties: who sends, fixes, certifies and clears arrivals, and who stands in."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.accounts.duty_actions import assign_duty
from manzanita.accounts.duty_queries import duties_at
from manzanita.accounts.granting import Refused
from manzanita.accounts.people_queries import staff_with
from manzanita.domain.access import Capability, Scope
from manzanita.domain.duties import DUTIES
from manzanita.domain.findings import Reason
from manzanita.web.access import requires
from manzanita.web.people_forms import chosen, tabs


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.MANAGE_PEOPLE)
def duties(request: HttpRequest) -> HttpResponse:
    """Every duty of the agency; a POST names its people. A SELPA reads those of the district that it has chosen."""
    actor = request.actor
    if actor.perspective.scope is not Scope.AGENCY and not (actor.at_district and request.method != "POST"):
        raise Http404("duties are a district's")
    if request.method != "POST":
        return _page(request)
    kind = request.POST.get("kind", "")
    if kind not in DUTIES:
        raise Http404("no such duty")
    people = staff_with(actor, DUTIES[kind].capability)
    holder = chosen(people, request.POST.get("holder", ""))
    backup = chosen(people, request.POST.get("backup", ""))
    try:
        assign_duty(actor=actor, kind=kind, holder=holder, backup=backup)
    except Refused as refused:
        return _page(request, refused.reasons)
    words = f"{DUTIES[kind].label}: {holder.name if holder else 'nobody'}"
    messages.success(request, f"{words}, with {backup.name} to stand in." if backup else f"{words}.")
    return redirect("duties")


def _page(request: HttpRequest, refusals: Sequence[Reason] = ()) -> HttpResponse:
    actor = request.actor
    context = {
        "tabs": tabs(actor, "duties"),
        "rows": duties_at(actor.narrowed.agency_code),
        "may_name": not actor.at_district,
        "able": {kind.key: staff_with(actor, kind.capability) for kind in DUTIES.values()},
        "refusals": refusals,
    }
    return render(request, "web/people/duties.html", context, status=422 if refusals else 200)


urlpatterns = [path("admin/duties", duties, name="duties")]
