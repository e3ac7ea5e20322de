"""Whoever works with a student reports that it stops taking part; the coordinator records or answers it; the reporter
sees it, and may take it back until then."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.leaving import NOT_KNOWN, REPORTED
from manzanita.leaving.actions import decline_report, report_participation, take_back_report
from manzanita.leaving.models import Leaving, ParticipationReport
from manzanita.leaving.queries import get_report, names_within, open_report_of, own_report_counts, own_reports
from manzanita.platform import clock
from manzanita.students.queries import facts_of, get_student
from manzanita.web.access import requires
from manzanita.web.form_days import day_of, day_or_error
from manzanita.web.home_needs import Group, Need
from manzanita.web.student_file import lea_of

# How long home says that a report was answered.
ANSWERS_SHOWN = timedelta(days=14)
STATE_KINDS = {"open": "progress", "done": "ok", "declined": "declined", "undone": "na"}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.REPORT_PARTICIPATION)
def participation(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The form; a POST tells the coordinator. Nothing of the record changes by it."""
    student = get_student(request.actor, public_id)
    log_reads(actor=request.actor, student_ids=[student.pk], what="participation")
    lea = lea_of(request.actor, facts_of(student), clock.today())
    standing = open_report_of(student, lea)
    given = {name: text.replace("\0", "").strip() for name, text in request.POST.items()}
    errors: dict[str, str] = {}
    if request.method == "POST":
        last_on = day_or_error(given, "last_on", errors)
        if given.get("reason") not in REPORTED:
            errors["reason"] = "Choose what comes nearest; the coordinator decides."
        if given.get("reason") == NOT_KNOWN.key and last_on is not None and last_on > clock.today():
            errors["last_on"] = (
                f"{last_on:%m/%d/%Y} is still to come, and who is still there attends. Enter the last day that has "
                "been, or choose the reason why the student is expected to leave."
            )
        if not given.get("note"):
            errors["note"] = "Say in a sentence how you know."
        if not errors:
            report_participation(
                actor=request.actor,
                student=student,
                lea_code=lea,
                reason_key=given["reason"],
                last_on=last_on,
                note=given["note"],
            )
            messages.success(
                request, "Reported to the coordinator. What becomes of it stands under Your reports."
            )
            return redirect("own_reports")
    context = {
        "student": student,
        "standing": standing,
        "is_own": standing is not None and standing.reported_by_id == request.actor.user_id,
        "names": user_names({standing.reported_by_id} if standing else set()),
        "reasons": [(one.key, one.label) for one in REPORTED.values()],
        "given": given,
        "errors": errors,
        # One goes on there.
        "first_wrong": next((name for name in ("reason", "last_on", "note") if name in errors), ""),
        "last_on": day_of(given.get("last_on", "")),
        "today": clock.today(),
    }
    return render(request, "web/students/participation.html", context, status=422 if errors else 200)


def report_needs(actor: Actor) -> list[Group]:
    """On home, for who reports and does not record: what was answered within two weeks, and what waits."""
    if not actor.may(Capability.REPORT_PARTICIPATION) or actor.may(Capability.CORRECT_RECORD):
        return []
    waiting, answered = own_report_counts(actor, clock.now() - ANSWERS_SHOWN)
    told = (
        ("ok", "Your reports of participation, answered", answered, "You", "Read the answers"),
        (
            "held",
            "Your reports of participation that wait for an answer",
            waiting,
            "SEDS coordinator",
            "Show them",
        ),
    )
    url = reverse("own_reports")
    needs = [
        Need(kind=kind, label=label, count=count, url=url, owner=owner, step=step)
        for kind, label, count, owner, step in told
        if count
    ]
    return [Group("What you reported", needs, "")] if needs else []


@require_safe
@requires(Capability.REPORT_PARTICIPATION)
def reports(request: HttpRequest) -> HttpResponse:
    """What the person reported and what became of it; a student out of reach by now has no name here."""
    found = own_reports(request.actor)
    students = names_within(request.actor, [one.student_id for one in found])
    log_reads(actor=request.actor, student_ids=list(students), what="participation.list", filter_codes="own")
    context = {
        "rows": [
            {
                "report": one,
                "student": students.get(one.student_id),
                "kind": STATE_KINDS[one.state],
                "leaving": leaving,
                # What answered it was taken back.
                "state": "Waits again" if leaving and one.state == "open" else one.get_state_display(),
            }
            for one, leaving in ((one, _newest(one)) for one in found)
        ],
        "names": user_names({one.answered_by_id for one in found if one.answered_by_id}),
    }
    return render(request, "web/students/own_reports.html", context)


def _newest(report: ParticipationReport) -> Leaving | None:
    """The last of what answered it: another may have been taken back before."""
    return max(report.leavings.all(), key=lambda one: one.pk, default=None)


@require_POST
@requires(Capability.REPORT_PARTICIPATION)
def participation_take_back(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The reporter takes back what nobody has settled yet; the coordinator's list has it no more."""
    report = get_report(request.actor, public_id)
    if report.reported_by_id != request.actor.user_id:
        messages.error(request, "Not taken back: whoever reported it does that. (The reporter)")
    elif take_back_report(actor=request.actor, report=report):
        messages.success(request, "Taken back: the coordinator is asked no more. You can report anew.")
    else:
        messages.info(request, "It was settled meanwhile: what became of it stands here.")
    return redirect("own_reports")


@require_POST
@requires(Capability.CORRECT_RECORD)
def participation_answer(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """It is not so: the answer goes to the reporter, and nothing is recorded."""
    report = get_report(request.actor, public_id)
    answer = " ".join(request.POST.get("answer", "").replace("\0", "").split())
    if not answer:
        messages.error(
            request, "Not answered: say in a sentence why it is not so; the reporter reads it. (You)"
        )
    elif decline_report(actor=request.actor, report=report, answer=answer):
        messages.success(request, "Answered: the reporter sees it.")
    else:
        messages.info(request, "Somebody else has settled it meanwhile.")
    return redirect("leaving", report.student.public_id)


urlpatterns = [
    path("students/<uuid:public_id>/participation", participation, name="participation"),
    path("participation", reports, name="own_reports"),
    path("participation/<uuid:public_id>/take-back", participation_take_back, name="participation_take_back"),
    path("participation/<uuid:public_id>/answer", participation_answer, name="participation_answer"),
]
