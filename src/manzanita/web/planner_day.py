"""The planned day of one review: chosen by hand, looked at, saved; locked, taken out; and how a case manager plans."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.planning import PlanningError, Request
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.models import PlannedMeeting, PlanningLimits
from manzanita.meetings.plan_actions import PlanChanged, plan_by_hand, take_out
from manzanita.meetings.plan_judging import Judged, Wish, judge_wish
from manzanita.meetings.planning import (
    DEFAULT_AHEAD,
    MOST_AHEAD,
    Review,
    Situation,
    limits_of,
    may_plan,
    situation_of,
    times_of,
)
from manzanita.meetings.supply_actions import save_limits
from manzanita.platform import clock
from manzanita.students.caseload import managers_of
from manzanita.students.models import Student
from manzanita.students.queries import get_student, taking_part
from manzanita.web.access import requires
from manzanita.web.form_days import day_of
from manzanita.web.people_forms import number_of
from manzanita.web.planner_forms import CHANGED, manager_of, plan_address, until_of

BOUNDS = {
    "per_day": (1, 8, "Meetings a day"),
    "per_week": (1, 20, "Meetings a week"),
    "notice_days": (1, 30, "Days of notice"),
    "days_before": (15, 180, "Days before the due date"),
    "minutes": (15, 240, "Minutes of a meeting"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.HOLD_MEETING)
def plan_day(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Where one student's review is planned; a POST shows what another day does, or saves it."""
    actor = request.actor
    student = get_student(actor, public_id)
    log_reads(actor=actor, student_ids=[student.pk], what="caseload.day")
    manager_id = managers_of([student.pk], clock.today()).get(student.pk, 0)
    situation = situation_of(actor, manager_id, clock.today() + MOST_AHEAD) if manager_id else None
    review = (
        next((one for one in situation.reviews if one.student.pk == student.pk), None) if situation else None
    )
    reasons = _why_not(actor, manager_id, review, student)
    if reasons or situation is None or review is None:
        context = {"student": student, "reasons": reasons, "nav_current": "meetings"}
        return render(
            request, "web/planner/no_day.html", context, status=422 if request.method == "POST" else 200
        )
    if request.method != "POST":
        wish = _first_wish(situation, review)
        if (day := day_of(request.GET.get("day", ""))) is not None:
            wish = replace(wish, day=day)
        return _page(request, student, situation, review, wish)
    return _act(request, student, situation, review)


def _why_not(actor: Actor, manager_id: int, review: Review | None, student: Student) -> list[Reason]:
    if not manager_id:
        text = "Nobody manages the student's case, so there is no caseload to plan the review in."
        return [Reason("no-manager", text, Owner.COORDINATOR, "Give the student a case manager.")]
    if not may_plan(actor, manager_id):
        text = "The review is planned by the student's case manager."
        return [Reason("not-yours", text, Owner.TEAM, "Ask the case manager for another day.")]
    if review is None and not taking_part(clock.today()).filter(student=student).exists():
        text = "The student takes no part in special education today (status 22.12), so no review is due."
        way_out = (
            "It counts again once the student takes part: the status is recorded by a meeting or a change."
        )
        return [Reason("takes-no-part", text, Owner.TEAM, way_out, source="EC 56343(d)")]
    if review is None:
        text = (
            "No review of the student comes due here within a year, or it was held and is not finalized yet."
        )
        return [Reason("nothing-due", text, Owner.TEAM, "The student's page shows the due dates.")]
    return []


def _first_wish(situation: Situation, review: Review) -> Wish:
    """What the form begins with: where it stands, or the first time of day without a day."""
    now, limits = review.planned, situation.limits
    if now is not None:
        return _wish_of(now)
    return Wish(clock.today(), times_of(limits)[0].starts, limits.minutes, is_locked=True)


def _wish_of(now: PlannedMeeting) -> Wish:
    return Wish(now.planned_on, now.starts_at, now.minutes, now.room_id, now.interpreter_id, now.is_locked)


def _act(request: HttpRequest, student: Student, situation: Situation, review: Review) -> HttpResponse:
    sent, deed = request.POST, request.POST.get("do", "")
    wish, wrong = _sent_wish(situation, review, sent, deed)
    if wrong or (wish is None and deed != "remove"):
        return _page(request, student, situation, review, wish, refusals=wrong, sent=sent)
    if wish is not None and deed in ("look", "save"):
        judged = judge_wish(situation, review, wish)
        # Saved is what was looked at. What nobody has looked at is shown first, where something speaks against it.
        is_new = sent.get("looked") != _told(wish)
        if deed == "look" or (judged.warned and not judged.refused and is_new):
            return _page(request, student, situation, review, wish, judged=judged)
    try:
        common: dict[str, Any] = {
            "actor": request.actor,
            "manager_id": situation.manager_id,
            "review": review,
            "until": situation.until,
            "seen": number_of(sent.get("seen", "")) or 0,
            "token": uuid.UUID(sent.get("token", "")),
        }
        if wish is None:
            take_out(**common)
        else:
            plan_by_hand(wish=wish, **common)
    except (PlanChanged, ValueError):
        return _page(request, student, situation, review, wish, refusals=[CHANGED])
    except NotPossible as refused:
        return _page(request, student, situation, review, wish, refusals=refused.reasons)
    messages.success(request, "Saved. You can take it back on this page until the end of today.")
    month = f"{(wish.day if wish else clock.today()):%Y-%m}"
    return redirect(plan_address(situation.manager_id, clock.today() + DEFAULT_AHEAD, month=month))


def _sent_wish(
    situation: Situation, review: Review, sent: Any, deed: str
) -> tuple[Wish | None, Sequence[Reason]]:
    """What was sent as a wish; for ``lock`` and ``unlock`` where it stands with the other lock."""
    if deed == "remove":
        return None, []
    if deed in ("lock", "unlock"):
        now = review.planned
        if now is None:
            return None, [CHANGED]
        return replace(_wish_of(now), is_locked=deed == "lock"), []
    day, starts = day_of(sent.get("day", "")), _time(sent.get("starts", ""))
    minutes = number_of(sent.get("minutes", "")) or 0
    if day is None or starts is None or not 15 <= minutes <= 240:
        text = "A day, a time and 15 to 240 minutes are needed."
        return None, [Reason("no-day", text, Owner.TEAM, "Fill them in.")]
    known = {one.pk: one.kind for one in situation.supplies}
    room, interpreter = number_of(sent.get("room", "")), number_of(sent.get("interpreter", ""))
    if (room and known.get(room) != "room") or (interpreter and known.get(interpreter) != "interpreter"):
        return None, [
            Reason("not-listed", "The room or interpreter is off the list.", Owner.TEAM, "Choose anew.")
        ]
    return Wish(day, starts, minutes, room, interpreter, "locked" in sent), []


def _told(wish: Wish) -> str:
    """What the form says was looked at."""
    return f"{wish.day} {wish.starts} {wish.minutes} {wish.room_id} {wish.interpreter_id}"


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text.strip()).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return None


def _page(
    request: HttpRequest,
    student: Student,
    situation: Situation,
    review: Review,
    wish: Wish | None,
    *,
    judged: Judged | None = None,
    refusals: Sequence[Reason] = (),
    sent: Any = None,
) -> HttpResponse:
    wish = wish or _first_wish(situation, review)
    names = {one.pk: one.name for one in situation.supplies}
    rooms = [
        one
        for one in situation.supplies
        if one.kind == "room" and one.school_code in ("", review.school_code)
    ]
    context = {
        "nav_current": "meetings",
        "student": student,
        "review": review,
        "wish": wish,
        "judged": judged,
        "looked": _told(wish) if judged else "",
        "refusals": refusals,
        "rooms": [(one.pk, one.name) for one in rooms],
        "interpreters": [
            (one.pk, f"{one.language}: {one.name}") for one in situation.supplies if one.kind == "interpreter"
        ],
        "names": names,
        "manager_name": user_names({situation.manager_id}).get(situation.manager_id, ""),
        "back": plan_address(situation.manager_id, clock.today() + DEFAULT_AHEAD),
        "token": uuid.uuid4(),
        "seen": review.planned.pk if review.planned else 0,
        "today": clock.today(),
        "limits": situation.limits,
    }
    return render(request, "web/planner/day.html", context, status=422 if refusals else 200)


@require_POST
@requires(Capability.HOLD_MEETING)
def plan_limits(request: HttpRequest) -> HttpResponse:
    """Keep how a case manager plans; each value that cannot be is named."""
    actor = request.actor
    manager_id = manager_of(actor, request.POST.get("manager", ""))
    until = until_of(request.POST.get("until", ""))
    if (
        not manager_id
        or not may_plan(actor, manager_id)
        or not situation_of(actor, manager_id, until).reviews
    ):
        raise Http404("no such case manager in this scope")
    limits = limits_of(manager_id)
    wrong = _read_limits(limits, request.POST)
    if wrong:
        messages.error(request, f"Nothing was saved. {' '.join(wrong)}")
    else:
        save_limits(actor=actor, limits=limits)
        messages.success(
            request, "Saved. The next suggestion keeps to it; what is planned stays where it is."
        )
    return redirect(plan_address(manager_id, until))


def _read_limits(limits: PlanningLimits, sent: Any) -> list[str]:
    """Put what was sent on ``limits``; a sentence for each value that cannot be."""
    wrong = []
    for name, (least, most, label) in BOUNDS.items():
        value = number_of(sent.get(name, "").strip())
        if value is None or not least <= value <= most:
            wrong.append(f"{label}: write a number from {least} to {most}.")
        else:
            setattr(limits, name, value)
    limits.needs_room = "needs_room" in sent
    times = [_clock_time(one) for one in sent.get("times", "").replace(",", " ").split()]
    if not times or None in times or len(times) > 8:
        return [*wrong, "Times: write one to eight as 8:00 13:30, with blanks between."]
    limits.times = " ".join(f"{one:%H:%M}" for one in sorted({one for one in times if one}))
    try:
        Request(today=date(2026, 1, 1), needs=[], slots=times_of(limits))
    except PlanningError as error:
        wrong.append(str(error))
    return wrong


def _clock_time(text: str) -> time | None:
    return _time(text if len(text.partition(":")[0]) == 2 else f"0{text}")


urlpatterns = [
    path("caseload/plan/limits", plan_limits, name="plan_limits"),
    path("caseload/plan/days/<uuid:public_id>", plan_day, name="plan_day"),
]
