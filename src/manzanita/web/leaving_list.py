"""Leavings in one list: who is still enrolled in the SIS, what is planned, what was recorded; and home's line."""

from __future__ import annotations

from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner
from manzanita.domain.leaving import sis_reason
from manzanita.domain.statuses import Kind
from manzanita.exchange.queries import sent_archives
from manzanita.leaving.queries import SHOWN, list_leavings, open_at_sis, was_answered_on
from manzanita.platform import clock
from manzanita.students.models import Student
from manzanita.web.access import requires
from manzanita.web.home_needs import Group, Need, age
from manzanita.web.settle_students import next_to_settle


@require_safe
@requires(Capability.CORRECT_RECORD)
def leavings(request: HttpRequest) -> HttpResponse:
    """What is planned, and what was recorded lately, of students within reach."""
    planned, done = (list_leavings(request.actor, state) for state in ("planned", "done"))
    today = clock.today()
    waiting = open_at_sis(request.actor, today)
    open_here = list(waiting[: SHOWN + 1])
    open_count = waiting.count() if len(open_here) > SHOWN else len(open_here)
    open_here = open_here[:SHOWN]
    log_reads(
        actor=request.actor,
        student_ids=[one.student_id for one in (*planned, *done, *open_here)],
        what="leaving.list",
        filter_codes="leavings",
    )
    context = {
        "open_here": [
            (
                one,
                sis_reason(one.reason, one.leaves_on, is_enrolled=True, today=today),
                age((today - one.leaves_on).days),
            )
            for one in open_here
        ],
        "open_count": open_count,
        "sent": sent_archives([one.archive_id for one in done if one.archive_id]),
        "parts": [(planned, True), (done, False)],
        "names": user_names({one.asked_by_id for one in (*planned, *done)}),
        "today": today,
    }
    return render(request, "web/students/leavings.html", context)


def leavings_needs(actor: Actor) -> list[Group]:
    """The line of home: who left, and is still enrolled in the SIS. One query."""
    if not actor.may(Capability.CORRECT_RECORD):
        return []
    today = clock.today()
    found = open_at_sis(actor, today).order_by().aggregate(count=Count("pk"), first=Min("leaves_on"))
    if not found["count"]:
        return []
    waits = (today - found["first"]).days
    need = Need(
        kind="held",
        label="Left, and still enrolled in the SIS",
        count=found["count"],
        url=reverse("leavings"),
        oldest=age(waits),
        detail="The leaving is recorded here; the SIS has not ended the enrollment.",
        owner=Owner.SIS,
        step="Show them",
        days=waits,
    )
    return [Group("Leavings", [need], "")]


def next_leaving(actor: Actor, student: Student, *, has_settled: bool) -> tuple[str, str] | None:
    """Whoever has recorded or answered one goes on with the next: its address and its name."""
    if has_settled or was_answered_on(student, actor.agency_code, clock.today()):
        return next_to_settle(actor, Kind.LEAVING, student)
    return None


urlpatterns = [path("students/leaving", leavings, name="leavings")]
