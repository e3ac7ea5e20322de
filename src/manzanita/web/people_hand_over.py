"""The hand-over: everything that hangs on one person, who gets it, what would be left, and then one click."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.accounts.granting import Refused
from manzanita.accounts.models import User
from manzanita.accounts.people_queries import get_person, staff_with
from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.duties import DUTIES
from manzanita.domain.findings import Owner, Reason
from manzanita.orgs.queries import school_names
from manzanita.platform import clock
from manzanita.procedures.assigning import Move, Term, candidates
from manzanita.procedures.handing_over import (
    HandOver,
    HandOverPreview,
    Holdings,
    hand_over,
    holdings_of,
    preview_hand_over,
)
from manzanita.students.caseload import managers_of
from manzanita.ui.formats import plural
from manzanita.web.access import missing_capability, requires
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.people_forms import chosen, text_in

DAYS = {"starts_on": "From", "until": "Comes back: through", "last_day": "Leaves: last day"}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.MANAGE_PEOPLE)
def hand_over_page(request: HttpRequest, person_id: int) -> HttpResponse:
    """Everything that hangs on the person; a POST shows what would happen, with ``apply`` it happens."""
    actor = request.actor
    if not actor.may(Capability.ASSIGN_STUDENTS):
        return missing_capability(request, Capability.ASSIGN_STUDENTS)
    user = get_person(actor, person_id)
    if request.method != "POST":
        holdings = holdings_of(actor, user, clock.today())
        return _page(request, user, holdings, {})
    starts_on = day_of(request.POST.get("starts_on", ""))
    until = day_of(request.POST.get("until", ""))
    holdings = holdings_of(actor, user, starts_on or clock.today(), until)
    if wrong := mistyped(request.POST, DAYS):
        return _page(request, user, holdings, request.POST, refusals=wrong.reasons)
    if starts_on is None:
        reason = Reason("no-start", "The first day is missing.", Owner.YOU, "Give the first day.")
        return _page(request, user, holdings, request.POST, refusals=[reason])
    asked = _asked(request, user, holdings, Term(starts_on, until))
    if "apply" not in request.POST:
        preview = preview_hand_over(actor, user, asked)
        return _page(request, user, holdings, request.POST, preview=preview, refusals=preview.reasons)
    try:
        done = hand_over(actor=actor, user=user, asked=asked)
    except Refused as refused:
        preview = preview_hand_over(actor, user, asked)
        return _page(request, user, holdings, request.POST, preview=preview, refusals=refused.reasons)
    count = len(done.done)
    words = [f"{plural(count, 'student')} handed over"]
    if done.duties:
        words.append(f"{plural(done.duties, 'duty', 'duties')} passed on")
    if done.ended_grants:
        words.append(f"{plural(done.ended_grants, 'perspective')} ended or given a last day")
    text = ", ".join(words) + "."
    if count:
        text += " Until the end of today it can be taken back under Assign students."
    if done.hanging:
        messages.warning(request, f"{text} {plural(len(done.hanging), 'student')} stay with {user.name}.")
    else:
        messages.success(request, f"{text} Nothing hangs on {user.name} any more.")
    return redirect("person", user.pk)


def _asked(request: HttpRequest, user: User, holdings: Holdings, term: Term) -> HandOver:
    sent = request.POST
    people = _successors(request, user, holdings, term.starts_on)
    default = chosen(people, sent.get("to_all", ""))
    successors: dict[str, int | None] = {}
    for held in holdings.held:
        own = sent.get(held.key, "")
        one = chosen(people, own) if own else default
        successors[held.key] = one.pk if one and own != "stay" else None
    return HandOver(
        term=term,
        successors=successors,
        duties_to=chosen(_duty_people(request, user), sent.get("duties_to", "")),
        last_day=day_of(sent.get("last_day", "")),
        is_closing=sent.get("closing") == "1",
        reason=text_in(request, "reason"),
    )


def _successors(request: HttpRequest, user: User, holdings: Holdings, starts_on: date) -> list[User]:
    """Who can have students on the first day, or on one that something is planned for; each row says whether it can go
    to them."""
    days = {starts_on, *(held.begins_on for held in holdings.held if held.begins_on)}
    people = {
        one.pk: one
        for day in sorted(days)
        for one in candidates(request.actor, day)["assignment"]
        if one.pk != user.pk
    }
    return sorted(people.values(), key=lambda one: (one.name, one.pk))


def _duty_people(request: HttpRequest, user: User) -> list[User]:
    people = {
        one.pk: one
        for duty in DUTIES.values()
        for one in staff_with(request.actor, duty.capability)
        if one.pk != user.pk
    }
    return sorted(people.values(), key=lambda one: (one.name, one.pk))


def _page(
    request: HttpRequest,
    user: User,
    holdings: Holdings,
    sent: Any,
    *,
    preview: HandOverPreview | None = None,
    refusals: Sequence[Reason] = (),
) -> HttpResponse:
    actor = request.actor
    log_reads(
        actor=actor,
        student_ids=[held.row.student.pk for held in holdings.held],
        what="hand-over",
    )
    moves: Mapping[str, Move] = preview.by_key if preview else {}
    today = clock.today()
    managers = managers_of([one.student_id for one in holdings.meetings], today)
    next_managers = {
        move.row.student.pk: move.to_id
        for move in moves.values()
        if move.kind == "assignment" and move.refused is None and move.starts_on <= _first_day(sent, today)
    }
    with_meeting = {one.student_id for one in holdings.meetings}
    people = {pk for move in moves.values() for pk in (move.to_id, move.next_id) if pk}
    names = user_names({*managers.values(), *people})
    rows = []
    for held in holdings.held:
        move = moves.get(held.key)
        rows.append(
            {
                "held": held,
                "sent": sent.get(held.key, ""),
                "has_meeting": held.row.student.pk in with_meeting,
                "refused": move.refused if move else None,
                "to": names.get(move.to_id or 0, "") if move and move.refused is None else "",
                "move": move,
            }
        )
    meetings = []
    for one in holdings.meetings:
        manager = next_managers.get(one.student_id) or managers.get(one.student_id)
        meetings.append({"meeting": one, "to": names.get(manager or 0, "")})
    context = {
        "person": user,
        "holdings": holdings,
        "sent": sent,
        "preview": preview,
        "refusals": refusals,
        "rows": rows,
        "good": [move for move in moves.values() if move.refused is None],
        "meetings": meetings,
        "successors": [
            (str(one.pk), one.name) for one in _successors(request, user, holdings, _first_day(sent, today))
        ],
        "names": names,
        "duty_people": [(str(one.pk), one.name) for one in _duty_people(request, user)],
        "duty_words": ", ".join(one.get_kind_display() for one in holdings.duties),
        "school_names": school_names({held.row.school_code for held in holdings.held}),
        "today": today,
    }
    return render(request, "web/people/hand_over.html", context, status=422 if refusals else 200)


def _first_day(sent: Any, today: date) -> date:
    return day_of(sent.get("starts_on", "")) or today


urlpatterns = [path("admin/people/<int:person_id>/hand-over", hand_over_page, name="hand_over")]
