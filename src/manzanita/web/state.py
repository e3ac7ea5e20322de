"""The state as a peer: the plan that makes it equal to us, and sending it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from manzanita.accounts.duty_queries import duties_at
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.former_lea import CLOSED
from manzanita.exchange.actions import prepare_submission, release_rejected
from manzanita.exchange.closed_windows import hold_after_window, unsent_of_gone
from manzanita.exchange.holds import HOLDS, ON_ITS_WAY
from manzanita.exchange.models import Operation
from manzanita.exchange.plan import (
    held_groups,
    not_reported,
    open_findings_of_record,
    record_totals,
    standing_record,
)
from manzanita.exchange.queries import (
    older_held,
    operation_of_actor,
    operations_of_student,
    plan_counts,
    plan_operations,
)
from manzanita.exchange.report_actions import expire_report_statuses
from manzanita.exchange.sends import UNDER_WAY, submissions
from manzanita.exchange.shown import Moved, NotAsShown, what_may_go
from manzanita.platform import clock
from manzanita.procedures.last_look import ends_with_sending, objections
from manzanita.procedures.under_way import under_way
from manzanita.ui.jinja_env import url_or_none
from manzanita.web import (
    report_status,
    state_correct,
    state_extracts,
    state_findings,
    state_limited,
    state_period,
    state_sends,
    state_submissions,
)
from manzanita.web.access import requires
from manzanita.web.state_lines import grouped, name_of, opened_operation, student_names
from manzanita.web.state_shown import refusal

PAGE_SIZE = 100
FORMS = {"api": "API", "files": "Files for hand upload"}
DESTINATIONS = {"sandbox": "Sandbox (practice)", "state": "State (CALPADS)"}
NOT_REPORTED_DAYS = 30


@require_safe
@requires(Capability.SEND_TO_STATE)
def plan(request: HttpRequest) -> HttpResponse:
    """Operations that may go now, or with ``held`` those held for one reason, a page at a time."""
    return _page(request)


def _page(request: HttpRequest, moved: Moved | None = None) -> HttpResponse:
    """The plan; with ``moved`` as the answer to a send of something else than what may go."""
    actor = request.actor
    held = request.GET.get("held", "")
    if held and held not in HOLDS:
        raise Http404("no such reason")
    after = _place(request.GET.get("after", ""))
    found = plan_operations(actor, held=held, after=after, limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    opened = next((one for one in shown if str(one.pk) == request.GET.get("open")), None)
    numbers = _numbers(actor)
    refused = refusal(actor, moved) if moved else None
    unreported = not_reported(actor, clock.now() - timedelta(days=NOT_REPORTED_DAYS))
    people = student_names(actor, [one.archive.student_id for one in unreported])
    log_reads(
        actor=actor,
        student_ids=[
            *(one.student_id for one in shown),
            *(one.archive.student_id for one in unreported),
            *(refused.student_ids if refused else ()),
        ],
        what="state.plan",
        filter_codes=f"held={held}" if held else "",
    )
    return render(
        request,
        "web/state/plan.html",
        {
            **_sending(request),
            **state_period.period_context(actor),
            **numbers,
            "refused": refused,
            "under_way": under_way(actor),
            "totals": record_totals(actor),
            "groups": grouped(actor, shown),
            "held": held,
            "held_title": HOLDS[held].title if held else "",
            "held_groups": held_groups(actor),
            "gone_count": unsent_of_gone(actor),
            "submissions": submissions(actor, limit=5),
            "not_reported": [
                {
                    "title": one.archive.title,
                    "text": one.text,
                    "name": name_of(people.get(one.archive.student_id)),
                    "url": url_or_none("archive", one.archive.public_id),
                }
                for one in unreported
            ],
            "opened_id": opened.pk if opened else None,
            "opened": _opened(opened) if opened else None,
            "after": request.GET.get("after", ""),
            "next_after": f"{shown[-1].student_id}-{shown[-1].position}" if len(found) > PAGE_SIZE else "",
        },
        status=409 if refused else 200,
    )


def _numbers(actor: Actor) -> dict[str, Any]:
    """How much may go, its stamp, and the last look at it.

    The stamp is read first, so that of what comes while the rest is read none goes unseen. Where something came, all is
    read once more, so that the numbers agree.
    """
    going, counts = what_may_go(actor), plan_counts(actor)
    look = _last_look(actor) if counts.ready_count else {}
    if (going.count, going.student_count) != (counts.ready_count, counts.student_count):
        going, counts = what_may_go(actor), plan_counts(actor)
        look = _last_look(actor) if counts.ready_count else {}
    return {"stamp": going.stamp, "counts": counts, **look}


def _last_look(actor: Actor) -> dict[str, Any]:
    """What whoever sends should know before the last click."""
    row = next(one for one in duties_at(actor.agency_code) if one.kind == "send")
    return {
        "ends": ends_with_sending(actor),
        "objections": objections(actor),
        "duty": row,
        "duties_url": reverse("duties") if _may_name(actor) else None,
    }


def _may_name(actor: Actor) -> bool:
    return actor.may(Capability.MANAGE_PEOPLE) and actor.perspective.scope is Scope.AGENCY


def _place(text: str) -> tuple[int, int]:
    """``17-3`` as (student, position); nothing as before the first."""
    student, _, position = text.partition("-")
    if not text:
        return 0, -1
    if not (student.isdecimal() and position.isdecimal()):
        raise Http404("no such page")
    return int(student), int(position)


def _sending(request: HttpRequest) -> dict[str, Any]:
    chosen = settings.STATE_GATEWAY
    return {
        "forms": list(FORMS.items()),
        "destinations": list(DESTINATIONS.items()),
        "chosen_form": request.POST.get("form", chosen["form"]),
        "chosen_destination": request.POST.get("destination", chosen["destination"]),
    }


def _opened(operation: Operation) -> dict[str, Any]:
    """Everything of one operation: its line, why it is held, and where to mend it."""
    standing = standing_record(operation.student_id, operation.record_key)
    findings = open_findings_of_record(operation.student_id, operation.record_key)
    return {
        "operation": operation,
        "line": opened_operation(operation),
        "correct_url": reverse("correct", args=[standing.pk]) if standing else None,
        "finding_url": reverse("finding", args=[findings[0].pk]) if findings else None,
        "fix": _fix(operation),
        "may_release": operation.hold_code == "rejected",
        "is_on_its_way": operation.hold_code == ON_ITS_WAY,
    }


def _fix(operation: Operation) -> tuple[str, str] | None:
    """Where a hold is ended that no correction of the line ends: address and label."""
    if operation.hold_code == "no-ssid":
        return reverse("imports"), "Take SIS files in"
    if operation.hold_code == "period-locked":
        return f"{reverse('state')}#period", "Go to the lock"
    if operation.hold_code == CLOSED:
        return reverse("directory"), "Whom to ask there"
    if operation.hold_code == "older-waiting":
        older = older_held(operation)
        return (reverse("state_operation", args=[older.pk]), "Show the older one") if older else None
    if operation.hold_code == ON_ITS_WAY and operation.submission_line:
        return reverse("submission", args=[operation.submission_line.submission.public_id]), "Show the file"
    return None


@require_safe
@requires(Capability.SEND_TO_STATE)
def operation(request: HttpRequest, pk: int) -> HttpResponse:
    """One operation opened, among all of its student."""
    chosen = operation_of_actor(request.actor, pk)
    log_reads(actor=request.actor, student_ids=[chosen.student_id], what="state.operation")
    own = [one for one in operations_of_student(chosen.student_id) if one.lea_code == chosen.lea_code]
    return render(
        request,
        "web/state/operation.html",
        {"groups": grouped(request.actor, own), "opened_id": pk, "opened": _opened(chosen), "chosen": chosen},
    )


@require_POST
@requires(Capability.SEND_TO_STATE)
def send(request: HttpRequest) -> HttpResponse:
    """Fix the lines of everything that may go, where that is what was shown, and start sending. A second click finds
    nothing left to send."""
    form, destination = request.POST.get("form", ""), request.POST.get("destination", "")
    if form not in FORMS or destination not in DESTINATIONS:
        raise Http404("no such way to the state")
    expire_report_statuses(request.actor.agency_code)
    hold_after_window(request.actor.agency_code)
    shown = request.POST.get("shown", "")
    try:
        submission = prepare_submission(actor=request.actor, form=form, destination=destination, shown=shown)
    except NotAsShown as refused:
        return _page(request, refused.moved)
    if submission is None:
        messages.info(request, "Nothing was sent: what may go is on its way already, or equal.")
        newest = submissions(request.actor, limit=1)
        is_under_way = newest and newest[0].state in UNDER_WAY
        return redirect("submission", newest[0].public_id) if is_under_way else redirect("state")
    return redirect("submission", submission.public_id)


@require_POST
@requires(Capability.SEND_TO_STATE)
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a rejected line go again unchanged, with the reason why that should now succeed."""
    chosen = operation_of_actor(request.actor, pk)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, "Not released: say why the same line should pass now.")
    elif release_rejected(actor=request.actor, operation=chosen, reason=reason):
        messages.success(request, "Released: the line goes again with the next send.")
    else:
        messages.info(request, "This line is not held as rejected any more.")
    return redirect("state_operation", pk)


urlpatterns = [
    path("state", plan, name="state"),
    path("state/send", send, name="state_send"),
    path("state/operations/<int:pk>", operation, name="state_operation"),
    path("state/operations/<int:pk>/release", release, name="state_release"),
    *state_submissions.urlpatterns,
    *state_sends.urlpatterns,
    *state_extracts.urlpatterns,
    *state_findings.urlpatterns,
    *state_correct.urlpatterns,
    *report_status.urlpatterns,
    *state_limited.urlpatterns,
    *state_period.urlpatterns,
]
