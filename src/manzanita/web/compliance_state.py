"""The state's lists 16.21, 16.25 and 16.26: taken in as files, and laid beside our own groups student by student."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_safe

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.compliance import (
    DIFFERENCE_LABELS,
    GROUP_LABELS,
    MEASURES,
    REPORTS,
    Difference,
    Group,
    Measure,
    NotAReport,
    Pair,
    Problem,
    explain,
)
from manzanita.domain.dates import iso_day
from manzanita.domain.findings import Owner
from manzanita.exchange.compliance import Asked, Wanted
from manzanita.exchange.models import StateReport
from manzanita.exchange.state_reports import (
    Compared,
    compare,
    get_state_report,
    is_too_many_for,
    sees_whole_lists,
    state_reports,
    upload_report,
    why_not_at_state,
)
from manzanita.platform import clock
from manzanita.ui.formats import us_date
from manzanita.web.access import requires
from manzanita.web.compliance_asked import GROUP_KINDS, asked_in, page_url, students_url
from manzanita.web.state_lines import name_of, student_names

LARGEST_UPLOAD_BYTES = 50 * 1024 * 1024
PAGE_SIZE = 50
REPORT_LABELS = {
    "16.21": "16.21 Overdue plan review and reevaluation meetings",
    "16.25": "16.25 Initial Part B evaluation, 60 days",
    "16.26": "16.26 Initial Part C to B transition",
}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.SEND_TO_STATE)
def compliance_state(request: HttpRequest) -> HttpResponse:
    """The lists taken in so far, and the form that takes in one more."""
    problems: Sequence[Problem] = ()
    if request.method == "POST":
        try:
            return _upload(request)
        except NotAReport as refused:
            problems = refused.problems
    chosen = request.POST.get("report", "") or request.GET.get("report", "")
    reports = state_reports(request.actor)
    people = user_names({one.by_id for one in reports})
    context = {
        "problems": problems,
        "report": chosen if chosen in REPORTS else "",
        "as_of": request.POST.get("as_of", ""),
        "report_labels": list(REPORT_LABELS.items()),
        "rows": [(one, REPORT_LABELS[one.report], people.get(one.by_id, "")) for one in reports],
        "sees_whole": sees_whole_lists(request.actor),
        "today": clock.today(),
    }
    return render(request, "web/compliance/state.html", context, status=422 if problems else 200)


def _upload(request: HttpRequest) -> HttpResponse:
    given, report = request.FILES.get("file"), request.POST.get("report", "")
    if report not in REPORTS:
        raise NotAReport([Problem(0, "Report", "No report is chosen.", "Choose which of the three it is.")])
    try:
        as_of_on = iso_day(request.POST.get("as_of", ""))
    except ValueError:
        raise NotAReport(
            [Problem(0, "As of", "This is no day.", "Give the day that the state printed on its report.")]
        ) from None
    if given is None:
        raise NotAReport(
            [Problem(0, "File", "No file came with the form.", "Choose the CSV file of the report.")]
        )
    if (given.size or 0) > LARGEST_UPLOAD_BYTES:
        raise NotAReport(
            [Problem(0, "File", "The file is larger than 50 MB.", "Export one agency and one report.")]
        )
    stored, is_new = upload_report(
        actor=request.actor, report=report, as_of_on=as_of_on, name=given.name or "", data=given.read()
    )
    if not is_new:
        messages.info(request, "This file was taken in before, for the same day. Nothing was stored twice.")
    return redirect("compliance_compare", stored.public_id)


@require_safe
@requires(Capability.READ_STUDENT)
def compliance_compare(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One list of the state beside our groups of its day: counts, and who differs and why."""
    actor = request.actor
    report = get_state_report(actor, public_id)
    asked, errors = asked_in(request.GET)
    measures = REPORTS[report.report]
    measure = _measure(request, measures)
    context: dict[str, Any] = {
        "report": report,
        "label": REPORT_LABELS[report.report],
        "info": MEASURES[measure],
        "errors": errors,
        "asked": Asked(report.as_of_on, asked.known_on),
        "measures": [
            (MEASURES[one].label, f"?measure={one}", one is measure) for one in measures if len(measures) > 1
        ],
        "refused": "",
    }
    if not sees_whole_lists(actor):
        return render(request, "web/compliance/compare.html", {**context, "refused": "scope"}, status=403)
    if is_too_many_for(actor, report):
        return render(request, "web/compliance/compare.html", {**context, "refused": "size"}, status=403)
    compared = compare(actor, report, measure, asked.known_on)
    chosen = _difference(request, compared)
    wanted_group = request.GET.get("group", "")
    pairs = [
        pair
        for pair in compared.of(chosen)
        if not wanted_group or wanted_group in (_ours(pair), _theirs(pair))
    ]
    number = request.GET.get("page", "1")
    page = max(int(number), 1) if number.isascii() and number.isdecimal() and len(number) < 6 else 1
    shown = pairs[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    rows = _rows(actor, compared, shown, report, chosen)
    log_reads(
        actor=actor,
        student_ids=[row["id"] for row in rows if row["url"]],
        what="compliance.compare",
        filter_codes=f"report={report.report} measure={measure} on={report.as_of_on} difference={chosen}",
    )
    keep = f"measure={measure}" + (f"&known={asked.known_on}" if asked.known_on else "")
    context |= {
        "compared": compared,
        "counts": [
            (
                one,
                GROUP_KINDS[one.group],
                GROUP_LABELS[one.group],
                students_url(context["asked"], Wanted(measure, one.group)),
            )
            for one in compared.counts
        ],
        "tabs": [
            (
                f"{DIFFERENCE_LABELS[one]} {len(compared.of(one)):,}",
                f"?{keep}&difference={one}",
                one is chosen,
            )
            for one in Difference
        ],
        "chosen": DIFFERENCE_LABELS[chosen],
        "rows": rows,
        "count": len(pairs),
        "page_url": page_url(context["asked"], measure),
        "first_url": f"?{keep}&difference={chosen}" if page > 1 else None,
        "next_url": f"?{keep}&difference={chosen}&page={page + 1}" if len(pairs) > page * PAGE_SIZE else None,
    }
    return render(request, "web/compliance/compare.html", context, status=422 if errors else 200)


def _measure(request: HttpRequest, measures: Sequence[Measure]) -> Measure:
    asked = request.GET.get("measure", "") or measures[0]
    found = next((one for one in measures if one == asked), None)
    if found is None:
        raise Http404("no such measure in this report")
    return found


def _difference(request: HttpRequest, compared: Compared) -> Difference:
    """The one that is asked for; else the first that has anybody."""
    asked = request.GET.get("difference", "")
    if asked:
        try:
            return Difference(asked)
        except ValueError:
            raise Http404("no such difference") from None
    return next((one for one in Difference if compared.of(one)), Difference.SAME)


def _ours(pair: Pair) -> str:
    return str(pair.judged.group) if pair.judged else ""


def _theirs(pair: Pair) -> str:
    return str(pair.row.group) if pair.row else ""


def _rows(
    actor: Actor, compared: Compared, pairs: Sequence[Pair], report: StateReport, chosen: Difference
) -> list[dict[str, Any]]:
    ids = [pair.student_id for pair in pairs if pair.student_id is not None]
    people = student_names(actor, ids)
    holding = why_not_at_state(ids) if chosen is not Difference.SAME else {}
    rows = []
    for pair in pairs:
        person = people.get(pair.student_id or 0)
        rows.append(
            {
                "id": pair.student_id,
                "url": reverse("student", args=[person.student.public_id]) if person else "",
                "state_url": f"{reverse('student', args=[person.student.public_id])}?tab=state"
                if person
                else "",
                "name": name_of(person) if person else "",
                "ssid": person.ssid if person else (pair.row.ssid if pair.row else ""),
                "ours": _look(pair.judged.group) if pair.judged else ("na", "Nobody here"),
                "is_noncompliant": pair.judged is not None and pair.judged.is_noncompliant,
                "theirs": (GROUP_KINDS[pair.row.group], pair.row.category)
                if pair.row
                else ("na", "Not listed"),
                "delay": pair.row.delay_code if pair.row else "",
                "last_ours": pair.judged.last.held_on if pair.judged and pair.judged.last else None,
                "last_theirs": pair.row.last_on if pair.row else None,
                "why": _why(pair, compared, report, holding.get(pair.student_id or 0, [])),
            }
        )
    return rows


def _look(group: Group) -> tuple[str, str]:
    return GROUP_KINDS[group], GROUP_LABELS[group]


def _why(pair: Pair, compared: Compared, report: StateReport, holding: list[str]) -> list[str]:
    """Our steps, what keeps the state from knowing them, and what remains to be looked at."""
    if pair.student_id is None or pair.judged is None:
        return [
            "Nobody within your reach has this SSID as a student of this agency: the student is new, has another "
            "SSID here, or left before last year.",
            f"Look the SSID up, and compare it with the SIS. Owner: {Owner.COORDINATOR}.",
        ]
    said = list(explain(pair.judged, compared.facts[pair.student_id], report.as_of_on))
    if pair.difference is Difference.SAME:
        return said
    said += holding
    ours, theirs = (
        pair.judged.last.held_on if pair.judged.last else None,
        pair.row.last_on if pair.row else None,
    )
    if ours and theirs and ours != theirs:
        said.append(f"The last meeting is {us_date(ours)} here and {us_date(theirs)} in the state's list.")
    if not holding:
        said.append(
            "Nothing of this student waits to be sent now. The state's list may be older than the last send, or its "
            f"enrollment or status may differ: look at the student's state page. Owner: {Owner.COORDINATOR}."
        )
    return said


urlpatterns = [
    path("compliance/state", compliance_state, name="compliance_state"),
    path("compliance/state/<uuid:public_id>", compliance_compare, name="compliance_compare"),
]
