"""Adopting plans together: the preview, the progress that survives a closed tab, and taking it back until it is
sent."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from manzanita.accounts.queries import user_names
from manzanita.arrivals.models import AdoptionBatch
from manzanita.arrivals.queries import MOST_AT_ONCE, chosen_arrivals, open_arrivals
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.arrivals import CHECKS
from manzanita.domain.findings import Reason
from manzanita.meetings.actions import NotPossible
from manzanita.platform.ids import new_public_id
from manzanita.procedures.adopting import ADOPTIONS, preview_adoptions, start_adoption
from manzanita.procedures.left_out import why_no_arrival
from manzanita.students.many import batches_of
from manzanita.web.access import requires
from manzanita.web.arrival_words import role_words, rows_of
from manzanita.web.found import found_set
from manzanita.web.left_out import left_out
from manzanita.web.many_pages import LONGEST_WORDS, ManyPages, preview_token, started
from manzanita.web.pasted_words import pasted_words
from manzanita.web.row_reasons import reasons_of, told_of_arrival


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.CORRECT_RECORD)
def arrivals_adopt(request: HttpRequest) -> HttpResponse:
    """What would be adopted: everybody safe, or who arrives of a found set (``web.found``), or who is ticked on the
    list; with ``apply`` a POST has it done."""
    actor = request.actor
    if request.method != "POST":
        asked = found_set(request)
        # Of a found set all are shown: of whoever is not safe the page says why. The safe ones come first, as the
        # others stay open and would take their place at every visit.
        wanted = {"student__in": asked.keys} if asked else {"is_safe": True}
        rows = open_arrivals(actor).filter(**wanted).select_related("student")
        return _preview(request, list(rows.order_by("-is_safe", "enrolled_on", "pk")[: MOST_AT_ONCE + 1]))
    chosen = chosen_arrivals(actor, request.POST.getlist("selected"))
    if "apply" not in request.POST:
        return _preview(request, chosen)
    reason = " ".join(request.POST.get("reason", "").replace("\0", "").split())[:LONGEST_WORDS]
    token = preview_token(request)
    try:
        batch, is_new = start_adoption(actor=actor, arrivals=chosen, public_id=token, reason=reason)
    except NotPossible as refused:
        return _preview(request, chosen, refused.reasons, reason, token)
    return started(request, PAGES, batch, is_new=is_new)


def _preview(
    request: HttpRequest,
    chosen: Sequence[Any],
    refusals: Sequence[Reason] = (),
    reason: str = "",
    token: uuid.UUID | None = None,
) -> HttpResponse:
    actor: Actor = request.actor
    is_more = len(chosen) > MOST_AT_ONCE
    chosen = chosen[:MOST_AT_ONCE]
    offers = preview_adoptions(actor, chosen)
    rows = {row.arrival.pk: row for row in rows_of(actor, chosen)}
    batches, asked = batches_of(AdoptionBatch, actor, "adopted"), found_set(request)
    log_reads(
        actor=actor,
        student_ids=[one.student_id for one in chosen],
        what="arrivals.preview",
        filter_codes=asked.log_codes if asked else "",
    )
    context = {
        "offered": [(rows[one.arrival.pk], one) for one in offers if one.is_safe],
        "left_out": [
            (rows[one.arrival.pk], told_of_arrival(actor, one.arrival, one.reasons))
            for one in offers
            if not one.is_safe
        ],
        "asked": asked,
        "pasted_list": pasted_words(asked),
        "not_shown": left_out(
            asked, open_arrivals(actor).values("student_id"), why_no_arrival, "arrivals.preview"
        ),
        "is_more": is_more,
        "most": MOST_AT_ONCE,
        "checks": [check.holds for check in CHECKS],
        "refusals": refusals,
        "reason": reason,
        "longest": LONGEST_WORDS,
        "token": token or new_public_id(),
        "role_words": role_words,
        "batches": batches,
        "names": user_names({one.by_id for one in batches}),
    }
    return render(request, "web/arrivals/adopt.html", context, status=422 if refusals else 200)


PAGES = ManyPages(
    ADOPTIONS,
    "adoption",
    "web/arrivals/batch.html",
    ("arrivals.adoption", ""),
    lambda item: reverse("arrival", args=[item.arrival.public_id]),
    lambda actor, item: told_of_arrival(actor, item.arrival, reasons_of(item.reasons)),
    related=("arrival__student",),
    anew=("/arrivals", "Arrivals"),
    undone_words="Taken back: the record is as it was before, and the arrival is open again.",
)

urlpatterns = [
    path("arrivals/adopt", arrivals_adopt, name="arrivals_adopt"),
    *PAGES.urls("arrivals/adoptions"),
]
