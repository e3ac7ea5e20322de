"""What of an archive is reported: its state record by record, and the control that changes it; with the list."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from manzanita.accounts.queries import user_names
from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.archive.queries import get_archive
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.exchange.holds import READY, SENT
from manzanita.exchange.models import ReportStatus
from manzanita.exchange.report_actions import (
    NotSet,
    end_report_status,
    say_complete,
    send_again,
    set_report_status,
)
from manzanita.exchange.reporting import RecordState, record_states, status_of, statuses_of_lea
from manzanita.students.queries import is_visible
from manzanita.ui.formats import plural, us_date
from manzanita.ui.jinja_env import url_or_none
from manzanita.web.access import requires
from manzanita.web.form_days import day_or_error
from manzanita.web.state_lines import name_of, student_names, summary

# How each state of a record looks and is called.
STATE_WORDS = {
    "will-send": ("diff", READY),
    "held": ("held", "Held"),
    "sent": ("progress", SENT),
    "posted": ("equal", "At the state"),
    "superseded": ("na", "Superseded"),
    "do-not-report": ("declined", "Do not report"),
    "left-out": ("declined", "Left out"),
}
DONE = "complete"
AGAIN = "again"
ALL = "all"


def report_context(
    actor: Actor, archive: Archive, rows: Sequence[ArchivedRecord], *, is_superseded: bool
) -> dict[str, Any]:
    """The section of the archive page: a row for each record, and what may be set."""
    status = status_of(archive)
    states = record_states(archive, rows, status=status, is_superseded=is_superseded)
    may_send = actor.may(Capability.SEND_TO_STATE)
    kinds = {row.record for row in rows}
    return {
        "rows": [_row(row, states[row.record_key], may_send) for row in rows],
        "word": status.get_choice_display() if status else _whole(list(states.values())),
        "status": status,
        "set_by": user_names({status.set_by_id}).get(status.set_by_id, "") if status else "",
        "may_set": may_send and not is_superseded,
        "choices": [(key, words) for key, words in ReportStatus.CHOICES if key == "none" or key in kinds],
    }


def _row(row: ArchivedRecord, state: RecordState, may_send: bool) -> dict[str, Any]:
    kind, word = STATE_WORDS[state.kind]
    url = reverse("state_operation", args=[state.operation_id]) if state.operation_id and may_send else None
    return {
        "record": row.record,
        "on": row.key_on,
        "what": summary(row.record, row.values),
        "kind": kind,
        "word": word,
        "text": state.text,
        "owner": state.owner,
        "url": url,
    }


def _whole(states: Sequence[RecordState]) -> str:
    """The status of the archive as people know it: pending while anything of it is to come, else complete."""
    if all(state.kind == "superseded" for state in states):
        return "Superseded"
    return "Complete" if all(state.kind in ("posted", "superseded") for state in states) else "Pending"


@require_POST
@requires(Capability.SEND_TO_STATE)
def set_status(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Set what is reported of an archive; each way asks for its reason."""
    archive = get_archive(public_id, request.actor.record_leas)
    if archive is None or not is_visible(request.actor, archive.student_id):
        raise Http404("no such archive in this scope")
    choice, reason = request.POST.get("choice", ""), request.POST.get("reason", "")
    if choice not in (ALL, DONE, AGAIN, *dict(ReportStatus.CHOICES)):
        messages.error(request, "Not set: choose what is reported of this archive.")
        return redirect("archive", public_id)
    errors: dict[str, str] = {}
    until = day_or_error(request.POST, "until", errors)
    if errors:
        messages.error(request, "Not set. The last day is no date. Enter it anew, or leave it blank.")
        return redirect("archive", public_id)
    try:
        messages.success(request, _set(request.actor, archive, choice, reason, until))
    except NotSet as refused:
        for why in refused.reasons:
            messages.error(request, f"Not set. {why.text} {why.way_out} ({why.owner})")
    return redirect("archive", public_id)


def _set(actor: Actor, archive: Archive, choice: str, reason: str, expires_on: date | None) -> str:
    """Do it, and say what was done."""
    if choice == ALL:
        status = status_of(archive)
        is_changed = status is not None and end_report_status(actor=actor, status=status)
        return (
            "The whole archive is reported again." if is_changed else "The whole archive is reported already."
        )
    if choice == DONE:
        count = say_complete(actor=actor, archive=archive, reason=reason)
        return f"Noted: the state holds it, by your word; {plural(count, 'record')} differed."
    if choice == AGAIN:
        count = send_again(actor=actor, archive=archive, reason=reason)
        return f"{plural(count, 'record')} will go to the state once more."
    status = set_report_status(
        actor=actor,
        archive=archive,
        choice=choice,
        reason=reason,
        expires_on=expires_on,
    )
    rest = "What the state holds of the rest is deleted with the next send."
    return f"Set: {status.get_choice_display().lower()}. {rest}"


@require_safe
@requires(Capability.SEND_TO_STATE)
def not_reported_list(request: HttpRequest) -> HttpResponse:
    """Every archive that is not reported whole: who set it, why, until when; those that ended below."""
    actor = request.actor
    standing, ended = statuses_of_lea(actor), statuses_of_lea(actor, ended=True, limit=50)
    shown = [*standing, *ended]
    log_reads(
        actor=actor,
        student_ids=[one.student_id for one in shown],
        what="state.not-reported",
        filter_codes="",
    )
    people = student_names(actor, [one.student_id for one in shown])
    names = user_names(
        {one.set_by_id for one in shown} | {one.ended_by_id for one in shown if one.ended_by_id}
    )

    def row(one: ReportStatus) -> dict[str, Any]:
        return {
            "status": one,
            "word": one.get_choice_display(),
            "name": name_of(people.get(one.student_id)),
            "url": url_or_none("archive", one.archive.public_id),
            "by": names.get(one.set_by_id, ""),
            "ended_by": names.get(one.ended_by_id or 0, "its time ran out"),
            "until": us_date(one.expires_on) if one.expires_on else "until it is ended",
        }

    return render(
        request,
        "web/state/not_reported.html",
        {"standing": [row(one) for one in standing], "ended": [row(one) for one in ended]},
    )


urlpatterns = [
    path("archives/<uuid:public_id>/report-status", set_status, name="report_status"),
    path("state/not-reported", not_reported_list, name="not_reported"),
]
