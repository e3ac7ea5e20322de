"""Planned changes: everything of the students in view that stands with a day to come, the earliest day first."""

from __future__ import annotations

from dataclasses import replace

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.procedures.left_out import why_not_of
from manzanita.procedures.planned import (
    LATE,
    PAGE_SIZE,
    SOON,
    SOURCES,
    WHEN,
    WITHIN,
    planned_at_home,
    planned_page,
    with_planned,
)
from manzanita.students.listing import capped_count
from manzanita.students.models import ScopedQuerySet
from manzanita.students.scope import here_for, outside_view, present_for
from manzanita.ui.formats import plural
from manzanita.web.access import requires
from manzanita.web.found import Found, found_in
from manzanita.web.home_needs import Group, Need
from manzanita.web.left_out import left_out
from manzanita.web.narrowing_choices import choices_of
from manzanita.web.pasted_words import pasted_words
from manzanita.web.planned_words import rows_of


@require_safe
@requires(Capability.READ_STUDENT)
def planned(request: HttpRequest) -> HttpResponse:
    """One page; ``what`` is one kind of change, ``when`` which days, the rest narrows as a list of students."""
    actor, given = request.actor, request.GET
    what, when = given.get("what", ""), given.get("when", "")
    found = found_in(request, {**given.dict(), "list": "all"})
    if when not in WHEN or (what and what not in SOURCES):
        raise Http404("no such list")
    start = _start(given.get("after", ""))
    # Who stands in a pasted list is meant in every view, as far as what is true now is told of them; of a list that
    # cannot be read whole nobody.
    within = here_for(actor) if found.pasted else present_for(actor)
    listed = found.searched(within.none() if found.pasted and found.refusals else within)
    students = found.narrowed(listed)
    page = planned_page(students, actor, when=when, only=what, start=start)
    if start and not page.changes:
        return redirect(_url(found, what=what, when=when))
    not_shown = left_out(
        found,
        with_planned(students, actor, when=when, only=what) if found.pasted else (),
        why_not_of("planned"),
        "student.planned",
    )
    seen = {one.student_id for one in page.changes}
    log_reads(
        actor=actor,
        student_ids=list(dict.fromkeys(one.student_id for one in page.changes)),
        what="student.planned",
        filter_codes=f"what={what or 'all'} when={when or 'any'} {found.log_codes}",
    )
    by_key = {one.pk: one for one in within.filter(pk__in=seen)} if seen else {}
    total = page.counts.get(what, 0) if what else sum(page.counts.values())
    context = {
        "found": found,
        "pasted_list": pasted_words(found),
        "not_shown": not_shown,
        "choices": [
            replace(one, without_url=_url(found, what=what, when=when, **{one.part.key: ""}))
            for one in choices_of(found, listed)
        ],
        "rows": rows_of(actor, page.changes, by_key),
        "total": total,
        "outside": capped_count(outside_view(actor, is_whole=True)),
        "kinds": [
            (f"All {sum(page.counts.values()):,}", _url(found, when=when), not what),
            *(
                (
                    f"{one.label} {page.counts.get(one.key, 0):,}",
                    _url(found, what=one.key, when=when),
                    what == one.key,
                )
                for one in SOURCES.values()
                if one.key in page.counts or what == one.key
            ),
        ],
        "days": [(label, _url(found, what=what, when=key), key == when) for key, label in WHEN.items()],
        "what": what,
        "when": when,
        "shown_from": start + 1 if page.changes else 0,
        "first_url": _url(found, what=what, when=when) if start else None,
        "next_url": _url(found, what=what, when=when, after=str(start + PAGE_SIZE)) if page.more else None,
        "page_size": PAGE_SIZE,
    }
    return render(request, "web/students/planned.html", context)


def _url(found: Found, **more: str) -> str:
    return found.address("planned", **{"list": "", **more})


def _start(after: str) -> int:
    return int(after) if after.isascii() and after.isdecimal() and len(after) < 9 else 0


def planned_needs(actor: Actor) -> list[Group]:
    """The lines of home: what is to come within 30 days, and which setting was not recorded on its day. One query."""
    if not actor.may(Capability.CORRECT_RECORD):
        return []
    students: ScopedQuerySet = present_for(actor)
    needs = []
    here = reverse("planned")
    passed, soon = planned_at_home(students, actor)
    if late := passed.get("setting", 0):
        needs.append(
            Need(
                kind="warn",
                label="Program settings not recorded on their day",
                count=late,
                url=f"{here}?what=setting&when={LATE}",
                detail="Something keeps the nightly job from it",
                owner="You",
                step="See why",
            )
        )
    for key, count in soon.items():
        needs.append(
            Need(
                kind="progress",
                label=f"Planned within {plural(SOON.days, 'day')}: {SOURCES[key].label.lower()}",
                count=count,
                url=f"{here}?what={key}&when={WITHIN}",
                detail="Done in the night to its day",
                owner="Whoever planned it",
                step="Show them",
            )
        )
    return [Group("Planned changes", needs, "")] if needs else []


urlpatterns = [path("students/planned", planned, name="planned")]
