"""Changing a calendar: a file or one period becomes a proposal, which says whose due dates move before it is saved.

A proposal is the whole calendar of the year as CSV. It travels in the form, so that nothing is stored until somebody
has seen what it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.domain.access import Actor, Capability
from manzanita.domain.calendars import CalendarError, Period, PeriodKind
from manzanita.domain.calendars.csv_file import COLUMNS
from manzanita.domain.years import first_calendar_year, first_day, last_day
from manzanita.orgs.calendar_actions import (
    CalendarChanged,
    calendar_csv,
    check_periods,
    may_edit_calendar,
    read_calendar_file,
    save_calendar,
)
from manzanita.orgs.calendars import (
    calendar_agency,
    load_calendars,
    period_of,
    periods_of_version,
    standing_version,
)
from manzanita.orgs.models import Agency, CalendarPeriod, CalendarVersion, School
from manzanita.orgs.queries import school_names
from manzanita.ui.formats import plural
from manzanita.web.access import requires
from manzanita.web.clock_moves import moves_of
from manzanita.web.form_days import day_of
from manzanita.web.people_forms import number_of

LARGEST_FILE_BYTES = 1024 * 1024
KIND_WORDS = (
    (PeriodKind.TERM, "Term: school is held"),
    (PeriodKind.BREAK, "Break"),
    (PeriodKind.HOLIDAY, "Holiday, offices closed"),
    (PeriodKind.CLOSURE, "Closure, offices closed"),
    (PeriodKind.INTERSESSION, "Intersession"),
    (PeriodKind.SUMMER, "Summer"),
)


@dataclass(frozen=True, slots=True)
class Desk:
    """What is being changed, and what stands."""

    actor: Actor
    lea: Agency
    year: str
    version: CalendarVersion | None
    rows: Sequence[CalendarPeriod]

    @property
    def periods(self) -> list[Period]:
        return [period_of(row) for row in self.rows]

    def row(self, number: str) -> CalendarPeriod | None:
        key = number_of(number)
        return next((row for row in self.rows if row.pk == key), None)


@dataclass(frozen=True, slots=True)
class Proposal:
    """The whole calendar as somebody would have it; ``left_out`` says what of an ICS file is not in it."""

    periods: Sequence[Period]
    left_out: Sequence[str] = ()


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.EDIT_CALENDARS)
def calendar_change(request: HttpRequest, code: str, year: str) -> HttpResponse:
    """The forms; a POST proposes (a file, one period) and shows what that does, or saves what was proposed."""
    desk = _desk(request.actor, code, year)
    if request.method != "POST":
        return _forms(request, desk, editing=desk.row(request.GET.get("period", "")))
    deed = request.POST.get("do", "")
    try:
        proposal = _proposal(request, desk, deed)
    except CalendarError as refused:
        if deed == "save":
            return _forms(request, desk, problems=refused.problems)
        editing = desk.row(request.POST.get("period", ""))
        return _forms(request, desk, editing=editing, problems=refused.problems, given=request.POST)
    if deed != "save":
        return _preview(request, desk, proposal)
    return _save(request, desk, proposal)


def _desk(actor: Actor, code: str, year: str) -> Desk:
    try:
        first_calendar_year(year)
    except ValueError:
        raise Http404("no such school year") from None
    lea = calendar_agency(code)
    if lea is None or not may_edit_calendar(actor, code):
        raise Http404("no such calendar to keep in this scope")
    version = standing_version(code, year)
    return Desk(actor, lea, year, version, periods_of_version(version))


def _proposal(request: HttpRequest, desk: Desk, deed: str) -> Proposal:
    """Raises ``CalendarError``."""
    if deed == "save":
        text = request.POST.get("rows", "")
        if text.strip() == calendar_csv([]).strip():
            return Proposal([])
        return Proposal(*read_calendar_file(text, is_ics=False, lea_code=desk.lea.code, year=desk.year))
    if deed == "file":
        return _of_file(request, desk)
    old = desk.row(request.POST.get("period", ""))
    kept = [period_of(row) for row in desk.rows if old is None or row.pk != old.pk]
    if deed == "remove":
        if old is None:
            raise CalendarError(["The period is not there any more. Look at the calendar again."])
        return Proposal(kept)
    new = _period(request, desk)
    if new in kept:
        raise CalendarError(["The calendar has this very period already. Change its days, or leave it."])
    check_periods([new], desk.lea.code, desk.year)
    return Proposal(sorted([*kept, new], key=lambda one: (one.start, one.school, one.track)))


def _of_file(request: HttpRequest, desk: Desk) -> Proposal:
    file = request.FILES.get("file")
    if file is None:
        raise CalendarError(["No file came with the form. Choose the file, then look at what it does."])
    if (file.size or 0) > LARGEST_FILE_BYTES:
        raise CalendarError(["The file is larger than 1 MB, more than a year can have. Choose another file."])
    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CalendarError(
            ["The file is not text in UTF-8. Save it as “CSV UTF-8”, or export it as iCalendar (.ics)."]
        ) from None
    is_ics = (file.name or "").lower().endswith(".ics") or text.lstrip().upper().startswith("BEGIN:VCALENDAR")
    return Proposal(*read_calendar_file(text, is_ics=is_ics, lea_code=desk.lea.code, year=desk.year))


def _period(request: HttpRequest, desk: Desk) -> Period:
    given = {name: request.POST.get(name, "").replace("\0", "").strip() for name in _FIELDS}
    start, end = day_of(given["start"]), day_of(given["end"]) if given["end"] else day_of(given["start"])
    problems = []
    if given["kind"] not in list(PeriodKind):
        problems.append("Kind: none is chosen. Choose what the days are.")
    if start is None:
        problems.append("First day: it is missing or no date. Enter it.")
    if end is None:
        problems.append("Last day: it is no date. Enter it, or leave it empty for one day.")
    if problems or start is None or end is None:
        raise CalendarError(problems)
    try:
        return Period(start, end, PeriodKind(given["kind"]), desk.lea.code, given["school"], given["track"])
    except ValueError as error:
        raise CalendarError([f"Last day: {error}."]) from None


_FIELDS = ("kind", "start", "end", "school", "track")


def _forms(
    request: HttpRequest,
    desk: Desk,
    *,
    editing: CalendarPeriod | None = None,
    problems: Sequence[str] = (),
    given: Any = None,
) -> HttpResponse:
    values: dict[str, Any] = {name: given.get(name, "") if given else "" for name in _FIELDS}
    if not given and editing is not None:
        values = {
            "kind": editing.kind,
            "start": editing.start_on,
            "end": editing.end_on,
            "school": editing.school_code,
            "track": editing.track,
        }
    schools = School.objects.filter(agency=desk.lea).order_by("name").values_list("code", "name")
    context = {
        "lea": desk.lea,
        "year": desk.year,
        "first": first_day(desk.year),
        "last": last_day(desk.year),
        "version": desk.version,
        "has_rows": bool(desk.rows),
        "editing": editing,
        "values": values,
        "kinds": [(kind.value, words) for kind, words in KIND_WORDS],
        "schools": list(schools),
        "columns": COLUMNS,
        "problems": problems,
    }
    return render(request, "web/calendars/change.html", context, status=422 if problems else 200)


def _preview(
    request: HttpRequest,
    desk: Desk,
    proposal: Proposal,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """What the proposal changes in the calendar, and which open evaluations it gives another date."""
    before = load_calendars([desk.lea.code])
    after = before.with_year(desk.lea.code, desk.year, proposal.periods)
    old, new = desk.periods, list(proposal.periods)
    context = {
        "lea": desk.lea,
        "year": desk.year,
        "added": [one for one in new if one not in old],
        "removed": [one for one in old if one not in new],
        "kept": sum(one in old for one in new),
        "left_out": proposal.left_out,
        "schools": school_names({one.school for one in [*old, *new]} - {""}),
        "has_terms": any(one.kind is PeriodKind.TERM for one in new),
        "rows": calendar_csv(new),
        "seen": desk.version.pk if desk.version else "",
        "reason": request.POST.get("reason", ""),
        "problem": problem,
        "moves": moves_of(desk.actor, [desk.lea.code], before, after, what="calendar.preview"),
    }
    return render(request, "web/calendars/preview.html", context, status=status)


def _save(request: HttpRequest, desk: Desk, proposal: Proposal) -> HttpResponse:
    reason = request.POST.get("reason", "").strip()
    if not reason:
        problem = (
            "The reason is empty. Write why the calendar changes, such as “adopted by the board on May 12”."
        )
        return _preview(request, desk, proposal, problem=problem, status=422)
    try:
        save_calendar(
            actor=desk.actor,
            lea_code=desk.lea.code,
            year=desk.year,
            periods=proposal.periods,
            reason=reason,
            seen=number_of(request.POST.get("seen", "")),
        )
    except CalendarChanged:
        problem = (
            "Somebody saved another calendar of this year in the meantime. Nothing of yours was saved. Below is what "
            "yours would change in theirs: look again, then save."
        )
        desk = _desk(desk.actor, desk.lea.code, desk.year)
        return _preview(request, desk, proposal, problem=problem, status=409)
    count = plural(len(proposal.periods), "period")
    messages.success(
        request, f"Saved: the calendar of {desk.year} with {count}. Due dates count by it from now on."
    )
    return redirect("calendar", desk.lea.code, desk.year)


urlpatterns = [
    path("calendars/<slug:code>/<slug:year>/change", calendar_change, name="calendar_change"),
]
