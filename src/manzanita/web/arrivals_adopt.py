"""Adopting plans together: the preview, the progress that survives a closed tab, and taking it back until it is
sent."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from manzanita.accounts.queries import user_names
from manzanita.arrivals.models import AdoptionBatch, AdoptionItem
from manzanita.arrivals.queries import (
    MOST_AT_ONCE,
    batches_of,
    chosen_arrivals,
    get_batch,
    items_of,
    open_arrivals,
)
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.arrivals import CHECKS
from manzanita.domain.findings import Reason
from manzanita.meetings.actions import NotPossible
from manzanita.platform.ids import new_public_id
from manzanita.procedures.adopting import (
    Offer,
    preview_adoptions,
    start_adoption,
)
from manzanita.procedures.adoption_undo import resume_batch, start_undo, unsent_of
from manzanita.ui.formats import plural
from manzanita.web.access import requires
from manzanita.web.arrival_words import role_words, rows_of
from manzanita.web.meetings_refusals import tell_reasons
from manzanita.web.work_state import row_and_job

UNDER_WAY = ("waiting", "running", "undoing")
LONGEST_REASON = 300
ITEM_MARKS = {
    "waiting": ("progress", "Waiting"),
    "adopted": ("ok", "Adopted"),
    "refused": ("held", "Not adopted"),
    "undone": ("declined", "Taken back"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.CORRECT_RECORD)
def arrivals_adopt(request: HttpRequest) -> HttpResponse:
    """What would be adopted: everybody safe, or who is ticked on the list; with ``apply`` a POST has it done."""
    actor = request.actor
    if request.method != "POST":
        safe = open_arrivals(actor).filter(is_safe=True).select_related("student")
        return _preview(request, list(safe.order_by("enrolled_on", "pk")[: MOST_AT_ONCE + 1]))
    chosen = chosen_arrivals(actor, request.POST.getlist("selected"))
    if "apply" not in request.POST:
        return _preview(request, chosen)
    reason = " ".join(request.POST.get("reason", "").replace("\0", "").split())[:LONGEST_REASON]
    try:
        token = uuid.UUID(request.POST.get("token", ""))
    except ValueError:
        raise Http404("no such preview") from None
    try:
        batch, is_new = start_adoption(actor=actor, arrivals=chosen, public_id=token, reason=reason)
    except NotPossible as refused:
        return _preview(request, chosen, refused.reasons, reason, token)
    if not is_new:
        messages.info(
            request, "This is under way already: the same form was sent twice. Nothing is done twice."
        )
    return redirect("adoption", batch.public_id)


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
    log_reads(
        actor=actor, student_ids=[one.student_id for one in chosen], what="arrivals.preview", filter_codes=""
    )

    def shown(wanted: bool) -> list[tuple[Any, Offer]]:
        return [(rows[one.arrival.pk], one) for one in offers if one.is_safe is wanted]

    batches = batches_of(actor)
    context = {
        "offered": shown(True),
        "left_out": shown(False),
        "is_more": is_more,
        "most": MOST_AT_ONCE,
        "checks": [check.holds for check in CHECKS],
        "refusals": refusals,
        "reason": reason,
        "longest": LONGEST_REASON,
        "token": token or new_public_id(),
        "role_words": role_words,
        "batches": batches,
        "names": user_names({one.by_id for one in batches}),
    }
    return render(request, "web/arrivals/adopt.html", context, status=422 if refusals else 200)


@require_safe
@requires(Capability.CORRECT_RECORD)
def adoption(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One batch: how far it is, and what became of each student."""
    progress = _progress(request.actor, public_id)
    batch = progress["batch"]
    items = items_of(request.actor, batch)
    log_reads(
        actor=request.actor,
        student_ids=[one.student_id for one in items],
        what="arrivals.adoption",
        filter_codes="",
    )
    context = {
        **progress,
        "items": [_shown(one) for one in items],
        "by": user_names({batch.by_id}).get(batch.by_id, ""),
        "undone_by": user_names({batch.undone_by_id}).get(batch.undone_by_id, "")
        if batch.undone_by_id
        else "",
    }
    return render(request, "web/arrivals/batch.html", context)


def _shown(item: AdoptionItem) -> dict[str, Any]:
    student = item.student
    return {
        "item": item,
        "name": f"{student.last_name}, {student.first_name}",
        "url": reverse("arrival", args=[item.arrival.public_id]),
        "mark": ITEM_MARKS[item.state],
    }


def _progress(actor: Actor, public_id: uuid.UUID) -> dict[str, Any]:
    batch, job, has_stopped = row_and_job(lambda: get_batch(actor, public_id), UNDER_WAY)
    states = list(batch.items.values_list("state", flat=True))
    counts = {state: states.count(state) for state in ITEM_MARKS}
    return {
        "batch": batch,
        "job": job,
        "has_stopped": has_stopped,
        "is_under_way": batch.state in UNDER_WAY,
        "counts": counts,
        "total": len(states),
        "may_undo": batch.state == "done" and counts["adopted"] > 0 and unsent_of(batch) > 0,
        "words": {"doing": "Adopting plans", "done": "adopted", "refused": "not adopted"},
        "here": reverse("adoption", args=[public_id]),
        "progress_url": reverse("adoption_progress", args=[public_id]),
        "resume_url": reverse("adoption_resume", args=[public_id]),
    }


@require_safe
@requires(Capability.CORRECT_RECORD)
def adoption_progress(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The moving part; when the work is over, the whole page is fetched once more."""
    progress = _progress(request.actor, public_id)
    answer = render(request, "web/work/progress.html", progress)
    if not progress["is_under_way"] or progress["has_stopped"]:
        answer["HX-Refresh"] = "true"
    return answer


@require_POST
@requires(Capability.CORRECT_RECORD)
def adoption_undo(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take back what was not sent yet."""
    batch = get_batch(request.actor, public_id)
    try:
        if not start_undo(actor=request.actor, batch=batch):
            messages.info(request, "Nothing is left to take back, or somebody is at it.")
    except NotPossible as refused:
        tell_reasons(request, refused.reasons)
    else:
        _say_undone(request, batch)
    return redirect("adoption", public_id)


def _say_undone(request: HttpRequest, batch: AdoptionBatch) -> None:
    batch.refresh_from_db()
    if batch.state == "done":
        kept = batch.items.filter(state="adopted").count()
        if kept:
            messages.warning(request, f"{plural(kept, 'plan')} not taken back: the row says why.")
        else:
            messages.success(
                request, "Taken back: the record is as it was before, and the arrival is open again."
            )


@require_POST
@requires(Capability.CORRECT_RECORD)
def adoption_resume(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Set a batch going again whose job gave up."""
    batch, _, has_stopped = row_and_job(lambda: get_batch(request.actor, public_id), UNDER_WAY)
    if has_stopped:
        resume_batch(actor=request.actor, batch=batch)
        messages.success(request, "Going on where it stopped.")
    else:
        messages.info(request, "It is under way already, or done.")
    return redirect("adoption", public_id)


urlpatterns = [
    path("arrivals/adopt", arrivals_adopt, name="arrivals_adopt"),
    path("arrivals/adoptions/<uuid:public_id>", adoption, name="adoption"),
    path("arrivals/adoptions/<uuid:public_id>/progress", adoption_progress, name="adoption_progress"),
    path("arrivals/adoptions/<uuid:public_id>/undo", adoption_undo, name="adoption_undo"),
    path("arrivals/adoptions/<uuid:public_id>/resume", adoption_resume, name="adoption_resume"),
]
