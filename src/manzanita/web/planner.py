"""Planning a caseload: what is planned and what is due, a suggestion before it is saved, and taking it back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.calendars import NO_CALENDAR
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.planning import PlanningError
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.models import PlanBatch, PlannedMeeting
from manzanita.meetings.plan_actions import PlanChanged, can_undo, save_plan, undo_batch
from manzanita.meetings.plan_counts import loads_of_managers
from manzanita.meetings.planning import (
    DEFAULT_AHEAD,
    MOST_AHEAD,
    Proposal,
    Situation,
    loads_of,
    may_plan,
    situation_of,
)
from manzanita.meetings.supply_actions import may_keep_supplies
from manzanita.orgs.queries import school_names
from manzanita.platform import clock
from manzanita.students.scope import visible_to
from manzanita.ui.formats import plural
from manzanita.web import calendar_feed, planner_day, planner_list, planner_supplies
from manzanita.web.access import requires
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.plan_drawing import bars_of, month_grid
from manzanita.web.planner_forms import CHANGED, manager_of, plan_address, until_of

MOST_BATCHES = 5


@require_safe
@requires(Capability.READ_STUDENT)
def caseload_plan(request: HttpRequest) -> HttpResponse:
    """One case manager's plan: weeks, a month, every review; for who reaches several, whose."""
    actor = request.actor
    until = until_of(request.GET.get("until", ""))
    manager_id = manager_of(actor, request.GET.get("manager", ""))
    loads = [] if actor.perspective.scope is Scope.ASSIGNED else loads_of_managers(actor, until)
    if not manager_id:
        context = {
            "loads": loads,
            "until": until,
            "not_read": _not_read(request),
            "nav_current": "meetings",
            "may_supply": may_keep_supplies(actor),
        }
        return render(request, "web/planner/managers.html", context)
    if loads == [] and actor.perspective.scope is not Scope.ASSIGNED:
        raise Http404("nobody in this scope manages students with reviews to come")
    if loads and manager_id not in {one.user_id for one in loads}:
        raise Http404("no such case manager in this scope")
    situation = situation_of(actor, manager_id, until)
    log_reads(
        actor=actor,
        student_ids=[one.student.pk for one in situation.reviews],
        what="caseload.plan",
        filter_codes="",
    )
    return render(request, "web/planner/plan.html", _context(request, situation, loads))


def _not_read(request: HttpRequest) -> Sequence[Reason]:
    return mistyped(request.GET, {"until": "Reviews due through"}).reasons


def _context(request: HttpRequest, situation: Situation, loads: Sequence[Any]) -> dict[str, Any]:
    actor, today = request.actor, clock.today()
    reviews = situation.reviews
    ahead = [one.planned.planned_on for one in reviews if one.planned and one.planned.planned_on >= today]
    asked = day_of(f"{request.GET.get('month', '')}-01")
    is_near = asked is not None and abs((asked - today).days) <= 2 * MOST_AHEAD.days
    month = asked if asked is not None and is_near else min(ahead, default=today).replace(day=1)
    own = [one for one in situation.standing if one.manager_id == situation.manager_id]
    last = max([situation.until, *(one.planned_on for one in own)])
    lea, school = next(((one.lea_code, one.school_code) for one in reviews), (actor.agency_code, ""))
    calendar = situation.calendars.calendar(lea, school) if reviews else NO_CALENDAR
    return {
        "nav_current": "meetings",
        "manager_id": situation.manager_id,
        "manager_name": user_names({situation.manager_id}).get(situation.manager_id, ""),
        "is_own": situation.manager_id == actor.user_id,
        "loads": loads,
        "until": situation.until,
        "not_read": _not_read(request),
        "today": today,
        "reviews": reviews,
        "ahead": len(ahead),
        "without": sum(one.planned is None or one.planned.planned_on < today for one in reviews),
        "later": [one for one in reviews if one.later_due_on],
        "bars": bars_of(loads_of([one.planned_on for one in own]), today, last, situation.limits.per_week),
        "grid": month_grid(month, reviews, calendar, today),
        "month_link": lambda day: (
            plan_address(situation.manager_id, situation.until, month=f"{day:%Y-%m}") + "#month"
        ),
        "school_names": school_names({one.school_code for one in reviews}),
        "has_calendar": calendar.first is not None,
        "limits": situation.limits,
        "supplies": situation.supplies,
        "may_plan": may_plan(actor, situation.manager_id),
        "may_supply": may_keep_supplies(actor),
        "batches": _batches(actor, situation),
        "is_fixed": situation.is_fixed,
    }


def _batches(actor: Actor, situation: Situation) -> list[dict[str, Any]]:
    rows = list(
        PlanBatch.objects.filter(manager_id=situation.manager_id, lea_code__in=actor.agency_codes)
        .exclude(kind="undo")
        .select_related("undone_by")
        .annotate(size=Count("made", distinct=True))
        .order_by("-id")[:MOST_BATCHES]
    )
    names = user_names({one.by_id for one in rows})
    return [
        {
            "batch": one,
            "by": names.get(one.by_id, ""),
            "is_undone": hasattr(one, "undone_by"),
            "can_undo": not hasattr(one, "undone_by") and can_undo(actor, one),
        }
        for one in rows
    ]


@require_POST
@requires(Capability.HOLD_MEETING)
def propose(request: HttpRequest) -> HttpResponse:
    """Show a suggestion; with ``do=save`` let the one that was looked at be the plan."""
    actor = request.actor
    until = until_of(request.POST.get("until", ""))
    manager_id = manager_of(actor, request.POST.get("manager", ""))
    if not manager_id or not may_plan(actor, manager_id):
        raise Http404("no such case manager in this scope")
    refusals: list[Reason] = []
    if request.POST.get("do") == "save":
        try:
            token = uuid.UUID(request.POST.get("token", ""))
            batch, count = save_plan(
                actor=actor,
                manager_id=manager_id,
                until=until,
                digest=request.POST.get("digest", ""),
                token=token,
            )
        except PlanChanged:
            refusals = [CHANGED]
        except ValueError:
            refusals = [replace(CHANGED, text="The form was not complete, so nothing was saved.")]
        except NotPossible as refused:
            refusals = list(refused.reasons)
        else:
            messages.success(
                request,
                f"{plural(count, 'review')} planned anew. You can take it back until the end of today.",
            )
            return redirect(plan_address(batch.manager_id, until))
    return _suggestion(request, manager_id, until, refusals)


def _suggestion(
    request: HttpRequest, manager_id: int, until: date, refusals: Sequence[Reason]
) -> HttpResponse:
    situation = situation_of(request.actor, manager_id, until)
    if not situation.reviews and manager_id != request.actor.user_id:
        raise Http404("no such case manager in this scope")
    log_reads(
        actor=request.actor,
        student_ids=[one.student.pk for one in situation.reviews],
        what="caseload.plan",
        filter_codes="suggestion",
    )
    try:
        proposal = Proposal(situation)
    except PlanningError as error:
        wrong = Reason("no-plan", str(error), Owner.TEAM, "Change how meetings are planned, then try again.")
        context = _context(request, situation, []) | {"refusals": [wrong]}
        return render(request, "web/planner/plan.html", context, status=422)
    changes = proposal.changes
    placed = [one for one in changes if one.placement]
    last = max([until, *(one.placement.place.day for one in placed if one.placement)])
    supplies = {str(one.pk): one for one in situation.supplies}
    context = {
        "nav_current": "meetings",
        "manager_id": manager_id,
        "manager_name": user_names({manager_id}).get(manager_id, ""),
        "until": until,
        "placed": sorted(placed, key=lambda one: (one.placement.place.day, one.placement.place.slot.starts)),
        "unplaced": [one for one in changes if one.unplaced],
        "kept": [one for one in changes if one.is_kept],
        "changed": proposal.changed,
        "bars": bars_of(proposal.loads(), clock.today(), last, situation.limits.per_week),
        "limits": situation.limits,
        "supplies": supplies,
        "digest": proposal.digest,
        "token": uuid.uuid4(),
        "refusals": refusals,
        "may_supply": may_keep_supplies(request.actor),
    }
    return render(request, "web/planner/suggestion.html", context, status=409 if refusals else 200)


def _reaches(actor: Actor, batch: PlanBatch) -> bool:
    """Is anybody of the batch in reach?"""
    touched = PlannedMeeting.objects.filter(Q(made_by=batch) | Q(ended_by=batch)).values("student_id")
    return visible_to(actor).filter(pk__in=touched).exists()


@require_POST
@requires(Capability.HOLD_MEETING)
def plan_undo(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    batch = PlanBatch.objects.filter(public_id=public_id, lea_code__in=request.actor.agency_codes).first()
    if batch is None or not may_plan(request.actor, batch.manager_id) or not _reaches(request.actor, batch):
        raise Http404("no such plan in this scope")
    try:
        kept = undo_batch(actor=request.actor, batch=batch)
    except NotPossible as refused:
        messages.error(request, " ".join(f"{one.text} {one.way_out}" for one in refused.reasons))
    else:
        words = "Taken back: everything stands where it stood before."
        if kept:
            count = plural(kept, "review")
            words = f"Taken back, but for {count}: planned anew since, or the place is another's by now."
        messages.success(request, words)
    return redirect(plan_address(batch.manager_id, clock.today() + DEFAULT_AHEAD))


urlpatterns = [
    path("caseload/plan", caseload_plan, name="caseload_plan"),
    path("caseload/plan/suggest", propose, name="plan_suggest"),
    path("caseload/plan/taken-back/<uuid:public_id>", plan_undo, name="plan_undo"),
    *planner_day.urlpatterns,
    *planner_list.urlpatterns,
    *planner_supplies.urlpatterns,
    *calendar_feed.urlpatterns,
]
