"""The students of one group, each with the steps that put the student there."""

from __future__ import annotations

from datetime import date
from secrets import token_urlsafe
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.compliance import GROUP_LABELS, MEASURES, Group, Judged, explain
from manzanita.domain.compliance.words import EXCLUSIONS
from manzanita.domain.export_limits import LARGE_EXPORT
from manzanita.exchange.compliance import NO_SCHOOL, Asked, Found, TooMany, Wanted, find
from manzanita.orgs.queries import agency_names, school_names
from manzanita.students.listing import list_rows
from manzanita.students.scope import visible_to
from manzanita.web.access import requires
from manzanita.web.compliance_asked import (
    GROUP_KINDS,
    ComplianceList,
    asked_in,
    group_label,
    page_url,
    said_days,
    students_url,
    wanted_in,
)
from manzanita.web.students_words import grade_text

PAGE_SIZE = 50


@require_safe
@requires(Capability.READ_STUDENT)
def compliance_students(request: HttpRequest) -> HttpResponse:
    """One page of the students of a group, the longest due first."""
    actor = request.actor
    asked, errors = asked_in(request.GET)
    wanted = wanted_in(request.GET)
    try:
        found: Found = find(actor, asked, wanted) if not errors else {}
        is_too_large = False
    except TooMany:
        found, is_too_large = {}, True
    ordered = sorted(found, key=lambda pk: (found[pk][0].due_on or date.max, pk))
    number = request.GET.get("page", "1")
    page = int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else 1
    start = (max(page, 1) - 1) * PAGE_SIZE
    shown = ordered[start : start + PAGE_SIZE]
    if start and not shown:
        # The list has become shorter since its page was linked: the first page says what is in it.
        return redirect(students_url(asked, wanted))
    rows = rows_of(actor, {pk: found[pk] for pk in shown}, asked)
    log_reads(
        actor=actor,
        student_ids=[row["id"] for row in rows],
        what="compliance.list",
        filter_codes=filter_codes(asked, wanted),
    )
    listed = ComplianceList(asked, wanted)
    context = {
        "asked": asked,
        "errors": errors,
        "wanted": wanted,
        "info": MEASURES[wanted.measure],
        "title": _title(wanted),
        "place": _place(wanted),
        "days": said_days(asked),
        "rows": rows,
        "count": len(found),
        "is_too_large": is_too_large,
        "is_not_counted": wanted.group == Group.NOT_COUNTED,
        "back_url": page_url(asked, wanted.measure, lea=wanted.lea_code),
        "groups": _groups(asked, wanted),
        "list_key": listed.key if not wanted.reason else "",
        "is_large": len(found) > LARGE_EXPORT,
        "ask_key": token_urlsafe(12),
        "first_url": students_url(asked, wanted) if start else None,
        "next_url": students_url(asked, wanted, page=page + 1) if len(ordered) > start + PAGE_SIZE else None,
        "page_size": PAGE_SIZE,
    }
    return render(request, "web/compliance/students.html", context, status=422 if errors else 200)


def filter_codes(asked: Asked, wanted: Wanted) -> str:
    """How the list was cut, for the read log: codes and days, nothing of a student."""
    told = {
        "measure": wanted.measure,
        "group": wanted.group or "all",
        "lea": wanted.lea_code,
        "school": wanted.school_code,
        "reason": wanted.reason,
        "on": asked.day.isoformat(),
        "known": asked.known_on.isoformat() if asked.known_on else "",
    }
    return " ".join(f"{name}={value}" for name, value in told.items() if value)


def rows_of(actor: Actor, found: Found, asked: Asked) -> list[dict[str, Any]]:
    """The lines of these students, in their order; six queries for any number of them."""
    students = {one.pk: one for one in visible_to(actor).filter(pk__in=list(found))}
    lines = list_rows([students[pk] for pk in found if pk in students], actor)
    schools = school_names({found[one.student.pk][0].school_code for one in lines} - {""})
    rows = []
    for line in lines:
        judged, facts = found[line.student.pk]
        rows.append(
            {
                "id": line.student.pk,
                "url": reverse("student", args=[line.student.public_id]),
                "name": f"{line.student.last_name}, {line.student.first_name}",
                "ssid": line.ssid,
                "grade": grade_text(judged.enrollment.grade_code) if judged.enrollment else "",
                "school": schools.get(judged.school_code, judged.school_code),
                "kind": GROUP_KINDS[judged.group],
                "group": GROUP_LABELS[judged.group],
                "due_on": judged.due_on,
                "delay": _delay(judged),
                "is_noncompliant": judged.is_noncompliant,
                "why": explain(judged, facts, asked.day),
            }
        )
    return rows


def _delay(judged: Judged) -> str:
    """The delay code that the state has: of the pending record where it is overdue, else of the meeting."""
    one = judged.pending if judged.group is Group.OVERDUE else judged.last
    return one.delay_code if one is not None and one.is_reported else ""


def _title(wanted: Wanted) -> str:
    label = group_label(wanted.group)
    if wanted.reason:
        return f"{label}: {EXCLUSIONS[wanted.reason][0].rstrip('.').lower()}"
    return label


def _place(wanted: Wanted) -> str:
    if wanted.school_code == NO_SCHOOL:
        return "Enrolled nowhere on the day"
    if wanted.school_code:
        return school_names({wanted.school_code}).get(wanted.school_code, wanted.school_code)
    if wanted.lea_code:
        return agency_names({wanted.lea_code}).get(wanted.lea_code, wanted.lea_code)
    return ""


def _groups(asked: Asked, wanted: Wanted) -> list[tuple[str, str, bool]]:
    keys = [*MEASURES[wanted.measure].groups, "nc", "doubt", Group.NOT_COUNTED, ""]
    return [
        (
            group_label(key),
            students_url(asked, Wanted(wanted.measure, key, wanted.lea_code, wanted.school_code)),
            key == wanted.group,
        )
        for key in keys
    ]


urlpatterns = [path("compliance/students", compliance_students, name="compliance_students")]
