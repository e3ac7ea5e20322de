"""The form on the page of an archive that says what of it is reported."""

from __future__ import annotations

import uuid
from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_POST

from manzanita.archive.models import Archive
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.exchange.models import ReportStatus
from manzanita.exchange.report_actions import (
    ONE_CHOICE,
    NotSet,
    end_report_status,
    say_complete,
    send_again,
    set_report_status,
)
from manzanita.exchange.reporting import status_of
from manzanita.meetings.actions import NotPossible
from manzanita.students.queries import get_student
from manzanita.ui.formats import plural
from manzanita.web.access import requires
from manzanita.web.archives import archive_page, archive_within
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.meanwhile import alone_with

DONE = "complete"
AGAIN = "again"
ALL = "all"


@require_POST
@requires(Capability.SEND_TO_STATE)
def set_status(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Set what is reported of an archive; each way asks for its reason."""
    archive, found = archive_within(request.actor, public_id)
    student = get_student(request.actor, found.public_id)
    choice, reason = request.POST.get("choice", ""), request.POST.get("reason", "")
    try:
        if choice not in (ALL, DONE, AGAIN, *dict(ReportStatus.CHOICES)):
            raise NotSet([_no_choice()])
        if wrong := mistyped(request.POST, {"until": "Counts again on"}):
            raise NotSet(wrong.reasons)
        with alone_with(request, student):
            said = _set(request.actor, archive, choice, reason, day_of(request.POST.get("until", "")))
    except (NotSet, NotPossible) as refused:
        return archive_page(request, archive, student, refused.reasons)
    messages.success(request, said)
    return redirect("archive", public_id)


def _no_choice() -> Reason:
    return Reason(
        "no-choice",
        "Nothing is chosen.",
        Owner.YOU,
        "Choose what is reported of this archive.",
        source=ONE_CHOICE,
    )


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


urlpatterns = [path("archives/<uuid:public_id>/report-status", set_status, name="report_status")]
