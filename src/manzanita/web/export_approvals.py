"""Large exports of others that wait for a second person."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from manzanita.accounts.queries import user_names
from manzanita.accounts.second_person import reaches, why_not_approve
from manzanita.auditing.exports import approve_export, refuse_export
from manzanita.auditing.models import ExportState, ListExport
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Reason
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.orgs.queries import agency_names
from manzanita.platform import clock
from manzanita.web.access import requires
from manzanita.web.people_forms import tabs

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Waiting:
    """One export that waits. ``why_not`` says why the reader does not decide on it."""

    export: ListExport
    by: str
    perspective: str
    agency: str
    why_not: Reason | None


def waiting_exports(actor: Actor) -> list[ListExport]:
    """Exports that wait within the actor's reach, one's own too, oldest first."""
    codes = [actor.agency_code, *actor.agency_codes]
    found = ListExport.objects.filter(
        state=ExportState.WAITING, agency_code__in=codes, lapses_at__gt=clock.now()
    ).order_by("asked_at")
    return [export for export in found if reaches(actor, export.agency_code)]


def waiting_for(actor: Actor) -> int:
    """How many wait for this very person."""
    return sum(why_not_approve(actor, export) is None for export in waiting_exports(actor))


@require_safe
@requires(Capability.APPROVE_EXPORT)
def approvals(request: HttpRequest) -> HttpResponse:
    """What waits, and what was decided last."""
    actor = request.actor
    found = waiting_exports(actor)
    decided = list(
        ListExport.objects.filter(
            agency_code__in=[actor.agency_code, *actor.agency_codes], decided_at__isnull=False
        ).order_by("-decided_at")[:SHOWN]
    )
    names = user_names({one.by_id for one in (*found, *decided)} | {one.decided_by_id for one in decided})
    agencies = agency_names({one.agency_code for one in (*found, *decided)})
    context = {
        "tabs": tabs(actor, "export_approvals"),
        "waiting": [
            Waiting(
                export=one,
                by=names.get(one.by_id, ""),
                perspective=PERSPECTIVES[one.perspective_key].label,
                agency=agencies.get(one.agency_code, one.agency_code),
                why_not=why_not_approve(actor, one),
            )
            for one in found
        ],
        "decided": decided,
        "names": names,
        "agencies": agencies,
    }
    return render(request, "web/exports/approvals.html", context)


@require_POST
@requires(Capability.APPROVE_EXPORT)
def decide(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Approve or refuse one, with a word; who may not decide is told why."""
    actor = request.actor
    export = ListExport.objects.filter(public_id=public_id).first()
    if export is None or not reaches(actor, export.agency_code):
        raise Http404("no such export")
    word = request.POST.get("word", "")
    reason = why_not_approve(actor, export)
    if reason is not None:
        messages.error(request, f"{reason.text} {reason.way_out}")
        return redirect("export_approvals")
    try:
        if request.POST.get("do") == "approve":
            done, words = (
                approve_export(export=export, by=actor, word=word),
                "Approved: the file is being made.",
            )
        elif request.POST.get("do") == "refuse":
            done, words = (
                refuse_export(export=export, by=actor, word=word),
                "Refused: the person reads your words.",
            )
        else:
            raise Http404("no such answer")
    except ValueError as error:
        messages.error(request, f"{error}. Nothing was decided.")
        return redirect("export_approvals")
    if done:
        messages.success(request, words)
    else:
        messages.info(request, "Nothing was changed: it was decided already, or its three days are over.")
    return redirect("export_approvals")


urlpatterns = [
    path("admin/exports", approvals, name="export_approvals"),
    path("admin/exports/<uuid:public_id>", decide, name="export_decide"),
]
