"""Arrivals: who has come, what is known of each, what is missing, and whom to call."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from manzanita.arrivals.actions import say_arrived
from manzanita.arrivals.queries import count_arrivals, list_arrivals
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.arrivals import Kind
from manzanita.domain.statuses.steps import lack, why_not
from manzanita.platform import clock
from manzanita.platform.models import Job, JobState
from manzanita.procedures.arriving import LOOK_JOB, NIGHTLY_LOOK_JOB, enqueue_look
from manzanita.procedures.change_reasons import plan_holds
from manzanita.students.former import facts_for
from manzanita.students.queries import get_student
from manzanita.web import arrival, arrival_plan, arrival_records, arrivals_adopt
from manzanita.web.access import requires
from manzanita.web.arrival_words import KIND_MARKS, role_words, rows_of
from manzanita.web.reasons_told import tell_reasons
from manzanita.web.step_links import step_fixes

# What may be shown: all that is open, what can be adopted together, one kind, or what is settled.
SAFE, SETTLED = "safe", "settled"
SHOWN = ("", SAFE, *(kind.value for kind in Kind), SETTLED)


@require_safe
@requires(Capability.CORRECT_RECORD)
def arrivals(request: HttpRequest) -> HttpResponse:
    """Open arrivals, the longest here first; or those of one kind (``show``), or settled ones."""
    show = request.GET.get("show", "")
    if show not in SHOWN:
        raise Http404("no such list")
    actor = request.actor
    page = list_arrivals(
        actor,
        kind=show if show in set(Kind) else "",
        only_safe=show == SAFE,
        settled=show == SETTLED,
        after=request.GET.get("after", ""),
    )
    counts = count_arrivals(actor)
    log_reads(
        actor=actor,
        student_ids=[one.student_id for one in page.arrivals],
        what="arrivals.list",
        filter_codes=f"show={show}" if show else "",
    )
    here = reverse("arrivals")
    context = {
        "show": show,
        "rows": rows_of(actor, page.arrivals),
        # Without one there is nothing to tick.
        "has_safe": show != SETTLED and any(one.is_safe for one in page.arrivals),
        "counts": counts,
        "role_words": role_words,
        "tabs": [
            ("All open", here, not show, counts.all),
            ("Safe to adopt", f"{here}?show={SAFE}", show == SAFE, counts.safe),
            *(
                (KIND_MARKS[kind][1], f"{here}?show={kind}", show == kind, counts.by_kind.get(kind, 0))
                for kind in Kind
            ),
            ("Settled", f"{here}?show={SETTLED}", show == SETTLED, None),
        ],
        "next_url": f"{here}?show={show}&after={page.after}" if page.after else None,
        "is_first_page": "after" not in request.GET,
        "first_url": f"{here}?show={show}" if show else here,
        **_looking(actor),
    }
    return render(request, "web/arrivals/list.html", context)


def _looking(actor: Actor) -> dict[str, Any]:
    """When the radar looked last, and whether it is at it."""
    jobs = Job.objects.filter(kind=LOOK_JOB, args__lea_code=actor.agency_code)
    nightly = Job.objects.filter(kind=NIGHTLY_LOOK_JOB)
    last = (jobs | nightly).filter(state=JobState.DONE).order_by("-finished_at").first()
    return {
        "looked_at": last.finished_at if last else None,
        "is_looking": jobs.filter(state__in=[JobState.WAITING, JobState.RUNNING]).exists(),
    }


@require_POST
@requires(Capability.CORRECT_RECORD)
def arrivals_look(request: HttpRequest) -> HttpResponse:
    """Look now instead of in the night."""
    if enqueue_look(request.actor.agency_code, by_id=request.actor.user_id):
        messages.success(request, "Every new enrollment is being looked at. Load the page again in a moment.")
    else:
        messages.info(request, "The enrollments are being looked at already.")
    return redirect("arrivals")


@require_POST
@requires(Capability.CORRECT_RECORD)
def student_arrived(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Somebody says that this student has come: the arrival of the stay, made where there is none."""
    student = get_student(request.actor, public_id)
    facts, lea_code, today = facts_for(request.actor, student), request.actor.agency_code, clock.today()
    # Who comes on a day that the SIS knows has arrived, too.
    is_enrolled = any(
        one.lea_code == lea_code and (one.effective_to is None or today <= one.effective_to)
        for one in facts.enrollments
    )
    holds = plan_holds(facts, lea_code, today) | ({"enrolled"} if is_enrolled else set())
    reason = why_not("say_arrived", holds)
    found = None if reason else say_arrived(actor=request.actor, student=student)
    if found is not None:
        return redirect("arrival", found.public_id)
    # Only a secondary enrollment is none either.
    reason = reason or lack("enrolled")
    tell_reasons(request, [reason], step_fixes([reason], student))
    return redirect("student", public_id)


urlpatterns = [
    path("arrivals", arrivals, name="arrivals"),
    path("arrivals/look", arrivals_look, name="arrivals_look"),
    *arrivals_adopt.urlpatterns,
    *arrival.urlpatterns,
    *arrival_plan.urlpatterns,
    *arrival_records.urlpatterns,
    path("students/<uuid:public_id>/arrived", student_arrived, name="student_arrived"),
]
