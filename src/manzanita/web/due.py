"""Due dates as work: the lists with their filters. What one of them is, and what is said of it, is ``due_date``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import include, path, reverse
from django.views.decorators.http import require_safe

from manzanita.auditing.actions import log_reads
from manzanita.deadlines.lists import (
    MARKS,
    MEETING,
    PAGE_SIZE,
    PROGRAMS,
    SPANS,
    DueRow,
    Wanted,
    choices_for,
    page_of,
    wanted_rows,
)
from manzanita.deadlines.waiting import waiting_in
from manzanita.domain.access import Capability
from manzanita.domain.clocks import CLOCKS
from manzanita.domain.narrowing import PARTS
from manzanita.domain.watched_clocks import NOT_WATCHED, WATCHED
from manzanita.orgs.queries import GROUP_SCHOOLS
from manzanita.platform import clock
from manzanita.procedures.left_out import why_not_of
from manzanita.ui.formats import plural
from manzanita.web.access import requires
from manzanita.web.due_wanted import FIELDS, asked, is_key, wanted_of
from manzanita.web.due_wanted import list_url as due_url
from manzanita.web.due_wanted import title_of as list_title
from manzanita.web.due_words import title_of, undated_words, words_of_meeting
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.found import found_in
from manzanita.web.left_out import left_out
from manzanita.web.pasted_words import pasted_words
from manzanita.web.student_lists import due_students

# What of a found set this list is cut by, beside its own choices.
CUT = ("search", "set", *(part.key for part in PARTS if part.key not in FIELDS))


@require_safe
@requires(Capability.READ_STUDENT)
def due_list(request: HttpRequest) -> HttpResponse:
    """One page of one list, the earliest first."""
    actor = request.actor
    wanted = wanted_in(request)
    after = _after(request)
    # What this list has choices for is its own; whatever else narrows a list of students goes along.
    of = found_in(request, {name: request.GET.get(name, "") for name in CUT}, list_key="all")
    is_cut = of.is_asked or bool(of.refusals)
    list_url = partial(due_url, wanted, **of.cut)
    found = page_of(actor, wanted, after=after, among=of.keys if is_cut else None)
    shown = found[:PAGE_SIZE]
    keep = asked(wanted) | of.cut
    if request.GET.get("after") and not shown:
        # The list has become shorter since its last page was linked: its first page says what is in it.
        return redirect(list_url())
    log_reads(
        actor=actor,
        student_ids=[row.student_id for row in shown],
        what="due.list",
        filter_codes=" ".join(f"{name}={value}" for name, value in keep.items() if name != "search")
        + (" search" if of.text else ""),
    )
    choices = choices_for(actor)
    schools = GROUP_SCHOOLS | dict(choices.schools)
    today, places = clock.today(), _places()
    last = shown[-1] if len(found) > PAGE_SIZE else None
    more = urlencode({**keep, "after": f"{last.due_on or ''}~{last.pk}"}) if last else ""
    context = {
        "wanted": wanted,
        "not_read": mistyped(request.GET, {"until": "Until"}).reasons,
        "title": list_title(wanted),
        "rows": [_row(row, schools, places, today) for row in shown],
        "waiting": waiting_in(actor),
        "count": _count(shown, is_all=after is None and last is None),
        "is_narrowed": any(value for name, value in asked(wanted).items() if name != "span"),
        "found": of if is_cut else None,
        "cut": of.cut,
        "pasted_list": pasted_words(of),
        "not_shown": left_out(
            of,
            wanted_rows(actor, wanted).order_by().values("student_id"),
            why_not_of("due"),
            "due.list",
        ),
        "whole_url": due_url(wanted),
        "clear_url": f"{reverse('due_list')}?{urlencode(of.cut)}",
        "export_url": replace(of, wanted=due_students(wanted)).address("export_new"),
        "first_url": list_url() if after else None,
        "next_url": f"?{more}" if more else None,
        "spans": [
            (
                one.label,
                list_url(span=one.key, mark="", until=""),
                wanted.span == one.key and not wanted.mark,
            )
            for one in SPANS.values()
        ]
        + [
            (
                "Any day",
                list_url(span="any", mark="", until=""),
                not wanted.until and wanted.span == "" and not wanted.mark,
            )
        ],
        "marks": [(label, list_url(mark=key, until=""), wanted.mark == key) for key, label in MARKS.items()],
        "meetings": MEETING.items(),
        "programs": PROGRAMS.items(),
        "clocks": [(name, CLOCKS[name].title) for name in WATCHED],
        "schools": choices.schools,
        "managers": [(str(actor.user_id), "Me"), ("nobody", "Nobody"), *choices.managers],
    }
    return render(request, "web/due/list.html", context)


class Places(NamedTuple):
    """Where the addresses of a line begin: to resolve each by itself would be a tenth of the page."""

    due_date: str
    student: str
    meeting: str


def _places() -> Places:
    return Places(
        reverse("due_date", args=[0]).removesuffix("0"), f"{reverse('students')}/", f"{reverse('meetings')}/"
    )


def _row(row: DueRow, schools: Mapping[str, str], places: Places, today: date) -> dict[str, Any]:
    held_on = row.meeting_held_on
    return {
        "row": row,
        "url": f"{places.due_date}{row.pk}",
        "student_url": f"{places.student}{row.student_public_id}",
        "name": f"{row.last_name}, {row.first_name}",
        "clock": title_of(row),
        "undated": undated_words(row.clock),
        "school": schools.get(row.school_code, row.school_code),
        "meeting": words_of_meeting(row.meeting_event, held_on) if row.meeting_event else "",
        "meeting_url": f"{places.meeting}{row.meeting_public_id}",
        "days": (row.due_on - today).days if row.due_on else None,
    }


@require_safe
@requires(Capability.READ_STUDENT)
def due_clocks(request: HttpRequest) -> HttpResponse:
    """Which clocks are watched, from when until when, and why the others are not."""
    context = {
        "watched": [(CLOCKS[name].title, one) for name, one in WATCHED.items()],
        "not_watched": [(CLOCKS[name].title, why) for name, why in NOT_WATCHED.items()],
    }
    return render(request, "web/due/clocks.html", context)


def _count(shown: Sequence[DueRow], *, is_all: bool) -> str:
    """How many there are, where they fit on a page; home counts the long ones, whose number would cost as much as the
    list itself."""
    return (
        plural(len(shown), "due date")
        if is_all
        else f"more than {PAGE_SIZE} due dates, {len(shown)} on this page"
    )


def wanted_in(request: HttpRequest) -> Wanted:
    """What the address asks for; a last day that is no day asks for none, which the page says. Raises ``Http404``
    where no list could be meant."""
    given = {name: request.GET.get(name, "") for name in FIELDS}
    if given["until"]:
        day = day_of(given["until"])
        given["until"] = day.isoformat() if day else ""
    wanted = wanted_of(given)
    if wanted is None:
        raise Http404("no such list")
    return wanted


def _after(request: HttpRequest) -> tuple[date | None, int] | None:
    """The place of the last row seen, which may be gone meanwhile: its day and number, no name."""
    token = request.GET.get("after", "")
    if not token:
        return None
    day, separator, key = token.partition("~")
    try:
        due_on = date.fromisoformat(day) if day else None
    except ValueError as error:
        raise Http404("no such page") from error
    if not separator or not is_key(key):
        raise Http404("no such page")
    return due_on, int(key)


urlpatterns = [
    path("due", due_list, name="due_list"),
    path("due/clocks", due_clocks, name="due_clocks"),
    path("", include("manzanita.web.due_date")),
    path("", include("manzanita.web.dinc")),
]
