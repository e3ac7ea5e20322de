"""A student who is out of one's scope: is there a record, asking its LEA for it, and that LEA's answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from secrets import token_urlsafe
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from manzanita.accounts.access_refusals import NotGiven
from manzanita.accounts.guest_queries import (
    REQUESTED,
    is_over,
    may_give,
    own_record_requests,
    record_requests,
)
from manzanita.accounts.models import RecordRequest
from manzanita.accounts.record_request_actions import grant_record, refuse_record, request_record
from manzanita.arrivals.queries import open_arrivals
from manzanita.auditing.actions import log_change, log_reads
from manzanita.auditing.queries import looks_through, times_done
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.orgs.models import Agency
from manzanita.orgs.queries import agency_names
from manzanita.platform import clock
from manzanita.students.exact_search import lea_of, student_named, student_with_ssid
from manzanita.students.former import facts_for
from manzanita.students.models import Student
from manzanita.students.queries import is_visible
from manzanita.students.scope import visible_to
from manzanita.web.access import requires
from manzanita.web.form_days import day_of
from manzanita.web.guest_words import tell_refusals
from manzanita.web.people_forms import tabs
from manzanita.web.state_lines import student_names
from manzanita.web.students_words import READ_WORDS

ASKED_PER_DAY = 10
# An office that enters students asks for each of them; in August that is dozens on one day.
ASKED_PER_DAY_AT_THE_OFFICE = 150
FOUND_KEPT = 10
SESSION_KEY = "found_elsewhere"
EXACT_SEARCH = "exact-search"
LONGEST_DAYS = PERSPECTIVES[REQUESTED].longest_days or 0
FIELDS = ("ssid", "first", "last", "born")
STATES = {
    "asked": ("held", "Waits for the LEA"),
    "granted": ("ok", "Open"),
    "refused": ("declined", "Refused"),
}


def may_ask(actor: Actor) -> bool:
    """Whoever works with students of their own may ask whether another LEA has a record; guests may not."""
    return (
        actor.may(Capability.READ_STUDENT)
        and not actor.is_read_only
        and actor.perspective.scope is not Scope.NAMED
    )


def may_transfer(actor: Actor) -> bool:
    """A district asks for students; its SELPA does not."""
    return actor.may(Capability.TRANSFER_STUDENT) and actor.perspective.scope is Scope.AGENCY


def asked_today(actor: Actor) -> int:
    midnight = datetime.combine(clock.today(), time(), tzinfo=clock.CALIFORNIA)
    return times_done(EXACT_SEARCH, actor.user_id, midnight)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.READ_STUDENT)
def search_elsewhere(request: HttpRequest) -> HttpResponse:
    """Ask with an exact SSID, or exact legal name and birth date. A wrong one and one that is none look the same."""
    actor = request.actor
    if not may_ask(actor):
        raise Http404("guests do not ask")
    values = {key: request.POST.get(key, "").replace("\0", "").strip()[:255] for key in FIELDS}
    context: dict[str, Any] = {"values": values, "error": "", "most": questions_per_day(actor)}
    if request.method != "POST":
        return render(request, "web/guests/elsewhere.html", context | {"left": questions_left(actor)})
    known = _within_reach(actor, values)
    if known is not None:
        log_reads(actor=actor, student_ids=[known.pk], what="student.elsewhere")
        return render(request, "web/guests/elsewhere_here.html", _here(actor, known))
    left = questions_left(actor)
    if not left:
        return render(request, "web/guests/elsewhere.html", context | {"left": 0}, status=429)
    ssid, name = _asked(values)
    if ssid:
        problem = "" if re.fullmatch(r"[0-9]{10}", ssid) else "An SSID has ten digits."
    else:
        words = "Enter the SSID, or legal first name, legal last name and birth date, all three."
        problem = "" if name else words
    if problem:
        return render(
            request, "web/guests/elsewhere.html", context | {"error": problem, "left": left}, status=422
        )
    student_id, agency = look_outside(actor, ssid=ssid, name=name)
    answer = {
        "agency": None,
        "token": "",
        "left": left - 1,
        "mine": False,
        "may_transfer": may_transfer(actor),
    }
    if student_id is not None and agency is not None:
        is_mine = actor.agency_code == agency.code
        answer |= {"agency": agency, "token": keep_found(request, student_id, agency.pk), "mine": is_mine}
    return render(request, "web/guests/elsewhere_answer.html", answer)


def _asked(values: Mapping[str, str]) -> tuple[str, tuple[str, str, date] | None]:
    """The SSID without blanks, or else name and birth date where all three are given."""
    ssid, born = re.sub(r"[\s-]", "", values["ssid"]), day_of(values["born"])
    is_named = not ssid and values["first"] and values["last"] and born
    return ssid, (values["first"], values["last"], born) if is_named and born else None


def _within_reach(actor: Actor, values: Mapping[str, str]) -> Student | None:
    """Whoever is meant, where the actor has the record anyway: nothing is asked outside, so no question is counted."""
    ssid, name = _asked(values)
    student_id = student_with_ssid(ssid) if ssid else student_named(*name) if name else None
    return visible_to(actor).filter(pk=student_id).first() if student_id is not None else None


def _here(actor: Actor, student: Student) -> dict[str, Any]:
    """What is next for a student whose record is here: the open arrival, and where another district has the student
    too, the transfer."""
    arrival = open_arrivals(actor).filter(student=student).first()
    still = facts_for(actor, student).still_at(clock.today(), actor.agency_code)
    holder = agency_names({still} - {""}).get(still, "") if may_transfer(actor) else ""
    return {
        "student": student,
        "arrival": arrival if actor.may(Capability.CORRECT_RECORD) else None,
        "holder": holder,
    }


def look_outside(
    actor: Actor, *, ssid: str, name: tuple[str, str, date] | None
) -> tuple[int | None, Agency | None]:
    """Whose record has exactly this SSID, or else exactly this legal name and birth date, and the agency to ask. The
    question is logged and counts, whatever comes out; the caller has seen that one is left."""
    student_id = student_with_ssid(ssid) if ssid else None
    if student_id is None and name is not None:
        student_id = student_named(*name)
    agency = Agency.objects.filter(code=lea_of(student_id or 0)).first()
    is_found = student_id is not None and agency is not None
    log_change(
        actor=actor,
        action=EXACT_SEARCH,
        student_id=student_id if is_found else None,
        detail={"by": "ssid" if ssid else "name", "found": is_found},
    )
    return student_id, agency


def questions_per_day(actor: Actor) -> int:
    """How often one person may ask on a day, so that nobody can find out by trying who is a student."""
    return ASKED_PER_DAY_AT_THE_OFFICE if actor.may(Capability.ENTER_STUDENT) else ASKED_PER_DAY


def questions_left(actor: Actor) -> int:
    return max(0, questions_per_day(actor) - asked_today(actor))


def keep_found(request: HttpRequest, student_id: int, agency_id: int) -> str:
    """Remember in the session who was found, so that the page and its address say nothing of it."""
    token = token_urlsafe(6)
    kept = [*request.session.get(SESSION_KEY, {}).items(), (token, [student_id, agency_id])]
    request.session[SESSION_KEY] = dict(kept[-FOUND_KEPT:])
    return token


@require_POST
@requires(Capability.READ_STUDENT)
def ask_for_record(request: HttpRequest) -> HttpResponse:
    """Ask the LEA of a record that was just found for it."""
    token, reason = request.POST.get("token", ""), request.POST.get("reason", "").replace("\0", "")
    found = request.session.get(SESSION_KEY, {}).get(token)
    if found is None or not may_ask(request.actor):
        messages.error(request, "Not asked: that answer is no longer kept. Ask for the record again. (You)")
        return redirect("search_elsewhere")
    student_id, agency_id = found
    agency = Agency.objects.get(pk=agency_id)
    try:
        request_record(actor=request.actor, agency=agency, student_id=student_id, reason=reason)
    except NotGiven as refused:
        tell_refusals(request, refused.reasons)
        answer = {"agency": agency, "token": token, "left": questions_left(request.actor), "mine": False}
        answer |= {"may_transfer": may_transfer(request.actor)}
        return render(request, "web/guests/elsewhere_answer.html", answer, status=422)
    messages.success(
        request, f"Asked. The SEDS coordinator of {agency.name} decides, and their answer stands here."
    )
    return redirect("own_requests")


@require_safe
@requires(Capability.READ_STUDENT)
def own_requests(request: HttpRequest) -> HttpResponse:
    """What one asked other LEAs for. No student is named: until it is open, only the LEA knows whose record it is."""
    rows = list(own_record_requests(request.actor.user_id)[:100])
    grants = {grant.pk: grant for grant in request.available_grants}
    opened = {
        (grant.perspective_key, grant.agency_id): grant.pk
        for grant in grants.values()
        if grant.perspective_key == REQUESTED
    }
    context = {
        "rows": [
            {
                "one": one,
                "state": _state(one),
                "grant_id": opened.get((REQUESTED, one.agency_id)) if _state(one)[0] == "ok" else None,
            }
            for one in rows
        ],
        "may_ask": may_ask(request.actor),
    }
    return render(request, "web/guests/own_requests.html", context)


def _state(one: RecordRequest) -> tuple[str, str]:
    if one.state == "granted" and one.grant is not None and is_over(one.grant):
        return ("na", "Ended")
    return STATES[one.state]


@require_safe
@requires(Capability.MANAGE_PEOPLE)
def requests_list(request: HttpRequest) -> HttpResponse:
    """What others ask of the district, those that wait first."""
    found = list(record_requests(request.actor)[:200])
    people = student_names(request.actor, [one.student_id for one in found])
    shown = [one for one in found if one.student_id in people]
    log_reads(actor=request.actor, student_ids=[one.student_id for one in shown], what="request.list")
    rows = [{"one": one, "state": _state(one), "student": people[one.student_id].student} for one in shown]
    rows.sort(key=lambda row: row["one"].state != "asked")
    return render(
        request, "web/guests/requests.html", {"tabs": tabs(request.actor, "monitors"), "rows": rows}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.MANAGE_PEOPLE)
def request_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One request: grant it for some days, or refuse it with a word; afterwards what was looked at."""
    one = record_requests(request.actor).filter(pk=pk).first()
    if one is None or not is_visible(request.actor, one.student_id):
        raise Http404("no such request in this scope")
    if request.method == "POST":
        return _answer(request, one)
    student = visible_to(request.actor).get(pk=one.student_id)
    log_reads(actor=request.actor, student_ids=[one.student_id], what="request")
    looks = []
    if one.grant_id is not None:
        looks = looks_through(one.asked_by_id, [one.grant_id], student_id=one.student_id)
    context = {
        "tabs": tabs(request.actor, "monitors"),
        "one": one,
        "state": _state(one),
        "student": student,
        "looks": looks,
        "read_words": READ_WORDS,
        "longest_days": LONGEST_DAYS,
        "may_decide": may_give(request.actor, REQUESTED) and one.state == "asked",
    }
    return render(request, "web/guests/request.html", context)


def _answer(request: HttpRequest, one: RecordRequest) -> HttpResponse:
    answer = request.POST.get("answer", "").replace("\0", "")
    days = request.POST.get("days", "")
    try:
        if request.POST.get("do") == "grant":
            days_asked = int(days) if days.isdecimal() and len(days) < 4 else 0
            granted = grant_record(actor=request.actor, request=one, days=days_asked, answer=answer)
            messages.success(
                request, f"{granted.asked_by.name} may read this record, and nothing else of the district."
            )
        elif request.POST.get("do") == "refuse":
            refuse_record(actor=request.actor, request=one, answer=answer)
            messages.success(request, "Refused.")
        else:
            messages.error(request, "Nothing was changed: choose what to answer.")
    except NotGiven as refused:
        tell_refusals(request, refused.reasons)
    return redirect(reverse("record_request", args=[one.pk]))


urlpatterns = [
    path("students/elsewhere", search_elsewhere, name="search_elsewhere"),
    path("students/elsewhere/ask", ask_for_record, name="ask_for_record"),
    path("requests", own_requests, name="own_requests"),
    path("admin/requests", requests_list, name="record_requests"),
    path("admin/requests/<int:pk>", request_page, name="record_request"),
]
