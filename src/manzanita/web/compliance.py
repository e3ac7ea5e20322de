"""Compliance: the groups of the state's monitoring reports for each LEA and school, as of any day, with their trend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import include, path
from django.views.decorators.http import require_POST, require_safe

from manzanita.domain.access import Actor, Capability
from manzanita.domain.compliance import GROUP_LABELS, MEASURES, Group, Measure
from manzanita.domain.compliance.words import EXCLUSIONS
from manzanita.domain.years import census_day, last_day
from manzanita.exchange.compliance import (
    NO_SCHOOL,
    TREND_NOW,
    TREND_THEN,
    Asked,
    Counted,
    Wanted,
    count,
    is_too_many,
)
from manzanita.exchange.compliance_runs import ask_count, counted_of, newest_of
from manzanita.exchange.state_reports import sees_whole_lists, state_reports
from manzanita.orgs.queries import agency_names, school_names
from manzanita.platform import clock
from manzanita.web.access import requires
from manzanita.web.compliance_asked import GROUP_KINDS, asked_in, measure_in, page_url, students_url
from manzanita.web.compliance_drawing import trend_of

IN_TIME = (Group.ON_TIME, Group.PENDING, Group.NOT_YET)


@require_safe
@requires(Capability.READ_STUDENT)
def compliance(request: HttpRequest) -> HttpResponse:
    """The four measures, one of them by LEA and school with its trend; each number opens its students."""
    actor = request.actor
    asked, errors = asked_in(request.GET)
    measure = measure_in(request.GET)
    lea = request.GET.get("lea", "")
    newest = None
    if is_too_many(actor):
        newest = newest_of(actor, asked)
        counted = counted_of(newest.made) if newest.made else None
    else:
        counted = count(actor, asked, [measure])
    context: dict[str, Any] = {
        "asked": asked,
        "errors": errors,
        "measure": measure,
        "info": MEASURES[measure],
        "newest": newest,
        "counted": counted,
        "is_ahead": asked.day > clock.today(),
        "is_trend_then": asked.trend == TREND_THEN,
        "quick": _quick(asked, measure),
        "trends": [
            ("As known now", page_url(Asked(asked.day, asked.known_on), measure), asked.trend == TREND_NOW),
            (
                "As known then",
                page_url(Asked(asked.day, asked.known_on, TREND_THEN), measure),
                asked.trend == TREND_THEN,
            ),
        ],
        "whole_lists": sees_whole_lists(actor),
        "lists": state_reports(actor, MEASURES[measure].report)[:3],
    }
    if counted is not None:
        groups = MEASURES[measure].groups
        context |= {
            "tiles": [_tile(counted, asked, one, measure) for one in Measure],
            "heads": [(group, GROUP_KINDS[group], GROUP_LABELS[group]) for group in groups],
            "table": _table(actor, counted, asked, measure, groups, lea),
            "trend": trend_of(counted, measure, groups),
            "excluded": _excluded(counted, asked, measure),
            "doubtful": (
                counted.doubtful[str(measure)],
                students_url(asked, Wanted(measure, "doubt")),
            ),
        }
    return render(request, "web/compliance/page.html", context, status=422 if errors else 200)


@require_POST
@requires(Capability.READ_STUDENT)
def compliance_count(request: HttpRequest) -> HttpResponse:
    """Have a scope counted that is too large to count while the page waits."""
    asked, errors = asked_in(request.POST)
    measure = measure_in(request.POST)
    if not errors and is_too_many(request.actor):
        ask_count(actor=request.actor, asked=asked)
    return redirect(page_url(asked, measure))


def _quick(asked: Asked, measure: Measure) -> list[tuple[str, str, bool]]:
    """Days that are asked for often, as (label, address, is this one)."""
    year = clock.academic_year()
    days = [
        ("Today", clock.today()),
        ("Census Day", census_day(year)),
        ("June 30", last_day(year)),
    ]
    return [
        (label, page_url(Asked(day, asked.known_on, asked.trend), measure), day == asked.day)
        for label, day in days
    ]


def _tile(counted: Counted, asked: Asked, measure: Measure, chosen: Measure) -> dict[str, Any]:
    of_measure = _sums(counted, measure)
    late = of_measure[Group.HELD_LATE]
    return {
        "label": f"{MEASURES[measure].label} · {MEASURES[measure].report}",
        "value": of_measure["nc"],
        "note": f"overdue {of_measure[Group.OVERDUE]:,} · held late {late:,}",
        "kind": "fatal" if of_measure["nc"] else "warn" if of_measure[Group.OVERDUE] + late else "ok",
        "url": page_url(asked, measure),
        "is_current": measure is chosen,
    }


def _sums(counted: Counted, measure: Measure, lea: str = "", school: str | None = None) -> Counter[str]:
    """Counts by group, with ``nc`` for the non-compliant and ``all`` for everybody."""
    sums: Counter[str] = Counter()
    for cells, name in ((counted.cells, None), (counted.noncompliant, "nc")):
        for (told, at_lea, at_school, group), number in cells.items():
            if told != measure or (lea and at_lea != lea) or (school is not None and at_school != school):
                continue
            sums[name or group] += number
            if name is None:
                sums["all"] += number
    return sums


def _table(
    actor: Actor,
    counted: Counted,
    asked: Asked,
    measure: Measure,
    groups: Sequence[Group],
    lea: str,
) -> dict[str, Any]:
    places = sorted({key[1:3] for key in counted.cells if key[0] == measure})
    leas = sorted({one for one, _ in places})
    agencies, schools = agency_names(leas), school_names({school for _, school in places if school})
    by_lea = len(leas) > 1
    rows = []
    for code in sorted(leas, key=lambda one: agencies.get(one, one)):
        if by_lea:
            is_open = code == lea
            rows.append(
                _row(counted, asked, measure, groups, agencies.get(code, code), code, None)
                | {
                    "is_lea": True,
                    "is_open": is_open,
                    "open_url": page_url(asked, measure, lea="" if is_open else code),
                }
            )
            if not is_open:
                continue
        of_lea = [school for at, school in places if at == code]
        for school in sorted(of_lea, key=lambda one: schools.get(one, one)):
            label = schools.get(school, school) or "No enrollment on the day"
            rows.append(_row(counted, asked, measure, groups, label, code, school))
    return {
        "by_lea": by_lea,
        "place": "LEA" if by_lea else "School",
        "rows": rows,
        "total": _row(counted, asked, measure, groups, "Total", "", None),
    }


def _row(
    counted: Counted,
    asked: Asked,
    measure: Measure,
    groups: Sequence[Group],
    label: str,
    lea: str,
    school: str | None,
) -> dict[str, Any]:
    sums = _sums(counted, measure, lea, school)

    def url(group: str) -> str:
        place = "" if school is None else school or NO_SCHOOL
        return students_url(asked, Wanted(measure, group, lea, place))

    judged = sums["all"] - sums[Group.NO_MEETING]
    return {
        "label": label,
        "is_lea": False,
        "cells": [(sums[group], url(group), GROUP_LABELS[group]) for group in groups],
        "nc": (sums["nc"], url("nc")),
        "all": (sums["all"], url("")),
        "in_time": f"{100 * sum(sums[one] for one in IN_TIME) / judged:.1f}%" if judged else "",
    }


def _excluded(counted: Counted, asked: Asked, measure: Measure) -> list[tuple[str, int, str]]:
    """Why students with a special education record are not counted: words, how many, their list."""
    found = [(reason, number) for (told, reason), number in counted.excluded.items() if told == measure]
    return [
        (
            EXCLUSIONS[reason][0],
            number,
            students_url(asked, Wanted(measure, Group.NOT_COUNTED, reason=reason)),
        )
        for reason, number in sorted(found, key=lambda one: -one[1])
    ]


urlpatterns = [
    path("compliance", compliance, name="compliance"),
    path("compliance/count", compliance_count, name="compliance_count"),
    path("", include("manzanita.web.compliance_students")),
    path("", include("manzanita.web.compliance_state")),
]
