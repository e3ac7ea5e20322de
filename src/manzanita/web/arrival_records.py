"""Records of an arriving student that were asked for at the former district, and their receipt."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from manzanita.arrivals.actions import ask_for_records, receive_records
from manzanita.arrivals.models import Arrival
from manzanita.arrivals.queries import get_arrival
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.arrivals import Evidence
from manzanita.domain.clocks import due
from manzanita.domain.findings import Owner, Reason
from manzanita.orgs.queries import agency_names
from manzanita.platform import clock
from manzanita.ui.formats import us_date
from manzanita.web.access import requires
from manzanita.web.arrival_words import text_given
from manzanita.web.form_days import day_of, day_or_error
from manzanita.web.people_forms import number_of
from manzanita.web.reasons_told import tell_reasons


@require_POST
@requires(Capability.CORRECT_RECORD)
def arrival_records(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Note that the records were asked for, or that they came (``received``)."""
    found = get_arrival(request.actor, public_id)
    log_reads(actor=request.actor, student_ids=[found.student_id], what="arrivals.arrival")
    refused = _received(request, found) if "received" in request.POST else _asked(request, found)
    if refused is not None:
        tell_reasons(request, [refused])
    return redirect(f"{reverse('arrival', args=[public_id])}#records-head")


def _asked(request: HttpRequest, found: Arrival) -> Reason | None:
    asked_on, today = day_of(request.POST.get("asked_on", "")), clock.today()
    evidence = Evidence.from_document(found.evidence)
    names = agency_names({evidence.former_lea} - {""})
    name = text_given(request, "agency") or names.get(evidence.former_lea, "")
    errors: dict[str, str] = {}
    follow_up_on = day_or_error(request.POST, "follow_up_on", errors)
    if asked_on is None or asked_on > today or not name or errors:
        return Reason(
            "records-not-asked",
            "The request was not noted: it needs the agency that was asked, and the day, not after today; the day on "
            "which to ask again may stay blank.",
            Owner.COORDINATOR,
            "Enter the days as the fields show them.",
        )
    # The former district has five working days (5 CCR 3024(a)); then somebody asks again.
    by_law = due("records-to-new-lea", request_on=asked_on).statutory_due_on
    follow_up = follow_up_on or by_law or asked_on + timedelta(days=7)
    is_former = name == names.get(evidence.former_lea)
    ask_for_records(
        actor=request.actor,
        arrival=found,
        agency_code=evidence.former_lea if is_former else "",
        agency_name=name,
        contact_name=text_given(request, "contact"),
        asked_on=asked_on,
        follow_up_on=max(follow_up, asked_on),
        note=text_given(request, "note"),
    )
    messages.success(request, f"Noted. Ask again on {us_date(max(follow_up, asked_on))} if nothing has come.")
    return None


def _received(request: HttpRequest, found: Arrival) -> Reason | None:
    asked = found.records_asked.filter(pk=number_of(request.POST["received"]) or 0).first()
    received_on = day_of(request.POST.get("received_on", ""))
    if asked is None or received_on is None or not asked.asked_on <= received_on <= clock.today():
        return Reason(
            "records-not-received",
            "The receipt was not noted: the day lies between the day of the request and today.",
            Owner.COORDINATOR,
            "Enter the day on which they came.",
        )
    if receive_records(actor=request.actor, asked=asked, received_on=received_on):
        messages.success(request, f"Noted: the records came on {us_date(received_on)}.")
    return None


urlpatterns = [path("arrivals/<uuid:public_id>/records", arrival_records, name="arrival_records")]
