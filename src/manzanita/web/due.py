"""Due dates as work: the lists with their filters. What one of them is, and what is said of it, is ``due_date``."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import include, path, reverse
from django.views.decorators.http import require_safe

from manzanita.auditing.actions import log_reads
from manzanita.deadlines.lists import (
    COUNT_CAP,
    MARKS,
    MEETING,
    PAGE_SIZE,
    PROGRAMS,
    SPANS,
    Wanted,
    capped_count,
    choices_for,
    page_of,
)
from manzanita.deadlines.models import DueDate
from manzanita.domain.access import Capability
from manzanita.domain.clocks import CLOCKS
from manzanita.domain.running_clocks import NOT_WATCHED, WATCHED
from manzanita.platform import clock
from manzanita.web.access import requires
from manzanita.web.due_wanted import FIELDS, asked, is_key, key_of, list_url, wanted_of
from manzanita.web.due_wanted import title_of as list_title
from manzanita.web.due_words import meeting_words, title_of


@require_safe
@requires(Capability.READ_STUDENT)
def due_list(request: HttpRequest) -> HttpResponse:
    """One page of one list, the earliest first."""
    actor = request.actor
    wanted = wanted_in(request)
    after = _after(request)
    found = page_of(actor, wanted, after=after)
    shown = found[:PAGE_SIZE]
    keep = asked(wanted)
    if request.GET.get("after") and not shown:
        # The list has become shorter since its last page was linked: its first page says what is in it.
        return redirect(list_url(wanted))
    log_reads(
        actor=actor,
        student_ids=[row.student_id for row in shown],
        what="due.list",
        filter_codes=" ".join(f"{name}={value}" for name, value in keep.items()),
    )
    count = capped_count(actor, wanted)
    choices = choices_for(actor)
    last = shown[-1] if len(found) > PAGE_SIZE else None
    more = urlencode({**keep, "after": f"{last.due_on or ''}~{last.pk}"}) if last else ""
    context = {
        "wanted": wanted,
        "title": list_title(wanted),
        "list_key": key_of(wanted),
        "rows": [_row(row) for row in shown],
        "count": f"more than {COUNT_CAP:,}" if count > COUNT_CAP else f"{count:,}",
        "is_one": count == 1,
        "is_narrowed": any(value for name, value in keep.items() if name != "span"),
        "first_url": list_url(wanted) if after else None,
        "next_url": f"?{more}" if more else None,
        "spans": [
            (one.label, list_url(wanted, span=one.key, mark=""), wanted.span == one.key and not wanted.mark)
            for one in SPANS.values()
        ]
        + [("Any day", list_url(wanted, span="any", mark=""), wanted.span == "" and not wanted.mark)],
        "marks": [(label, list_url(wanted, mark=key), wanted.mark == key) for key, label in MARKS.items()],
        "meetings": MEETING.items(),
        "programs": PROGRAMS.items(),
        "clocks": [(name, CLOCKS[name].title) for name in WATCHED],
        "schools": choices.schools,
        "managers": [(str(actor.user_id), "Me"), ("nobody", "Nobody"), *choices.managers],
        "not_watched": [(CLOCKS[name].title, why) for name, why in NOT_WATCHED.items()],
    }
    return render(request, "web/due/list.html", context)


def _row(row: DueDate) -> dict[str, Any]:
    days = (row.due_on - clock.today()).days if row.due_on else None
    return {
        "row": row,
        "url": reverse("due_date", args=[row.pk]),
        "student_url": reverse("student", args=[row.student.public_id]),
        "name": f"{row.student.last_name}, {row.student.first_name}",
        "clock": title_of(row),
        "meeting": meeting_words(row),
        "meeting_url": reverse("meeting", args=[row.meeting.public_id]) if row.meeting else None,
        "days": days,
    }


def wanted_in(request: HttpRequest) -> Wanted:
    """What the address asks for. Raises ``Http404`` where no list could be meant."""
    wanted = wanted_of({name: request.GET.get(name, "") for name in FIELDS})
    if wanted is None:
        raise Http404("no such list")
    return wanted


def _after(request: HttpRequest) -> DueDate | None:
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
    return DueDate(pk=int(key), due_on=due_on)


urlpatterns = [
    path("due", due_list, name="due_list"),
    path("", include("manzanita.web.due_date")),
    path("", include("manzanita.web.dinc")),
]
