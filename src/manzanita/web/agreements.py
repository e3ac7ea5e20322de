"""Agreements of a district with nonpublic schools and agencies: what stands, and recording one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.accounts.queries import user_names
from manzanita.domain.directory_requests import AGREEMENT_SOURCE, agreement_on
from manzanita.domain.findings import Reason
from manzanita.orgs.queries import agency_names
from manzanita.orgs.request_actions import NotDone, record_agreement, withdraw_agreement
from manzanita.orgs.requests import (
    agreement_rows,
    agreements_by_place,
    contracted_places,
    may_ask_directory,
    waiting_for,
)
from manzanita.platform import clock
from manzanita.web.access import requires
from manzanita.web.directory_requests import EITHER
from manzanita.web.form_days import day_of
from manzanita.web.people_forms import number_of

MOST_SHOWN = 500
FIELDS = ("agency", "number", "first", "last")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(*EITHER)
def agreements(request: HttpRequest) -> HttpResponse:
    """The agreements of the actor's agencies, the newest first; the district itself records and withdraws its own."""
    if request.method != "POST":
        return _page(request, dict.fromkeys(FIELDS, ""), [])
    values = {name: " ".join(request.POST.get(name, "").replace("\0", "").split())[:40] for name in FIELDS}
    try:
        if "withdraw" in request.POST:
            wanted = number_of(request.POST["withdraw"])
            row = agreement_rows([request.actor.agency_code]).filter(pk=wanted).first()
            if row is None:
                raise Http404("no such agreement of this district")
            withdraw_agreement(actor=request.actor, agreement=row)
            messages.success(request, "Withdrawn: the agreement counts no more.")
        else:
            record_agreement(
                actor=request.actor,
                agency_code=values["agency"][:7],
                first=day_of(values["first"]),
                last=day_of(values["last"]),
                number=values["number"],
            )
            messages.success(request, "Recorded. It counts from its first day.")
    except NotDone as refused:
        return _page(request, values, refused.reasons)
    return redirect("agreements")


def _page(request: HttpRequest, values: dict[str, str], reasons: Sequence[Reason]) -> HttpResponse:
    actor, today = request.actor, clock.today()
    rows = list(agreement_rows(actor.agency_codes)[:MOST_SHOWN])
    codes = {code for one in rows for code in (one.lea_code, one.agency_code)}
    asked = {code: one.name for code, one in waiting_for(actor, codes).items()}
    names = asked | agency_names(codes)
    by_place = agreements_by_place(actor.agency_codes)
    context: dict[str, Any] = {
        "rows": [
            {
                "one": one,
                "place": names.get(one.agency_code, one.agency_code),
                "lea": names.get(one.lea_code, one.lea_code),
                "said": agreement_on(by_place[one.lea_code, one.agency_code], today),
                "is_own": one.lea_code == actor.agency_code,
            }
            for one in rows
        ],
        "people": user_names({one.recorded_by_id for one in rows}),
        "is_cut": len(rows) == MOST_SHOWN,
        "may_record": may_ask_directory(actor),
        "places": contracted_places(actor, today) if may_ask_directory(actor) else [],
        "values": values,
        "refusals": reasons,
        "source": AGREEMENT_SOURCE,
    }
    return render(request, "web/directory/agreements.html", context, status=422 if reasons else 200)


urlpatterns = [path("directory/agreements", agreements, name="agreements")]
