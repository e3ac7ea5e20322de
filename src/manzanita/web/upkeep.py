"""The upkeep: what changes records by itself, when it did last, what it changed and what it left alone, and running it
now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.platform.daily import enqueue_now
from manzanita.platform.models import Job, JobState
from manzanita.procedures.upkeep import (
    BY_KEY,
    UPKEEP,
    Upkeep,
    changes_of,
    newest_runs,
    runs_of,
    why_not_run,
)
from manzanita.ui.formats import plural
from manzanita.web.access import requires
from manzanita.web.people_forms import tabs
from manzanita.web.state_lines import name_of, student_names
from manzanita.web.students_words import ACTION_WORDS

# State of a run: its shape and its words.
LOOKS = {
    JobState.WAITING: ("progress", "Waits for its turn"),
    JobState.RUNNING: ("progress", "Runs"),
    JobState.DONE: ("ok", "Done"),
    JobState.FAILED: ("fatal", "Failed"),
}
# Its changes stand among the news: who or what opened, closed, came.
IN_NEWS = ("findings", "arrivals")


@require_safe
@requires(Capability.MANAGE_PEOPLE)
def upkeep(request: HttpRequest) -> HttpResponse:
    """Every job with its newest run."""
    newest = newest_runs()
    context = {
        "tabs": tabs(request.actor, "upkeep"),
        "rows": [
            {
                "one": one,
                "url": reverse("upkeep_job", args=[one.key]),
                "run": _run(one, newest[one.key]) if one.key in newest else None,
            }
            for one in UPKEEP
        ],
    }
    return render(request, "web/upkeep/list.html", context)


@require_safe
@requires(Capability.MANAGE_PEOPLE)
def upkeep_job(request: HttpRequest, key: str) -> HttpResponse:
    """One job: how its runs went, each change with its reason, and whom it left alone."""
    one, actor = _asked(key), request.actor
    runs = runs_of(one)
    changes = changes_of(actor, one)
    left = one.left(actor) if one.left else []
    rows = one.rows(actor) if one.rows else []
    ids = {event.student_id for event in changes if event.student_id} | {row.student_id for row in rows}
    people = student_names(actor, ids | {row.student_id for row in left})
    log_reads(actor=actor, student_ids=list(people), what="upkeep", filter_codes=f"job={key}")
    names = user_names(
        {run.by_id for run in runs if run.by_id}
        | {event.actor_user_id for event in changes if event.actor_user_id}
    )
    context = {
        "tabs": tabs(actor, "upkeep"),
        "one": one,
        "why_not": why_not_run(actor, one),
        "runs": [_run(one, run) | {"by": names.get(run.by_id or 0, "")} for run in runs],
        "changes": [
            {
                "at": event.at,
                "name": name_of(people.get(event.student_id or 0)),
                "url": reverse("student", args=[people[event.student_id].student.public_id]) + "?tab=history",
                "what": ACTION_WORDS.get(event.action, event.action),
                "why": event.reason or one.does,
                "by": names.get(event.actor_user_id or 0, ""),
            }
            for event in changes
            if event.student_id in people
        ]
        + [
            {
                "at": row.at,
                "name": name_of(people.get(row.student_id)),
                "url": reverse("due_date", args=[row.due_date]),
                "what": row.what,
                "why": row.why,
                "by": "",
            }
            for row in rows
            if row.student_id in people
        ],
        "has_changes": bool(one.actions or one.rows),
        "left": [
            {
                "left": row,
                "name": name_of(people.get(row.student_id)),
                "url": reverse("student", args=[people[row.student_id].student.public_id]),
            }
            for row in left
            if row.student_id in people
        ],
        "more": one.more(actor) if one.more else 0,
        **_progress(actor, one, runs[0] if runs else None),
    }
    return render(request, "web/upkeep/job.html", context)


@require_safe
@requires(Capability.MANAGE_PEOPLE)
def upkeep_progress(request: HttpRequest, key: str) -> HttpResponse:
    """How far the newest run is: a part of the page that asks again while it moves."""
    one = _asked(key)
    run = Job.objects.filter(kind=one.kind).order_by("-pk").first()
    return render(request, "web/upkeep/progress.html", _progress(request.actor, one, run))


@require_POST
@requires(Capability.MANAGE_PEOPLE)
def upkeep_run(request: HttpRequest, key: str) -> HttpResponse:
    """Have it run now, once."""
    one = _asked(key)
    refusal = why_not_run(request.actor, one)
    if refusal is not None:
        messages.info(request, f"Not started. {refusal.text} {refusal.way_out} ({refusal.owner})")
        return redirect("upkeep_job", key)
    _, is_new = enqueue_now(one.kind, by_id=request.actor.user_id)
    messages.success(
        request,
        "Queued: it runs as soon as a worker is free. You may close this page."
        if is_new
        else "It waits or runs already: watch it below.",
    )
    return redirect("upkeep_job", key)


def _asked(key: str) -> Upkeep:
    one = BY_KEY.get(key)
    if one is None:
        raise Http404("no such job")
    return one


def _run(one: Upkeep, run: Job) -> dict[str, Any]:
    result = run.result or {}
    counts = [
        (result[name], words) for name, words in one.counts.items() if isinstance(result.get(name), int)
    ]
    kind, word = LOOKS[JobState(run.state)]
    lasted = (run.finished_at - run.started_at) if run.finished_at and run.started_at else None
    return {
        "job": run,
        "kind": kind,
        "word": word,
        "lasted": _duration(lasted) if lasted is not None else "",
        "counts": ", ".join(f"{count:,} {words}" for count, words in counts),
        "news_url": _news_url(run) if one.key in IN_NEWS else None,
    }


def _duration(lasted: timedelta) -> str:
    seconds = lasted.total_seconds()
    if seconds < 1:
        return "under a second"
    if seconds < 120:
        return plural(round(seconds), "second")
    return plural(round(seconds / 60), "minute")


def _news_url(run: Job) -> str | None:
    """The changes that came of a run: those of its time, and of the minutes after it in which marks are judged."""
    if run.started_at is None or run.finished_at is None:
        return None
    until = run.finished_at + timedelta(minutes=10)
    asked = {"since": run.started_at.isoformat(), "until": until.isoformat(), "from": "upkeep"}
    return f"{reverse('news')}?{urlencode(asked)}"


def _progress(actor: Actor, one: Upkeep, run: Job | None) -> dict[str, Any]:
    return {
        "one": one,
        "newest": _run(one, run) if run else None,
        "is_moving": run is not None and not run.is_over,
        "has_failed": run is not None and run.state == JobState.FAILED,
        "may_run": why_not_run(actor, one) is None,
    }


urlpatterns = [
    path("admin/upkeep", upkeep, name="upkeep"),
    path("admin/upkeep/<slug:key>", upkeep_job, name="upkeep_job"),
    path("admin/upkeep/<slug:key>/progress", upkeep_progress, name="upkeep_progress"),
    path("admin/upkeep/<slug:key>/run", upkeep_run, name="upkeep_run"),
]
