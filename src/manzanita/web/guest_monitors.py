"""State monitors: who may read which students until when, and what they looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from manzanita.accounts.access_refusals import NotGiven, refusal
from manzanita.accounts.guest_queries import (
    MONITOR,
    is_over,
    may_give,
    monitor_grants,
    named_counts,
    named_ids,
)
from manzanita.accounts.models import Grant
from manzanita.accounts.monitor_actions import (
    end_access,
    give_monitor_access,
    name_students,
    reasons_not_to_give_monitor,
    unname_student,
)
from manzanita.auditing.actions import log_reads
from manzanita.auditing.queries import look_counts
from manzanita.domain.access import Actor, Capability
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.platform import clock
from manzanita.students.by_name import by_name
from manzanita.students.listing import list_rows
from manzanita.students.scope import visible_to
from manzanita.ui.formats import plural
from manzanita.web.access import requires
from manzanita.web.form_days import day_of
from manzanita.web.guest_looks import looks_page
from manzanita.web.guest_words import tell_refusals
from manzanita.web.invitations import invite
from manzanita.web.people_forms import tabs
from manzanita.web.student_picker import Picked, of_public_ids, pick

LONGEST_DAYS = PERSPECTIVES[MONITOR].longest_days or 0
FIELDS = ("name", "email", "starts_on", "ends_on", "reason", "find", "ssids")


@require_safe
@requires(Capability.MANAGE_PEOPLE)
def monitors(request: HttpRequest) -> HttpResponse:
    """Every access that the district gave to a state monitor, those that stand first."""
    rows = _rows(list(monitor_grants(request.actor)))
    rows.sort(key=lambda row: row["is_over"])
    context = {
        "tabs": tabs(request.actor, "monitors"),
        "rows": rows,
        "may_give": may_give(request.actor, MONITOR),
        "longest_days": LONGEST_DAYS,
    }
    return render(request, "web/guests/monitors.html", context)


def _rows(grants: Sequence[Grant]) -> list[dict[str, Any]]:
    """One line for each access, for two queries."""
    named = named_counts(grant.pk for grant in grants)
    looks = look_counts({grant.user_id for grant in grants}, [grant.pk for grant in grants])
    rows = []
    for grant in grants:
        over, waits = is_over(grant), grant.starts_on > clock.today()
        rows.append(
            {
                "grant": grant,
                "is_over": over,
                "kind": "na" if over else "empty" if waits else "ok",
                "word": "Ended" if over else "Not begun" if waits else "In force",
                "students": named.get(grant.pk, 0),
                "looks": looks.get(grant.pk, 0),
            }
        )
    return rows


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.MANAGE_PEOPLE)
def monitor_new(request: HttpRequest) -> HttpResponse:
    """Name the monitor, the period and the students; look at what it gives; give it."""
    today = clock.today()
    if request.method != "POST":
        values = {
            **dict.fromkeys(FIELDS, ""),
            "starts_on": today.isoformat(),
            "ends_on": (today + timedelta(days=30)).isoformat(),
        }
        context = {"values": values, "picked": None, "reasons": [], "is_checked": False}
        return render(request, "web/guests/monitor_new.html", context | _limits(request.actor))
    values = {key: request.POST.get(key, "").replace("\0", "").strip() for key in FIELDS}
    picked = pick(request.actor, request.POST)
    log_reads(actor=request.actor, student_ids=picked.shown_ids, what="monitor.pick")
    do = request.POST.get("do", "")
    asked: dict[str, Any] = {
        "email": values["email"],
        "name": values["name"],
        "starts_on": day_of(values["starts_on"]),
        "ends_on": day_of(values["ends_on"]),
        "reason": values["reason"],
        "student_ids": picked.student_ids,
    }
    if do == "give" and not picked.error:
        try:
            grant = give_monitor_access(actor=request.actor, **asked)
        except NotGiven as refused:
            return _form(request, values, picked, list(refused.reasons), is_checked=False)
        invite(request, [grant.user])
        messages.success(request, f"{grant.user.name} may read {_students(len(asked['student_ids']))} now.")
        return redirect("monitor", grant.pk)
    reasons = reasons_not_to_give_monitor(actor=request.actor, **asked) if do == "check" else []
    return _form(request, values, picked, reasons, is_checked=do == "check" and not reasons)


def _form(
    request: HttpRequest, values: dict[str, str], picked: Picked, reasons: list, *, is_checked: bool
) -> HttpResponse:
    # What was pasted is chosen now, and stands in the list.
    values = {**values, "ssids": "" if not picked.error else values["ssids"]}
    context = {
        "values": values,
        "picked": picked,
        "reasons": reasons,
        "is_checked": is_checked and not picked.error,
        "starts": day_of(values["starts_on"]),
        "ends": day_of(values["ends_on"]),
    }
    return render(
        request,
        "web/guests/monitor_new.html",
        context | _limits(request.actor),
        status=422 if reasons or picked.error else 200,
    )


def _limits(actor: Actor) -> dict[str, Any]:
    return {"tabs": tabs(actor, "monitors"), "longest_days": LONGEST_DAYS, "today": clock.today()}


def _students(count: int) -> str:
    return plural(count, "student")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.MANAGE_PEOPLE)
def monitor(request: HttpRequest, pk: int) -> HttpResponse:
    """One access: its students, which can be added and taken out, its end, and every look."""
    grant = monitor_grants(request.actor).filter(pk=pk).first()
    if grant is None:
        raise Http404("no such access in this scope")
    picked = None
    if request.method == "POST":
        if request.POST.get("do") != "find":
            try:
                messages.success(request, _change(request, grant))
            except NotGiven as refused:
                tell_refusals(request, refused.reasons)
            return redirect("monitor", pk)
        picked = pick(request.actor, request.POST)
        log_reads(actor=request.actor, student_ids=picked.shown_ids, what="monitor.pick")
    named = named_ids(grant)
    students = by_name(visible_to(request.actor).filter(pk__in=named))
    rows = list_rows(list(students), request.actor)
    log_reads(actor=request.actor, student_ids=[row.student.pk for row in rows], what="monitor.students")
    context = {
        "tabs": tabs(request.actor, "monitors"),
        "row": _rows([grant])[0],
        "grant": grant,
        "rows": rows,
        "out_of_scope": len(named) - len(rows),
        "picked": picked,
        "find": request.POST.get("find", ""),
        "may_change": may_give(request.actor, MONITOR) and not is_over(grant),
        "looks": looks_page(request, grant.user_id, [grant.pk]),
    }
    return render(request, "web/guests/monitor.html", context)


def _change(request: HttpRequest, grant: Grant) -> str:
    """Add or take out students, or end the access; what was done, in words. Raises ``NotGiven``."""
    actor, do = request.actor, request.POST.get("do", "")
    if do == "end":
        done = end_access(actor=actor, grant=grant)
        return f"Ended: {grant.user.name} reads nothing any more." if done else "It had ended already."
    if do == "remove":
        student = of_public_ids(actor, [request.POST.get("student", "")]).first()
        if student is None:
            raise Http404("no such student in this scope")
        unname_student(actor=actor, grant=grant, student_id=student.pk)
        return f"{student.full_name} is not open to {grant.user.name} any more."
    picked = pick(actor, request.POST)
    if picked.error:
        raise NotGiven([refusal("too-many", f"Nobody was added. {picked.error}", "Add fewer at a time.")])
    count = name_students(actor=actor, grant=grant, student_ids=picked.student_ids)
    left_out = (
        f" Left out: {', '.join(f'{word} ({why})' for word, why in picked.not_found[:20])}."
        if (picked.not_found)
        else ""
    )
    return f"{_students(count)} added.{left_out}"


urlpatterns = [
    path("admin/monitors", monitors, name="monitors"),
    path("admin/monitors/new", monitor_new, name="monitor_new"),
    path("admin/monitors/<int:pk>", monitor, name="monitor"),
]
