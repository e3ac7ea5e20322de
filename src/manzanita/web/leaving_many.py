"""Students who left, recorded together for one reason: whom the SIS has ended, the preview, the progress, the way
back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.codes import code_set
from manzanita.domain.findings import Reason
from manzanita.domain.leaving import PAPERS, REASONS, PaperSaid, suggested_reason
from manzanita.leaving.models import LeavingBatch
from manzanita.meetings.actions import NotPossible
from manzanita.orgs.queries import school_names
from manzanita.platform.ids import new_public_id
from manzanita.procedures.leaving_many import (
    LEAVINGS,
    MOST_AT_ONCE,
    Departure,
    Together,
    departures,
    preview_leavings,
    start_leavings,
)
from manzanita.procedures.left_out import why_no_departure
from manzanita.students.listing import list_rows
from manzanita.students.many import batches_of
from manzanita.web.access import requires
from manzanita.web.form_days import Mistyped, day_of, mistyped
from manzanita.web.found import found_set
from manzanita.web.leaving_asked import paper_days
from manzanita.web.leaving_words import NOT_CONFIRMED, line_words
from manzanita.web.left_out import left_out
from manzanita.web.many_pages import LONGEST_WORDS, ManyPages, preview_token, started
from manzanita.web.pasted_words import pasted_words
from manzanita.web.row_reasons import reasons_of, told_of_leaving
from manzanita.web.student_leaving import ERROR_FIELDS
from manzanita.web.students_words import grade_text


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.CORRECT_RECORD)
def leaving_many(request: HttpRequest) -> HttpResponse:
    """Whom the SIS has ended, by how, all or those of a found set (``web.found``). A POST shows what one reason would
    do for who is ticked; with ``apply`` it is done."""
    if request.method != "POST":
        return _groups(request)
    said = _said(request)
    chosen = departures(request.actor, _uuids(request.POST.getlist("selected")))
    is_applying = "apply" in request.POST
    if said is None or not (chosen or is_applying):
        messages.error(request, f"Nothing was recorded: {_what_is_missing(request, said)} (You)")
        return _groups(request)
    wrong = mistyped(request.POST, paper_days(said.reason))
    if not is_applying or wrong:
        return _preview(request, chosen, said, wrong.reasons, wrong=wrong)
    token = preview_token(request)
    try:
        batch, is_new = start_leavings(actor=request.actor, chosen=chosen, said=said, public_id=token)
    except NotPossible as refused:
        return _preview(request, chosen, said, refused.reasons, token)
    return started(request, PAGES, batch, is_new=is_new)


def _what_is_missing(request: HttpRequest, said: Together | None) -> str:
    if said is None:
        return "choose the reason first; who was ticked still is."
    if not request.POST.getlist("selected"):
        return "nobody is ticked. Tick whom the reason is true of; it is still chosen."
    return "of those who were ticked nobody is on this list any more; somebody has recorded or answered them since."


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
    return Together(reason.key, given.get("note", "")[:LONGEST_WORDS], papers)


def _groups(request: HttpRequest) -> HttpResponse:
    """One group for each way in which the SIS ended the enrollment, with the reason that it suggests; of a group that
    was sent and lacks something, with what was chosen."""
    actor, sent, asked = request.actor, request.POST, found_set(request)
    ticked = set(sent.getlist("selected"))
    found = departures(actor, keys=asked.keys if asked else None)
    listed = _listed(actor, found)
    names = code_set("StudentExitCategory")

    def kind(one: Departure) -> tuple[str, bool]:
        return one.exit_code, bool(one.to)

    groups = []
    for (code, is_handed_over), members in groupby(sorted(found, key=kind), key=kind):
        rows = [listed[one.student.pk] for one in members]
        suggested = suggested_reason(code, is_handed_over=is_handed_over)
        label = names.codes[code].label if code in names.codes else ""
        key = f"{code}{'+' if is_handed_over else ''}"
        is_sent = sent.get("group") == key
        for row in rows:
            public_id = str(row["departure"].student.public_id)
            row["is_ticked"] = public_id in ticked if is_sent else suggested is not None
        groups.append(
            {
                "code": code or "none",
                "is_handed_over": is_handed_over,
                "label": label,
                "rows": rows[:MOST_AT_ONCE],
                "count": len(rows),
                "suggested": suggested,
                "key": key,
                "chosen": sent.get("reason", "") if is_sent else suggested.key if suggested else "",
            }
        )
    groups.sort(key=lambda one: -one["count"])
    log_reads(
        actor=actor,
        student_ids=[one.student.pk for one in found],
        what="leaving.list",
        filter_codes=f"departures {asked.log_codes}" if asked else "departures",
    )
    batches = batches_of(LeavingBatch, actor, "recorded")
    context = {
        "groups": groups,
        "asked": asked,
        "pasted_list": pasted_words(asked),
        "not_shown": left_out(asked, [one.student.pk for one in found], why_no_departure, "leaving.list"),
        "count": len(found),
        "most": MOST_AT_ONCE,
        "reasons": [(one.key, one.label) for one in REASONS.values()],
        "batches": batches,
        "names": user_names({one.by_id for one in batches}),
    }
    return render(request, "web/students/leaving_many.html", context, status=422 if sent else 200)


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
    wrong: Mistyped | None = None,
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

    context = {
        "reason": said.reason,
        "line": line_words(said.reason),
        "if_wrong": [NOT_CONFIRMED] if "not confirmed" in line_words(said.reason) else [],
        "said": said,
        "papers": [(PAPERS[key], said.papers.get(key, PaperSaid())) for key in said.reason.papers],
        "ready": [(listed[one.departure.student.pk], one) for one in offers if one.is_ready],
        "left_out": [
            (listed[one.departure.student.pk], told_of_leaving(actor, one.departure.student, one.reasons))
            for one in offers
            if not one.is_ready
        ],
        "refusals": refusals,
        "errors": {ERROR_FIELDS[one.code]: one.text for one in refusals if one.code in ERROR_FIELDS}
        | (wrong.errors if wrong else {}),
        "typed": wrong.typed if wrong else {},
        "longest": LONGEST_WORDS,
        "token": token or new_public_id(),
    }
    return render(request, "web/students/leaving_preview.html", context, status=422 if refusals else 200)


PAGES = ManyPages(
    LEAVINGS,
    "leaving_batch",
    "web/students/leaving_batch.html",
    ("leaving.list", "batch"),
    lambda item: reverse("leaving", args=[item.student.public_id]),
    lambda actor, item: told_of_leaving(actor, item.student, reasons_of(item.reasons)),
    more=lambda actor, is_under_way: {"is_more": not is_under_way and bool(departures(actor))},
)

urlpatterns = [
    path("students/leaving/together", leaving_many, name="leaving_many"),
    *PAGES.urls("students/leaving/together"),
]
