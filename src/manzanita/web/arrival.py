"""The page of one arrival, and what a POST on it does."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.accounts.granting import Refused
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.meetings.actions import NotPossible
from manzanita.procedures.adopting import why_settled
from manzanita.web.access import requires
from manzanita.web.arrival_deeds import DEEDS, is_sent_twice
from manzanita.web.arrival_looked import look
from manzanita.web.arrival_page import arrival_page
from manzanita.web.arrival_words import text_given
from manzanita.web.meanwhile import alone_with


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.CORRECT_RECORD)
def arrival(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The page; a POST keeps answers (``answer``), adopts (``adopt``), records a status (``inactive``), settles
    (``settle``) or assigns (``assign``)."""
    looked = look(request.actor, public_id)
    log_reads(actor=request.actor, student_ids=[looked.student.pk], what="arrivals.arrival")
    if request.method != "POST":
        return arrival_page(request, looked)
    do = next((name for name in DEEDS if name in request.POST), "")
    if not do:
        messages.info(request, "Nothing was changed: nothing was asked for.")
        return redirect("arrival", public_id)
    try:
        with alone_with(request, looked.student, typed=text_given(request, "reason")):
            looked = look(request.actor, public_id)
            if looked.arrival.settled_at is not None and do != "assign":
                if is_sent_twice(request, looked.arrival):
                    return redirect("arrival", public_id)
                raise NotPossible([why_settled(looked.arrival)])
            DEEDS[do](request, looked)
    except (NotPossible, Refused) as refused:
        return arrival_page(request, look(request.actor, public_id), refused.reasons)
    return redirect("arrival", public_id)


urlpatterns = [
    path("arrivals/<uuid:public_id>", arrival, name="arrival"),
]
