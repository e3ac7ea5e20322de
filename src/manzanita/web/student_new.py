"""Find before create: a student is asked for by name and birth date; whoever may be meant is shown with the reason;
only then can a new record be made by hand."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from secrets import token_urlsafe
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from manzanita.arrivals.actions import save_answers, say_arrived
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.arrival_plan import COMES_WITH_A_PLAN
from manzanita.domain.grade_spans import grade_choices
from manzanita.domain.likeness import Known, Strength
from manzanita.domain.names import name_words
from manzanita.orgs.queries import open_schools
from manzanita.platform import clock
from manzanita.platform.ids import new_public_id
from manzanita.procedures.new_student import Enrolled, NotEntered, Resident, enter_student
from manzanita.students.finding import Candidate, candidates
from manzanita.students.scope import visible_to
from manzanita.web.access import requires
from manzanita.web.form_days import day_of
from manzanita.web.guest_requests import keep_found, look_outside, may_ask, questions_left
from manzanita.web.student_rows import rows_of

SESSION_KEY = "students_asked_for"
KEPT = 10
ASKED = ("ssid", "first", "last", "born")
SCHOOLING = ("school", "grade", "first_day", "local_id")
# Special education ends at 22; a wrong century is older.
OLDEST_YEARS = 30
LONGEST_AHEAD_DAYS = 370
STRENGTHS = {
    Strength.EXACT: ("fatal", "Surely"),
    Strength.LIKELY: ("warn", "Likely"),
    Strength.POSSIBLE: ("empty", "Possibly"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.ENTER_STUDENT)
def student_new(request: HttpRequest) -> HttpResponse:
    """The form; a POST keeps what was asked for in the session and shows the answer at an address without a name."""
    if request.method != "POST":
        return _page(request, request.GET.get("asked", ""))
    values = _typed(request, ASKED)
    errors = _wrong_asked(values)
    if errors:
        return _form(request, values, errors)
    token = token_urlsafe(6)
    entry = {"values": values, "public_id": str(new_public_id()), **_outside(request, values)}
    kept = [*request.session.get(SESSION_KEY, {}).items(), (token, entry)]
    request.session[SESSION_KEY] = dict(kept[-KEPT:])
    return redirect(f"{reverse('student_new')}?asked={token}")


def _outside(request: HttpRequest, values: Mapping[str, str]) -> dict[str, Any]:
    """Whether there is a record out of reach: asked only where nobody within reach is surely meant."""
    known = _known(values)
    if any(one.likeness.strength is Strength.EXACT for one in candidates(request.actor, known)):
        return {"outside": "not needed"}
    if not may_ask(request.actor) or not questions_left(request.actor):
        return {"outside": "not asked"}
    name = (known.first, known.last, known.birth_on or date.min)
    student_id, agency = look_outside(request.actor, ssid=known.ssid, name=name)
    if student_id is None or agency is None:
        return {"outside": "none"}
    return {
        "outside": "found",
        "agency": agency.name,
        "request_token": keep_found(request, student_id, agency.pk),
    }


@require_POST
@requires(Capability.ENTER_STUDENT)
def student_enter(request: HttpRequest) -> HttpResponse:
    """None of these: make the record."""
    token = request.POST.get("asked", "")
    entry = request.session.get(SESSION_KEY, {}).get(token)
    if entry is None:
        messages.error(
            request, "Nothing was made: what you asked for is no longer kept. Ask once more. (You)"
        )
        return redirect("student_new")
    typed = _typed(request, (*SCHOOLING, "reason"))
    schools, errors = _schools(request), {}
    is_referred = "referred" in request.POST and request.actor.may(Capability.HOLD_MEETING)
    enrolled: Enrolled | Resident | None
    if is_referred and not typed["school"] and not typed["local_id"]:
        enrolled = Resident(request.actor.agency_code)
    else:
        enrolled = _enrolled(request, entry, typed, schools, errors)
    if enrolled is None:
        return _page(request, token, typed, errors)
    try:
        student, is_new = enter_student(
            actor=request.actor,
            who=_known(entry["values"]),
            enrolled=enrolled,
            public_id=uuid.UUID(entry["public_id"]),
            seen=entry.get("seen", ()),
            reason=typed["reason"],
        )
    except NotEntered as refused:
        return _page(request, token, typed, {}, refused)
    if isinstance(enrolled, Enrolled) and not visible_to(request.actor).filter(pk=student.pk).exists():
        messages.success(
            request,
            f"{student.full_name} is entered. From {enrolled.first_day:%m/%d/%Y} the lists show the student.",
        )
        return redirect("students")
    if is_referred:
        if is_new:
            messages.success(request, f"{student.full_name} is entered. Now the referral: its days run.")
        return redirect("referral", student.public_id)
    arrival = None
    if "arrived" in request.POST and request.actor.may(Capability.CORRECT_RECORD):
        arrival = say_arrived(actor=request.actor, student=student)
        if arrival is not None and not arrival.answers:
            save_answers(actor=request.actor, arrival=arrival, answers=COMES_WITH_A_PLAN)
    if is_new:
        next_step = (
            "The four questions below say what follows."
            if arrival
            else "Next: record a referral, open the initial meeting, or, for a student who comes with a plan, choose "
            "“Student arrived”."
        )
        messages.success(
            request,
            f"{student.full_name} is entered, without a special education status and without anything for the state. "
            + next_step,
        )
    return redirect("arrival", arrival.public_id) if arrival else redirect("student", student.public_id)


def _page(
    request: HttpRequest,
    token: str,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    refused: NotEntered | None = None,
) -> HttpResponse:
    """What was asked for, the candidates, and below them the way to a new record."""
    kept = request.session.get(SESSION_KEY, {})
    entry = kept.get(token)
    if entry is None:
        return _form(request, dict.fromkeys(ASKED, ""), {}, is_gone=bool(token))
    found = candidates(request.actor, _known(entry["values"]))
    log_reads(
        actor=request.actor,
        student_ids=[one.student.pk for one in found],
        what="student.candidates",
        filter_codes="find before create",
    )
    seen = sorted({*entry.get("seen", ()), *(one.student.pk for one in found)})
    if seen != entry.get("seen"):
        entry["seen"] = seen
        request.session[SESSION_KEY] = kept
    context = {
        "token": token,
        "values": entry["values"],
        "born": date.fromisoformat(entry["values"]["born"]),
        "found": _shown(request, found),
        "has_exact": any(one.likeness.strength is Strength.EXACT for one in found),
        "outside": entry["outside"],
        "agency": entry.get("agency"),
        "request_token": entry.get("request_token"),
        "lea_name": request.actor.agency_name,
        "schools": _schools(request),
        "grades": _grades(),
        "typed": typed or {"first_day": clock.today().isoformat()},
        "errors": errors or {},
        "refusals": refused.reasons if refused else [],
    }
    return render(request, "web/students/find.html", context, status=422 if errors or refused else 200)


def _form(
    request: HttpRequest, values: Mapping[str, str], errors: Mapping[str, str], *, is_gone: bool = False
) -> HttpResponse:
    context = {"values": values, "errors": errors, "is_gone": is_gone, "left": questions_left(request.actor)}
    return render(request, "web/students/new.html", context, status=422 if errors else 200)


def _shown(request: HttpRequest, found: Sequence[Candidate]) -> list[dict[str, Any]]:
    rows = rows_of(request.actor, [one.row for one in found])
    return [
        {"row": row, "one": one, "mark": STRENGTHS[one.likeness.strength]}
        for row, one in zip(rows, found, strict=True)
    ]


def _typed(request: HttpRequest, keys: Sequence[str]) -> dict[str, str]:
    return {key: " ".join(request.POST.get(key, "").replace("\0", "").split())[:255] for key in keys}


def _known(values: Mapping[str, str]) -> Known:
    return Known(
        values["first"], values["last"], date.fromisoformat(values["born"]), digits_of(values["ssid"])
    )


def digits_of(ssid: str) -> str:
    return re.sub(r"[\s-]", "", ssid)


def _wrong_asked(values: Mapping[str, str]) -> dict[str, str]:
    """What is wrong, by field."""
    errors = {}
    if values["ssid"] and not re.fullmatch(r"[0-9]{10}", digits_of(values["ssid"])):
        errors["ssid"] = "An SSID has ten digits. Leave it empty where you do not know it."
    for key, label in (("first", "first name"), ("last", "last name")):
        if not name_words(values[key]):
            errors[key] = f"Enter the legal {label}."
    today, born = clock.today(), day_of(values["born"])
    if born is None:
        errors["born"] = "Enter the birth date, such as 04/09/2016."
    elif born > today:
        errors["born"] = f"{born:%m/%d/%Y} is still to come."
    elif born.year < today.year - OLDEST_YEARS:
        errors["born"] = f"Born {born:%m/%d/%Y} the student would be over {OLDEST_YEARS}. Check the year."
    return errors


def _enrolled(
    request: HttpRequest,
    entry: Mapping[str, Any],
    typed: Mapping[str, str],
    schools: Sequence[tuple[str, str]],
    errors: dict[str, str],
) -> Enrolled | None:
    """Where the student goes to school; ``errors`` gets what is wrong, by field."""
    if typed["school"] not in dict(schools):
        errors["school"] = f"Choose a school of {request.actor.agency_name}."
    if typed["grade"] not in dict(_grades()):
        errors["grade"] = "Choose the grade."
    first_day = day_of(typed["first_day"])
    if first_day is None:
        errors["first_day"] = "Enter the first day at this district, such as 08/14/2026."
    elif first_day < date.fromisoformat(entry["values"]["born"]):
        errors["first_day"] = "The first day is before the birth date."
    elif (first_day - clock.today()).days > LONGEST_AHEAD_DAYS:
        errors["first_day"] = "The first day is more than a year ahead. Check the year."
    if errors or first_day is None:
        return None
    return Enrolled(request.actor.agency_code, typed["school"], typed["grade"], first_day, typed["local_id"])


def _schools(request: HttpRequest) -> list[tuple[str, str]]:
    return list(open_schools(request.actor.agency_code).values_list("code", "name"))


def _grades() -> list[tuple[str, str]]:
    return grade_choices()


urlpatterns = [
    path("students/new", student_new, name="student_new"),
    path("students/new/enter", student_enter, name="student_enter"),
]
