"""What of an archive is reported, record by record, and what its form shows; with the list of what is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.accounts.queries import user_names
from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.former_lea import CLOSED
from manzanita.exchange.holds import READY, SENT
from manzanita.exchange.models import ReportStatus
from manzanita.exchange.reporting import RecordState, record_states, status_of, statuses_of_lea
from manzanita.students.models import Student
from manzanita.ui.formats import us_date
from manzanita.ui.jinja_env import url_or_none
from manzanita.web.access import requires
from manzanita.web.meanwhile import stamp_of
from manzanita.web.reasons_told import Way
from manzanita.web.state_lines import name_of, student_names, summary

# The field of the form at which each refusal of it is mended.
_FIELDS = {
    "no-choice": "#report-choice",
    "no-such-record": "#report-choice",
    "no-reason": "#f-reason",
    "past-end": "#f-until",
    "no-day": "#f-until",
}
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


def report_context(
    request: HttpRequest,
    archive: Archive,
    student: Student,
    rows: Sequence[ArchivedRecord],
    *,
    is_superseded: bool,
) -> dict[str, Any]:
    """The section of the archive page: a row for each record, and what may be set, as it was filled in."""
    status = status_of(archive)
    states = record_states(archive, rows, status=status, is_superseded=is_superseded)
    may_send = request.actor.may(Capability.SEND_TO_STATE)
    may_set = may_send and not is_superseded
    kinds = {row.record for row in rows}
    return {
        "rows": [_row(row, states[row.record_key], may_send) for row in rows],
        "word": status.get_choice_display() if status else _whole(list(states.values())),
        "status": status,
        "set_by": user_names({status.set_by_id}).get(status.set_by_id, "") if status else "",
        "may_set": may_set,
        "record_seen": stamp_of(request.actor, student) if may_set else "",
        "typed": {name: request.POST.get(name, "") for name in ("choice", "reason", "until")},
        "choices": [(key, words) for key, words in ReportStatus.CHOICES if key == "none" or key in kinds],
    }


def ways_to_set(newer: Archive | None) -> dict[str, Way]:
    """Where it is mended that something cannot be set: at the field of the form; of an archive that a correction has
    replaced, whose page has no form, on the page of the one that stands."""
    ways = {code: (field, "") for code, field in _FIELDS.items()}
    if newer is not None:
        stands = reverse("archive", args=[newer.public_id])
        ways = dict.fromkeys(_FIELDS, (stands, "Open the archive that stands"))
        ways["already-corrected"] = stands, ""
    return ways | {CLOSED: (reverse("directory"), "Whom to ask there")}


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


urlpatterns = [path("state/not-reported", not_reported_list, name="not_reported")]
