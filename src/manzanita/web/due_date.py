"""One due date: how it is counted, from what, why it is late, and the attempts to reach the family."""

from __future__ import annotations

from datetime import date
from secrets import token_urlsafe
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from manzanita.auditing.actions import log_reads
from manzanita.deadlines.actions import record_attempt, record_delay
from manzanita.deadlines.models import ContactAttempt, DueDate
from manzanita.deadlines.queries import attempts_of, delays_said, due_date_of, traced
from manzanita.domain.access import Capability
from manzanita.domain.clocks import CLOCKS
from manzanita.domain.delays import delays_of, is_excuse
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.watched_clocks import WATCHED
from manzanita.meetings.actions import NotPossible
from manzanita.orgs.queries import school_names
from manzanita.platform import clock
from manzanita.web.access import requires
from manzanita.web.due_words import inputs_of, meeting_words, moved_words, title_of, working_of
from manzanita.web.form_days import day_of, day_or_error

_SENT = ("code", "planned_on", "note", "tried_on", "how", "result")


@require_safe
@requires(Capability.READ_STUDENT)
def due_date(request: HttpRequest, pk: int) -> HttpResponse:
    row = due_date_of(request.actor, pk)
    return _page(request, row)


def _page(
    request: HttpRequest, row: DueDate, *, refused: NotPossible | None = None, form: str = ""
) -> HttpResponse:
    actor = request.actor
    log_reads(actor=actor, student_ids=[row.student_id], what="due.date")
    (working,) = traced([row])
    said = delays_said(row)
    context: dict[str, Any] = {
        "row": row,
        "title": title_of(row),
        "name": row.student.full_name,
        "student_url": reverse("student", args=[row.student.public_id]),
        "meeting": meeting_words(row.meeting) if row.meeting else "",
        "meeting_url": reverse("meeting", args=[row.meeting.public_id]) if row.meeting else None,
        "open_url": f"{reverse('meeting_new', args=[row.student.public_id])}?clock={row.clock}",
        "referral_url": reverse("referral", args=[row.student.public_id])
        if row.about.startswith("referral:")
        else None,
        "what_if_url": reverse("student_what_if", args=[row.student.public_id]),
        "days": (row.due_on - clock.today()).days if row.due_on else None,
        "school": school_names({row.school_code}).get(row.school_code, row.school_code),
        "clock": CLOCKS[row.clock],
        "watched": WATCHED[row.clock],
        "inputs": inputs_of(row),
        "moved": moved_words(row),
        "working": working_of(working),
        "delays": delays_of(row.clock),
        "delay_options": [(one.code, f"{one.name} ({one.effect})") for one in delays_of(row.clock)],
        "said": [(one, is_excuse(one.clock, one.code)) for one in said],
        "standing": next((one for one in said if one.withdrawn_at is None), None),
        "attempts": attempts_of(row.student_id, actor),
        "how": ContactAttempt.HOW,
        "results": ContactAttempt.RESULTS,
        "may_write": actor.may(Capability.HOLD_MEETING) and not actor.is_read_only,
        "today": clock.today(),
        "ask_key": token_urlsafe(12),
        "reasons": refused.reasons if refused else [],
        "form": form,
        "sent": {name: request.POST.get(name, "") for name in _SENT},
    }
    return render(request, "web/due/date.html", context, status=422 if refused else 200)


@require_POST
@requires(Capability.HOLD_MEETING)
def due_delay(request: HttpRequest, pk: int) -> HttpResponse:
    """Say why it is late, before a meeting exists that could."""
    row = due_date_of(request.actor, pk)
    try:
        planned = _planned_on(request)
        record_delay(
            actor=request.actor,
            due=row,
            code=request.POST.get("code", ""),
            planned_on=planned,
            note=request.POST.get("note", ""),
        )
    except NotPossible as refused:
        return _page(request, row, refused=refused, form="delay")
    messages.success(
        request, "The reason is recorded. It stands beside the due date until the meeting is held."
    )
    return redirect("due_date", pk=row.pk)


@require_POST
@requires(Capability.HOLD_MEETING)
def due_attempt(request: HttpRequest, pk: int) -> HttpResponse:
    """Note one attempt to reach the family."""
    row = due_date_of(request.actor, pk)
    sent = request.POST
    try:
        record_attempt(
            actor=request.actor,
            student_id=row.student_id,
            lea_code=row.lea_code,
            meeting=row.meeting,
            tried_on=day_of(sent.get("tried_on", "")),
            how=sent.get("how", ""),
            result=sent.get("result", ""),
            note=sent.get("note", ""),
            ask_key=sent.get("ask", ""),
        )
    except NotPossible as refused:
        return _page(request, row, refused=refused, form="attempt")
    messages.success(request, "The attempt is noted.")
    return redirect("due_date", pk=row.pk)


def _planned_on(request: HttpRequest) -> date | None:
    """The day for which the meeting is planned, which may stay blank."""
    errors: dict[str, str] = {}
    day = day_or_error(request.POST, "planned_on", errors)
    if errors:
        why = "The day for which the meeting is planned is no date."
        raise NotPossible([Reason("no-date", why, Owner.TEAM, "Enter it anew, or leave it blank.")])
    return day


urlpatterns = [
    path("due/<int:pk>", due_date, name="due_date"),
    path("due/<int:pk>/delay", due_delay, name="due_delay"),
    path("due/<int:pk>/attempt", due_attempt, name="due_attempt"),
]
