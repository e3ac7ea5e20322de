"""School calendars: those of the LEAs in scope with what is missing, one year drawn, and its file."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.accounts.queries import user_names
from manzanita.domain.access import Actor, Capability
from manzanita.domain.clocks import CLOCKS
from manzanita.domain.years import academic_year_of, first_calendar_year
from manzanita.orgs.calendar_actions import calendar_csv, may_edit_calendar
from manzanita.orgs.calendars import (
    Calendars,
    load_calendars,
    period_of,
    periods_of_version,
    standing_versions,
    versions_of,
)
from manzanita.orgs.models import Agency, CalendarVersion
from manzanita.orgs.queries import agencies_with_students, school_names
from manzanita.platform import clock
from manzanita.web import calendars_change
from manzanita.web.access import requires_grant
from manzanita.web.calendar_drawing import DAYS, KIND_LOOKS, breaks_of, months_of, year_facts
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.people_forms import tabs

TOLLED = tuple(one.title for one in CLOCKS.values() if one.is_tolled)


def leas_in_scope(actor: Actor) -> list[Agency]:
    """The districts and county offices whose calendars the actor reads."""
    return [one for one in agencies_with_students() if one.code in actor.agency_codes]


def admin_tabs(actor: Actor, current: str) -> list[Any]:
    """The tabs of the administration, for those who come from there."""
    return tabs(actor, current) if actor.may(Capability.MANAGE_PEOPLE) else []


@require_safe
@requires_grant
def calendars(request: HttpRequest) -> HttpResponse:
    """Each LEA's calendar of this school year and the next: what there is, and what is missing."""
    leas = leas_in_scope(request.actor)
    codes = [lea.code for lea in leas]
    today = clock.today()
    this = academic_year_of(today)
    stored = load_calendars(codes)
    versions = standing_versions(codes)
    years = [this, year_after(this)]
    context = {
        "tabs": admin_tabs(request.actor, "calendars"),
        "nav_current": "admin" if request.actor.may(Capability.MANAGE_PEOPLE) else None,
        "leas": [
            (lea, [_row(request.actor, lea, year, stored, versions.get((lea.code, year))) for year in years])
            for lea in leas
        ],
        "people": user_names({one.by_id for one in versions.values() if one.by_id}),
        "tolled": TOLLED,
        "readings": {lea.code: stored.reading(lea.code, today) for lea in leas},
    }
    return render(request, "web/calendars/list.html", context)


def year_after(year: str, by: int = 1) -> str:
    first = first_calendar_year(year) + by
    return f"{first}-{first + 1}"


def _row(
    actor: Actor, lea: Agency, year: str, stored: Calendars, version: CalendarVersion | None
) -> dict[str, Any]:
    has_rows = bool(stored.periods.get(lea.code, {}).get(year))
    return {
        "year": year,
        "version": version if has_rows else None,
        "facts": year_facts(stored.calendar(lea.code), year, stored.reading(lea.code, clock.today())),
        "has_rows": has_rows,
        "has_terms": stored.has_terms(lea.code, year),
        "tracks": len(stored.tracks(lea.code, year)),
        "may_edit": may_edit_calendar(actor, lea.code),
    }


def readable_lea(actor: Actor, code: str, year: str) -> Agency:
    """The LEA where its calendar is in scope and the year is one; else 404."""
    try:
        first_calendar_year(year)
    except ValueError:
        raise Http404("no such school year") from None
    found = next((one for one in leas_in_scope(actor) if one.code == code), None)
    if found is None:
        raise Http404("no such calendar in this scope")
    return found


@require_safe
@requires_grant
def calendar(request: HttpRequest, code: str, year: str) -> HttpResponse:
    """One year of one LEA, or of one of its schools and tracks, as it stands or as it was believed on a day."""
    actor, today = request.actor, clock.today()
    lea = readable_lea(actor, code, year)
    versions = versions_of(code, year)
    known = day_of(request.GET.get("known", ""))
    not_read = mistyped(request.GET, {"known": "As it was believed on"}).reasons
    at = clock.end_of(known) if known and known < today else None
    stored = load_calendars([code], known=at)
    tracks = stored.tracks(code, year)
    chosen = (request.GET.get("school", ""), request.GET.get("track", ""))
    if chosen not in tracks:
        chosen = ("", "")
    shown = stored.calendar(code, *chosen)
    reading = stored.reading(code, today)
    version = _version_at(versions, at)
    schools = school_names({school for school, _ in tracks} - {""})
    here = reverse("calendar", args=[code, year])
    context = {
        "tabs": admin_tabs(actor, "calendars"),
        "nav_current": "admin" if actor.may(Capability.MANAGE_PEOPLE) else None,
        "lea": lea,
        "not_read": not_read,
        "year": year,
        "years": [(one, reverse("calendar", args=[code, one]), one == year) for one in _near(year)],
        "schedules": [
            (
                _schedule_name(one, schools),
                f"{here}?{urlencode({'school': one[0], 'track': one[1]})}",
                one == chosen,
            )
            for one in [("", ""), *tracks]
        ],
        "schedule": _schedule_name(chosen, schools),
        "months": months_of(shown, year, reading, today),
        "weekdays": DAYS,
        "looks": KIND_LOOKS,
        "breaks": breaks_of(shown, year, reading),
        "facts": year_facts(shown, year, reading),
        "has_terms": stored.has_terms(code, year),
        "reading": reading,
        "rows": periods_of_version(version),
        "schools": schools,
        "version": version,
        "versions": versions,
        "known": known if at else None,
        "people": user_names({one.by_id for one in versions if one.by_id}),
        "may_edit": may_edit_calendar(actor, code) and at is None,
        "tolled": TOLLED,
        "today": today,
    }
    return render(request, "web/calendars/year.html", context)


def _near(year: str) -> list[str]:
    return [year_after(year, by) for by in (-1, 0, 1)]


def _version_at(versions: list[CalendarVersion], at: datetime | None) -> CalendarVersion | None:
    """The version that stood at that instant; now, the newest."""
    return next((one for one in versions if at is None or one.recorded_at <= at), None)


def _schedule_name(one: tuple[str, str], schools: dict[str, str]) -> str:
    school, track = one
    words = [schools.get(school, school)] if school else []
    words += [f"track {track}"] if track else []
    return ", ".join(words) or "Whole LEA"


@require_safe
@requires_grant
def calendar_file(request: HttpRequest, code: str, year: str) -> HttpResponse:
    """The calendar that stands as a CSV file, which can be taken in again; without one its header."""
    readable_lea(request.actor, code, year)
    version = standing_versions([code]).get((code, year))
    text = calendar_csv(period_of(row) for row in periods_of_version(version))
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="calendar_{code}_{year}.csv"'
    return answer


urlpatterns = [
    path("calendars", calendars, name="calendars"),
    path("calendars/<slug:code>/<slug:year>", calendar, name="calendar"),
    path("calendars/<slug:code>/<slug:year>/file.csv", calendar_file, name="calendar_file"),
    *calendars_change.urlpatterns,
]
