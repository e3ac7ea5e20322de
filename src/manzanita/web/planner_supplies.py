"""Rooms and interpreters with which reviews are planned: the list, adding one, taking one off."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.domain.access import Actor, Capability
from manzanita.domain.planning import WEEKDAYS
from manzanita.meetings.models import PlanningSupply
from manzanita.meetings.planning import supplies_of
from manzanita.meetings.supply_actions import add_supply, end_supply
from manzanita.orgs.queries import open_schools, school_names
from manzanita.platform import clock
from manzanita.ui.formats import plural
from manzanita.web.access import requires
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.people_forms import number_of, text_in


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.EDIT_CALENDARS)
def planning_supplies(request: HttpRequest) -> HttpResponse:
    actor = request.actor
    if request.method != "POST":
        return _page(request, {}, [])
    if request.POST.get("do") == "end":
        key = number_of(request.POST.get("supply", ""))
        found = PlanningSupply.objects.filter(pk=key, lea_code__in=actor.agency_codes).first()
        if found is None:
            return _page(request, {}, ["That room or interpreter is off the list already."])
        count = end_supply(actor=actor, supply=found)
        words = f"{found.name} is off the list."
        if count:
            words += f" {plural(count, 'planned meeting')} still name it: their case managers plan them anew."
        messages.success(request, words)
        return redirect("planning_supplies")
    supply, wrong = _read(request, actor)
    if wrong:
        return _page(request, request.POST, wrong)
    add_supply(actor=actor, supply=supply)
    messages.success(request, f"{supply.name} is listed. Suggestions count on it from now on.")
    return redirect("planning_supplies")


def _read(request: HttpRequest, actor: Actor) -> tuple[PlanningSupply, list[str]]:
    """The room or interpreter that was sent, and a sentence for each field that cannot be."""
    sent, wrong = request.POST, []
    kind = "interpreter" if sent.get("kind") == "interpreter" else "room"
    name, language = text_in(request, "name"), text_in(request, "language")
    school = text_in(request, "school") if kind == "room" else ""
    days = "".join(sorted({one for one in sent.getlist("weekday") if one in "12345" and len(one) == 1}))
    first_on, last_on = day_of(sent.get("first_on", "")), day_of(sent.get("last_on", ""))
    if not 1 <= len(name) <= 60:
        wrong.append("Name: write one of at most 60 characters, such as Room 12 or County interpreter.")
    if kind == "interpreter" and not 1 <= len(language) <= 30:
        wrong.append("Language: write the language as it stands with the family's contacts, such as Spanish.")
    if school and school not in {code for code, _ in _schools(actor)}:
        wrong.append("School: choose one of the list, or all schools.")
    if not days:
        wrong.append("Weekdays: tick at least one.")
    for one in mistyped(sent, {"first_on": "From", "last_on": "Through"}).reasons:
        wrong.append(f"{one.text} {one.way_out}")
    if first_on and last_on and last_on < first_on:
        wrong.append("Last day: it lies before the first day.")
    return (
        PlanningSupply(
            kind=kind,
            lea_code=actor.agency_code,
            school_code=school,
            name=name,
            language=language if kind == "interpreter" else "",
            weekdays=days,
            first_on=first_on,
            last_on=last_on,
        ),
        wrong,
    )


def _schools(actor: Actor) -> list[tuple[str, str]]:
    return list(open_schools(actor.agency_code).values_list("code", "name"))


def _page(request: HttpRequest, sent: Any, wrong: list[str]) -> HttpResponse:
    actor = request.actor
    rows = supplies_of([actor.agency_code])
    context = {
        "nav_current": "meetings" if actor.may(Capability.READ_STUDENT) else None,
        "rows": [(one, ", ".join(WEEKDAYS[int(digit) - 1] for digit in one.weekdays)) for one in rows],
        "schools": _schools(actor),
        "school_names": school_names({one.school_code for one in rows}),
        "weekdays": [(str(number), name) for number, name in enumerate(WEEKDAYS, 1)],
        "sent": sent,
        "ticked": sent.getlist("weekday") if sent else list("12345"),
        "wrong": wrong,
        "today": clock.today(),
        "reads_students": actor.may(Capability.READ_STUDENT),
    }
    return render(request, "web/planner/supplies.html", context, status=422 if wrong else 200)


urlpatterns = [path("caseload/supplies", planning_supplies, name="planning_supplies")]
