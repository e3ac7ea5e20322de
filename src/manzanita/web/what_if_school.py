"""What if a break of a school were other days, or a closure came: whose due dates would move. Nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.domain.access import Actor, Capability
from manzanita.domain.calendars import Period, PeriodKind, periods_of
from manzanita.orgs.calendars import Calendars, load_calendars
from manzanita.orgs.models import Agency, School
from manzanita.platform import clock
from manzanita.web.access import requires
from manzanita.web.calendars import readable_lea
from manzanita.web.clock_moves import Moves, moves_of
from manzanita.web.what_if import Typed, read_days, standing_days
from manzanita.web.what_if_choices import (
    Choice,
    calendar_place,
    days_off,
    grouped,
    period_value,
    period_words,
)

READ = "calendar.what-if"
_ADDED = (
    (PeriodKind.CLOSURE, "Add a closure"),
    (PeriodKind.BREAK, "Add a break"),
    (PeriodKind.HOLIDAY, "Add a holiday"),
)


@dataclass(frozen=True, slots=True)
class Desk:
    """One school of one LEA in one year; without a school, all of them."""

    actor: Actor
    lea: Agency
    year: str
    school: str
    calendars: Calendars
    choices: Sequence[Choice]


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.READ_STUDENT)
def calendar_what_if(request: HttpRequest, code: str, year: str) -> HttpResponse:
    """The page; a POST answers one move, for htmx only the part that it names as its target."""
    lea = readable_lea(request.actor, code, year)
    schools = list(School.objects.filter(agency=lea).order_by("name").values_list("code", "name"))
    asked = request.POST.get("school", "")
    school = asked if asked in dict(schools) else ""
    desk = _desk(request.actor, lea, year, school)
    typed = _typed(request, desk)
    context = {
        "lea": lea,
        "year": year,
        "schools": schools,
        "school": school,
        "school_name": dict(schools).get(school, ""),
        "groups": grouped(desk.choices),
        "typed": typed,
        "moves": _moves(desk, typed),
        "is_same": _is_same(typed),
    }
    parts = {"what-if-school": "school_form", "what-if-sheet": "school_sheet"}
    part = parts.get(request.htmx.target, "school_answer") if request.htmx else "school"
    status = 422 if typed.problem and not request.htmx else 200
    return render(request, f"web/what_if/{part}.html", context, status=status)


def _desk(actor: Actor, lea: Agency, year: str, school: str) -> Desk:
    calendars = load_calendars([lea.code])
    rows = calendars.periods.get(lea.code, {}).get(year, ())
    here = periods_of(rows, lea=lea.code, school=school) if school else rows
    place = calendar_place(actor, lea.code, year)
    choices = [
        Choice(period_value(one), "Days without school", period_words(one), place, period=one)
        for one in days_off(here)
    ]
    choices += [Choice(f"add.{kind}", "Days to add", label, place, adds=kind) for kind, label in _ADDED]
    return Desk(actor, lea, year, school, calendars, choices)


def _typed(request: HttpRequest, desk: Desk) -> Typed:
    sent = request.POST
    choice = next((one for one in desk.choices if one.value == sent.get("what", "")), None)
    if choice is None:
        # The first one, too, where another school has other days.
        return standing_days(desk.choices[0])
    if sent.get("chosen") == "now" or "day" not in sent:
        return standing_days(choice)
    day, last = sent.get("day", "").strip()[:20], sent.get("last", "").strip()[:20]
    return read_days(choice, day, last, clock.today())


def _is_same(typed: Typed) -> bool:
    period = typed.choice.period if typed.choice else None
    return period is not None and (typed.first_on, typed.last_on) == (period.start, period.end)


def _moves(desk: Desk, typed: Typed) -> Moves | None:
    """``None`` while there are no days to answer, or those that stand."""
    choice = typed.choice
    if choice is None or choice.kind is None or typed.problem or _is_same(typed):
        return None
    if typed.first_on is None or typed.last_on is None:
        return None
    old = choice.period
    if old is not None:
        new = Period(typed.first_on, typed.last_on, old.kind, old.lea, old.school, old.track)
    else:
        new = Period(typed.first_on, typed.last_on, choice.kind, desk.lea.code, desk.school)
    after = desk.calendars.with_period(desk.lea.code, old, new)
    return moves_of(desk.actor, [desk.lea.code], desk.calendars, after, what=READ, school_code=desk.school)


urlpatterns = [
    path("calendars/<slug:code>/<slug:year>/what-if", calendar_what_if, name="calendar_what_if"),
]
