"""What changed since one last looked: every student in the asker's lists who has changes, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from manzanita.auditing.actions import log_reads
from manzanita.auditing.models import NewsMark
from manzanita.domain.access import Actor, Capability
from manzanita.orgs.queries import agency_names
from manzanita.platform import clock
from manzanita.procedures.first_load import FirstLoad, first_loads
from manzanita.procedures.news import (
    FIRST_DAYS,
    ORIGINS,
    PAGE_SIZE,
    Window,
    changed_students,
    mark_of,
    mark_seen,
    rows_of,
)
from manzanita.students.scope import visible_to
from manzanita.ui.formats import us_date, us_time
from manzanita.web.access import requires
from manzanita.web.news_words import lines_of
from manzanita.web.student_page import has_history

# A student of whom more changed has the rest under History.
LINES_SHOWN = 12
# What "since" can be instead of the last look: key, words, days back.
SPANS = {"day": ("24 hours", 1), "week": ("7 days", 7), "month": ("30 days", 30)}


@require_safe
@requires(Capability.READ_STUDENT)
def news(request: HttpRequest) -> HttpResponse:
    """One page of students with their changes. The window of time stands in the addresses of its pages and switches:
    what another window marks as seen is not taken away from this one."""
    actor = request.actor
    if not has_history(actor):
        return render(request, "web/news.html", {"is_guest": True, "newest": ""})
    mark = mark_of(actor)
    since = _since(request, mark)
    page = _number(request.GET.get("page", "1"))
    until = _instant(request.GET.get("until", "")) or clock.now()
    loads = first_loads(actor, since, until)
    window = Window(
        since=since,
        until=until,
        origin=request.GET.get("from", ""),
        is_own=request.GET.get("own") == "yes",
        loads=loads,
    )
    if window.origin not in ("", *ORIGINS):
        raise Http404("no such origin")
    found = changed_students(actor, window, page=page)
    asked = _asked(request, window)
    if page > 1 and not found.students:
        return redirect(f"{reverse('news')}?{urlencode(asked)}")
    ids = [student_id for student_id, _ in found.students]
    students = {one.pk: one for one in visible_to(actor).filter(pk__in=ids)} if ids else {}
    log_reads(actor=actor, student_ids=list(students), what="news", filter_codes=_codes(window))
    lines = lines_of(actor, window, rows_of(actor, window, ids), students) if ids else {}
    here = reverse("news")
    # A load is seen with its line, whatever else there is.
    told = [*filter(None, [found.newest]), *(min(one.until, window.until) for one in loads)]
    newest = max(told, default=None)
    context: dict[str, Any] = {
        "groups": [
            {
                "student": students[pk],
                "url": reverse("student", args=[students[pk].public_id]),
                "lines": lines.get(pk, [])[:LINES_SHOWN],
                "count": count,
                "more": count - LINES_SHOWN,
            }
            for pk, count in found.students
            if pk in students
        ],
        "found": found,
        "loads": _loads(actor, loads) if page == 1 and window.origin in ("", "sis") else [],
        "since_words": _since_words(request, mark, since),
        "until": window.until,
        "spans": _spans(request, mark, asked),
        "origins": [("All", f"{here}?{urlencode(_but(asked, 'from'))}", not window.origin)]
        + [
            (words, f"{here}?{urlencode(asked | {'from': key})}", window.origin == key)
            for key, words in ORIGINS.items()
        ],
        "own_url": f"{here}?{urlencode(_but(asked, 'own') | ({} if window.is_own else {'own': 'yes'}))}",
        "window": window,
        "newest": newest.isoformat() if newest and not actor.is_read_only else "",
        "may_mark": not window.origin and _reaches_mark(mark, since),
        "first_url": f"{here}?{urlencode(asked)}" if page > 1 else None,
        "next_url": f"{here}?{urlencode(asked | {'page': str(page + 1)})}"
        if found.student_count > page * PAGE_SIZE
        else None,
        "before_url": _before_url(mark, since),
        "mark": mark,
        "is_guest": False,
    }
    return render(request, "web/news.html", context)


def _loads(actor: Actor, loads: Sequence[FirstLoad]) -> list[dict[str, Any]]:
    """Each first load in one line, with its run for who takes files in, and what the rules found of it."""
    names = agency_names({one.lea_code for one in loads})
    may_open = actor.may(Capability.IMPORT_FILES)
    return [
        {
            "at": one.began,
            "name": names.get(one.lea_code, one.lea_code),
            "load": one,
            "url": reverse("import_run", args=[one.run])
            if may_open and one.lea_code == actor.agency_code
            else "",
        }
        for one in loads
    ]


def _since(request: HttpRequest, mark: NewsMark | None) -> datetime:
    key = request.GET.get("since", "")
    if key in SPANS:
        return clock.now() - timedelta(days=SPANS[key][1])
    if key == "yesterday":
        return clock.end_of(clock.today() - timedelta(days=2))
    if key:
        instant = _instant(key)
        if instant is None:
            raise Http404("no such time")
        return instant
    return mark.seen_through if mark else clock.now() - timedelta(days=FIRST_DAYS)


def _instant(text: str) -> datetime | None:
    """An aware instant from an address; nothing where none was given. Raises ``Http404`` for what is none."""
    if not text:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Http404("no such time")
    return found


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and int(text) >= 1):
        raise Http404("no such page")
    return int(text)


def _asked(request: HttpRequest, window: Window) -> dict[str, str]:
    """The window as the next pages ask for it: fixed at both ends."""
    key = request.GET.get("since", "")
    asked = {
        "since": key if key in SPANS or key == "yesterday" else window.since.isoformat(),
        "until": window.until.isoformat(),
    }
    if window.origin:
        asked["from"] = window.origin
    if window.is_own:
        asked["own"] = "yes"
    return asked


def _but(asked: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in asked.items() if key != name}


def _codes(window: Window) -> str:
    origin = f" from={window.origin}" if window.origin else ""
    return f"since={window.since:%Y-%m-%dT%H:%MZ}{origin}{' own=yes' if window.is_own else ''}"


def _reaches_mark(mark: NewsMark | None, since: datetime) -> bool:
    """Whether nothing that was never listed lies before ``since``: else marking would put it away unseen."""
    return mark is None or since <= mark.seen_through


def _since_words(request: HttpRequest, mark: NewsMark | None, since: datetime) -> str:
    key = request.GET.get("since", "")
    if key in SPANS:
        return f"of the last {SPANS[key][0]}"
    if key == "yesterday":
        return "since yesterday began"
    if mark is None and not key:
        return f"of the last {FIRST_DAYS} days, as you have not looked here before"
    if mark is not None and since == mark.seen_through:
        return f"since you last looked, on {us_date(mark.marked_at)}, {us_time(mark.marked_at)}"
    return f"since {us_date(since)}, {us_time(since)}"


def _spans(request: HttpRequest, mark: NewsMark | None, asked: dict[str, str]) -> list[tuple[str, str, bool]]:
    key, here = request.GET.get("since", ""), reverse("news")
    keep = _but(_but(asked, "since"), "until")
    is_span = key in SPANS or key == "yesterday"
    rows = [
        ("Last look" if mark else "First look", f"{here}?{urlencode(keep)}" if keep else here, not is_span)
    ]
    choices = {"day": "24 hours", "yesterday": "Yesterday", "week": "7 days", "month": "30 days"}
    rows += [
        (words, f"{here}?{urlencode(keep | {'since': one})}", key == one) for one, words in choices.items()
    ]
    return rows


def _before_url(mark: NewsMark | None, since: datetime) -> str | None:
    """What the last marking has put away."""
    if mark is None or mark.before_through is None or since != mark.seen_through:
        return None
    asked = {"since": mark.before_through.isoformat(), "until": mark.seen_through.isoformat()}
    return f"{reverse('news')}?{urlencode(asked)}"


@require_POST
@requires(Capability.READ_STUDENT)
def news_seen(request: HttpRequest) -> HttpResponse:
    """Move the mark up to the newest change that the page listed."""
    through = _instant(request.POST.get("through", ""))
    if through is None:
        raise Http404("no such time")
    first_since = clock.now() - timedelta(days=FIRST_DAYS)
    mark = mark_seen(actor=request.actor, through=through, first_since=first_since)
    messages.success(
        request,
        f"Marked as seen: what changed through {us_date(mark.seen_through)}, {us_time(mark.seen_through)}.",
    )
    return redirect("news")


urlpatterns = [
    path("news", news, name="news"),
    path("news/seen", news_seen, name="news_seen"),
]
