"""Students who left, recorded together for one reason: whom the SIS has ended, the preview, the progress, the way
back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.codes import code_set
from manzanita.domain.findings import Reason
from manzanita.domain.leaving import PAPERS, REASONS, SUGGESTED, PaperSaid
from manzanita.leaving.models import LeavingItem
from manzanita.leaving.queries import batches_of, get_batch, items_of
from manzanita.meetings.actions import NotPossible
from manzanita.orgs.queries import school_names
from manzanita.platform.ids import new_public_id
from manzanita.procedures.leaving_many import (
    MOST_AT_ONCE,
    Departure,
    Offer,
    Together,
    departures,
    preview_leavings,
    resume_leavings,
    start_leavings,
    start_undo,
    untold_of,
)
from manzanita.students.queries import list_rows
from manzanita.web.access import requires
from manzanita.web.leaving_words import NOT_CONFIRMED, line_words
from manzanita.web.meetings_refusals import tell_reasons
from manzanita.web.people_forms import day_of
from manzanita.web.student_leaving import ERROR_FIELDS
from manzanita.web.students_words import grade_text
from manzanita.web.work_state import row_and_job

UNDER_WAY = ("waiting", "running", "undoing")
ITEM_MARKS = {
    "waiting": ("progress", "Waiting"),
    "recorded": ("ok", "Recorded"),
    "refused": ("held", "Not recorded"),
    "undone": ("declined", "Taken back"),
}
WORDS = {"doing": "Recording leavings", "done": "recorded", "refused": "not recorded"}
LONGEST_NOTE = 300


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.CORRECT_RECORD)
def leaving_many(request: HttpRequest) -> HttpResponse:
    """Whom the SIS has ended, by how; a POST shows what one reason would do for who is ticked, with ``apply`` it is
    done."""
    if request.method != "POST":
        return _groups(request)
    said = _said(request)
    chosen = departures(request.actor, _uuids(request.POST.getlist("selected")))
    is_applying = "apply" in request.POST
    if said is None or not (chosen or is_applying):
        what = "choose the reason first." if said is None else "nobody is ticked, or nobody of them is left."
        messages.error(request, f"Nothing was recorded: {what} (You)")
        return redirect("leaving_many")
    if not is_applying:
        return _preview(request, chosen, said)
    try:
        token = uuid.UUID(request.POST.get("token", ""))
    except ValueError:
        raise Http404("no such preview") from None
    try:
        batch, is_new = start_leavings(actor=request.actor, chosen=chosen, said=said, public_id=token)
    except NotPossible as refused:
        return _preview(request, chosen, said, refused.reasons, token)
    if not is_new:
        messages.info(
            request, "This is under way already: the same form was sent twice. Nothing is done twice."
        )
    return redirect("leaving_batch", batch.public_id)


def _uuids(texts: Sequence[str]) -> list[uuid.UUID]:
    found = []
    for text in texts[:MOST_AT_ONCE]:
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return found


def _said(request: HttpRequest) -> Together | None:
    given = {name: " ".join(text.replace("\0", "").split()) for name, text in request.POST.items()}
    reason = REASONS.get(given.get("reason", ""))
    if reason is None:
        return None
    papers = {
        key: PaperSaid(day_of(given.get(f"{key}_on", "")), given.get(f"{key}_note", ""))
        for key in reason.papers
    }
    return Together(reason.key, given.get("note", "")[:LONGEST_NOTE], papers)


def _groups(request: HttpRequest) -> HttpResponse:
    """One group for each way in which the SIS ended the enrollment, with the reason that it suggests."""
    actor = request.actor
    found = departures(actor)
    listed = _listed(actor, found)
    names = code_set("StudentExitCategory")
    in_order = sorted(found, key=lambda one: one.exit_code)
    groups = []
    for code, members in groupby(in_order, key=lambda one: one.exit_code):
        rows = [listed[one.student.pk] for one in members]
        suggested = REASONS.get(SUGGESTED.get(code, ""))
        label = names.codes[code].name if code in names.codes else ""
        groups.append(
            {
                "code": code or "none",
                "label": label,
                "rows": rows[:MOST_AT_ONCE],
                "count": len(rows),
                "suggested": suggested,
            }
        )
    groups.sort(key=lambda one: -one["count"])
    log_reads(
        actor=actor,
        student_ids=[one.student.pk for one in found],
        what="leaving.list",
        filter_codes="departures",
    )
    batches = batches_of(actor)
    context = {
        "groups": groups,
        "count": len(found),
        "most": MOST_AT_ONCE,
        "reasons": [(one.key, one.label) for one in REASONS.values()],
        "batches": batches,
        "names": user_names({one.by_id for one in batches}),
    }
    return render(request, "web/students/leaving_many.html", context)


def _listed(actor: Actor, found: Sequence[Departure]) -> dict[int, dict[str, Any]]:
    """What a row says of each, by the student's key."""
    known = list_rows([one.student for one in found], actor)
    schools = school_names({row.enrollment.school_code for row in known if row.enrollment})
    rows = {}
    for one, row in zip(found, known, strict=True):
        enrollment = row.enrollment
        rows[one.student.pk] = {
            "departure": one,
            "name": f"{one.student.last_name}, {one.student.first_name}",
            "url": reverse("leaving", args=[one.student.public_id]),
            "grade": grade_text(enrollment.grade_code) if enrollment else "",
            "school": schools.get(enrollment.school_code, "") if enrollment else "",
        }
    return rows


def _preview(
    request: HttpRequest,
    chosen: Sequence[Departure],
    said: Together,
    refusals: Sequence[Reason] = (),
    token: uuid.UUID | None = None,
) -> HttpResponse:
    actor = request.actor
    offers = preview_leavings(actor, chosen, said)
    listed = _listed(actor, chosen)
    log_reads(
        actor=actor,
        student_ids=[one.student.pk for one in chosen],
        what="leaving.list",
        filter_codes=f"preview={said.reason_key}",
    )

    def shown(wanted: bool) -> list[tuple[dict[str, Any], Offer]]:
        return [(listed[one.departure.student.pk], one) for one in offers if one.is_ready is wanted]

    context = {
        "reason": said.reason,
        "line": line_words(said.reason),
        "if_wrong": [NOT_CONFIRMED] if "not confirmed" in line_words(said.reason) else [],
        "said": said,
        "papers": [(PAPERS[key], said.papers.get(key, PaperSaid())) for key in said.reason.papers],
        "ready": shown(True),
        "left_out": shown(False),
        "refusals": refusals,
        "errors": {ERROR_FIELDS[one.code]: one.text for one in refusals if one.code in ERROR_FIELDS},
        "longest": LONGEST_NOTE,
        "token": token or new_public_id(),
    }
    return render(request, "web/students/leaving_preview.html", context, status=422 if refusals else 200)


@require_safe
@requires(Capability.CORRECT_RECORD)
def leaving_batch(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One batch: how far it is, and what became of each student."""
    progress = _progress(request.actor, public_id)
    batch = progress["batch"]
    items = items_of(request.actor, batch)
    log_reads(
        actor=request.actor,
        student_ids=[one.student_id for one in items],
        what="leaving.list",
        filter_codes="batch",
    )
    people = {batch.by_id, batch.undone_by_id} - {None}
    names = user_names(people)
    context = {
        **progress,
        "items": [_shown(one) for one in items],
        "by": names.get(batch.by_id, ""),
        "undone_by": names.get(batch.undone_by_id, ""),
        "is_more": bool(departures(request.actor)) if not progress["is_under_way"] else False,
    }
    return render(request, "web/students/leaving_batch.html", context)


def _shown(item: LeavingItem) -> dict[str, Any]:
    student = item.student
    return {
        "item": item,
        "name": f"{student.last_name}, {student.first_name}",
        "url": reverse("leaving", args=[student.public_id]),
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
        "may_undo": batch.state == "done" and counts["recorded"] > 0 and untold_of(batch) > 0,
        "words": WORDS,
        "here": reverse("leaving_batch", args=[public_id]),
        "progress_url": reverse("leaving_batch_progress", args=[public_id]),
        "resume_url": reverse("leaving_batch_resume", args=[public_id]),
    }


@require_safe
@requires(Capability.CORRECT_RECORD)
def leaving_batch_progress(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The moving part; when the work is over, the whole page is fetched once more."""
    progress = _progress(request.actor, public_id)
    answer = render(request, "web/work/progress.html", progress)
    if not progress["is_under_way"] or progress["has_stopped"]:
        answer["HX-Refresh"] = "true"
    return answer


@require_POST
@requires(Capability.CORRECT_RECORD)
def leaving_batch_undo(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take back whom of it the state was not told of."""
    batch = get_batch(request.actor, public_id)
    try:
        if not start_undo(actor=request.actor, batch=batch):
            messages.info(request, "Nothing is left to take back, or somebody is at it.")
    except NotPossible as refused:
        tell_reasons(request, refused.reasons)
    return redirect("leaving_batch", public_id)


@require_POST
@requires(Capability.CORRECT_RECORD)
def leaving_batch_resume(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Set a batch going again whose job gave up."""
    batch, _, has_stopped = row_and_job(lambda: get_batch(request.actor, public_id), UNDER_WAY)
    if has_stopped:
        resume_leavings(actor=request.actor, batch=batch)
        messages.success(request, "Going on where it stopped.")
    else:
        messages.info(request, "It is under way already, or done.")
    return redirect("leaving_batch", public_id)


urlpatterns = [
    path("students/leaving/together", leaving_many, name="leaving_many"),
    path("students/leaving/together/<uuid:public_id>", leaving_batch, name="leaving_batch"),
    path(
        "students/leaving/together/<uuid:public_id>/progress",
        leaving_batch_progress,
        name="leaving_batch_progress",
    ),
    path("students/leaving/together/<uuid:public_id>/undo", leaving_batch_undo, name="leaving_batch_undo"),
    path(
        "students/leaving/together/<uuid:public_id>/resume", leaving_batch_resume, name="leaving_batch_resume"
    ),
]
