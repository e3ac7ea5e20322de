"""The archive of a meeting, of a correction, or of what was taken over: what was decided, done and reported."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from manzanita.accounts.queries import user_names
from manzanita.archive.models import Archive
from manzanita.archive.queries import document_of, get_archive, superseded_by
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.codes import code_set
from manzanita.domain.fields import FIELDS
from manzanita.domain.findings import Reason
from manzanita.procedures.take_back import can_be_asked
from manzanita.students.models import Student
from manzanita.students.scope import visible_to
from manzanita.web.access import requires
from manzanita.web.archive_lines import line_view, order_key
from manzanita.web.meanwhile import meanwhile_fix, status_of
from manzanita.web.reasons_told import told
from manzanita.web.report_status import report_context, ways_to_set


@require_safe
@requires(Capability.READ_STUDENT)
def archive(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One archive of an LEA whose records the actor reads, of a student in the actor's scope."""
    return archive_page(request, *archive_within(request.actor, public_id))


def archive_within(actor: Actor, public_id: uuid.UUID) -> tuple[Archive, Student]:
    """The archive and its student, or 404."""
    found = get_archive(public_id, actor.record_leas)
    student = visible_to(actor).filter(pk=found.student_id).first() if found else None
    if found is None or student is None:
        raise Http404("no such archive in this scope")
    return found, student


def archive_page(
    request: HttpRequest, found: Archive, student: Student, refusals: Sequence[Reason] = ()
) -> HttpResponse:
    """``refusals``: why what is reported was not changed as the form says, which is kept."""
    log_reads(actor=request.actor, student_ids=[found.student_id], what="archive")
    document = document_of(found)
    context = document["context"]
    newer = superseded_by(found)
    rows = sorted(found.records.all(), key=lambda row: (order_key(row.record), row.pk))
    origins = {entry["key"]: entry["origins"] for entry in document["records"]}
    may_correct = newer is None and request.actor.may(Capability.CORRECT_RECORD)
    return render(
        request,
        "web/meetings/archive.html",
        {
            "archive": found,
            "student": student,
            "recorded_by": _name(found),
            "newer": newer,
            "may_correct": may_correct,
            "can_take_back": may_correct and can_be_asked(found),
            "outcome": context.get("outcome_label", ""),
            "is_settled": context.get("is_settled", True),
            "effects": context.get("effects", []),
            "decisions": [
                {**decision, "decided_on": date.fromisoformat(decision["decided_on"])}
                for decision in context.get("decisions", [])
            ],
            "offer": [_offer_row(entry, context) for entry in context.get("offer", [])],
            "findings": context.get("findings", []),
            "corrected": context.get("corrected"),
            "lines": [
                line_view(row.record, row.values, origins.get(row.record_key, {}), row.pk) for row in rows
            ],
            "report": report_context(request, found, student, rows, is_superseded=newer is not None)
            if rows
            else None,
            "refusals": told(refusals, meanwhile_fix(student) | ways_to_set(newer)),
        },
        status=status_of(refusals),
    )


def _name(found: Archive) -> str:
    if found.by_id is None:
        return "the system"
    return user_names({found.by_id}).get(found.by_id, "a person who is no longer here")


def _service_name(entry: Mapping[str, str], context: Mapping[str, Any]) -> str:
    """What the offer of a service is called; empty for the plan. Archives of before name it by the services kept."""
    subject, _, number = entry["item"].partition(".")
    if subject != "service" or entry.get("name"):
        return entry.get("name", "")
    codes = {str(service["number"]): service["25.11"] for service in context.get("services", [])}
    return code_set("Service").label(codes[number]) if number in codes else f"Service {number}"


def _offer_row(entry: dict[str, str], context: Mapping[str, Any]) -> dict[str, str]:
    """One changed field of the offer in words; ``offer`` itself says whether a service is added or removed."""
    entry = {**entry, "name": _service_name(entry, context)}
    if entry["field"] == "offer":
        words = {"add": "is offered as a new service", "remove": "ends"}
        return {**entry, "label": "", "was": "", "offered": words[entry["offered"]]}
    declared = FIELDS[entry["field"]]
    return {
        **entry,
        "label": declared.label,
        "was": declared.label_of(entry["was"]) or "blank",
        "offered": declared.label_of(entry["offered"]) or "blank",
    }


urlpatterns = [path("archives/<uuid:public_id>", archive, name="archive")]
