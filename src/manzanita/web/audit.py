"""The audit pages of a district: how far its logs are sealed, who has read how much, and who saw whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from manzanita.accounts.queries import people_of_agency, user_names
from manzanita.auditing.actions import log_reads
from manzanita.auditing.kinds import PURPOSES
from manzanita.auditing.queries import reads_by_person, seal_state
from manzanita.domain.access import Capability
from manzanita.platform import clock
from manzanita.procedures.who_saw import Question, log_question, who_saw
from manzanita.students.models import Student
from manzanita.students.scope import visible_to
from manzanita.students.searching import search
from manzanita.web.access import requires
from manzanita.web.form_days import day_of
from manzanita.web.people_forms import tabs, text_in
from manzanita.web.state_lines import name_of, student_names
from manzanita.web.student_picker import of_public_ids
from manzanita.web.students_words import READ_WORDS, perspective_words

RECENT = timedelta(days=7)
SHOWN = 200
STUDENT_DAYS = timedelta(days=30)
# The sealer comes each minute: a row that waits ten says that it does not come.
SEALER_IS_LATE = timedelta(minutes=10)
CHECK_IS_OLD = timedelta(hours=48)


@require_safe
@requires(Capability.READ_AUDIT)
def audit(request: HttpRequest) -> HttpResponse:
    """State of the seals, and reads of the last days by person."""
    actor = request.actor
    now = clock.now()
    state = seal_state(actor.agency_code)
    readings = reads_by_person(actor.agency_code, now - RECENT)
    names = user_names({one.user_id for one in readings})
    check = state.last_check
    context = {
        "tabs": tabs(actor, "audit"),
        "state": state,
        "check": check,
        "is_late": state.waiting_for is not None and state.waiting_for > SEALER_IS_LATE,
        "is_check_old": check is None or now - check.at > CHECK_IS_OLD,
        "readings": [
            {
                "reading": one,
                "name": names.get(one.user_id, "Unknown"),
                "perspective": perspective_words(one.perspective),
                "url": f"{reverse('audit_who_saw')}?user={one.user_id}",
            }
            for one in readings
        ],
        "days": RECENT.days,
    }
    return render(request, "web/audit/audit.html", context)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the form says; ``error`` where it cannot be asked so."""

    user: str
    first: date | None
    last: date | None
    error: str
    student: Student | None = None


@require_safe
@requires(Capability.READ_AUDIT)
def who_saw_page(request: HttpRequest) -> HttpResponse:
    """Who of this district saw which students, or one (``student``), for some days, newest first; asking is itself
    noted."""
    actor = request.actor
    asked = _asked(request)
    rows: list[dict[str, Any]] = []
    has_more = False
    if not asked.error and asked.first and asked.last:
        user_id = int(asked.user) if asked.user else None
        student_id = asked.student.pk if asked.student else None
        question = Question(actor.agency_code, asked.first, asked.last, user_id, student_id)
        log_question(actor=actor, question=question)
        seen = list(islice(who_saw(question, newest_first=True), SHOWN + 1))
        has_more, seen = len(seen) > SHOWN, seen[:SHOWN]
        people = student_names(actor, [one.student_id for one in seen])
        log_reads(
            actor=actor,
            student_ids=[one.student_id for one in seen],
            what="audit.who-saw",
            filter_codes=f"from={asked.first} to={asked.last}"
            + (f" user={user_id}" if user_id else "")
            + (f" student={student_id}" if student_id else ""),
        )
        rows = [
            {
                "seen": one,
                "student": name_of(people.get(one.student_id)),
                "url": reverse("student", args=[one.student]) if one.student_id in people else None,
                "only": f"?{_days(asked)}&student={one.student}" if one.student_id in people else None,
                "what": READ_WORDS.get(one.what, one.what.replace(".", " ")),
                "perspective": perspective_words(one.perspective),
                "purpose": one.purpose_note
                or (PURPOSES[one.purpose_code].label if one.purpose_code in PURPOSES else one.purpose_code),
            }
            for one in seen
        ]
    context = {
        "tabs": tabs(actor, "audit"),
        "asked": asked,
        "rows": rows,
        "has_more": has_more,
        "shown": SHOWN,
        "people": people_of_agency(actor.agency_code),
        "lea_code": actor.agency_code,
    }
    return render(request, "web/audit/who_saw.html", context, status=422 if asked.error else 200)


def _asked(request: HttpRequest) -> _Asked:
    user = request.GET.get("user", "")
    today = clock.today()
    first = day_of(request.GET.get("from", "") or today.isoformat())
    last = day_of(request.GET.get("to", "") or today.isoformat())
    if first is None or last is None:
        return _Asked(user, today, today, "Give both days as dates, such as 11/23/2026.")
    if last < first:
        return _Asked(user, first, last, "The last day is before the first.")
    if user and not user.isdecimal():
        return _Asked("", first, last, "Choose a person from the list.")
    wanted = request.GET.get("student", "")
    student = of_public_ids(request.actor, [wanted]).first() if wanted else None
    if wanted and student is None:
        raise Http404("no such student in this scope")
    if student is not None and "from" not in request.GET:
        # Of one student the question is seldom about today alone.
        first = today - STUDENT_DAYS
    return _Asked(user, first, last, "", student)


def _days(asked: _Asked) -> str:
    return urlencode({"from": asked.first, "to": asked.last})


@require_POST
@requires(Capability.READ_AUDIT)
def find_student(request: HttpRequest) -> HttpResponse:
    """To the answer about the one student who is meant; else back, with what is missing. A POST, so that neither a
    name nor an SSID stands in an address."""
    text = text_in(request, "find")[:100]
    found = list(search(visible_to(request.actor), text).order_by("pk")[:2]) if text.strip() else []
    days = {name: request.POST.get(name, "") for name in ("from", "to", "user") if request.POST.get(name)}
    if len(found) == 1:
        days["student"] = str(found[0].public_id)
    else:
        messages.info(
            request,
            "Several students are meant: give the SSID, or the birth date beside the name."
            if found
            else "No student in your scope is meant. Look for a slip of the pen in the name or the SSID.",
        )
    return redirect(f"{reverse('audit_who_saw')}?{urlencode(days)}")


urlpatterns = [
    path("admin/audit", audit, name="audit"),
    path("admin/audit/who-saw", who_saw_page, name="audit_who_saw"),
    path("admin/audit/who-saw/find", find_student, name="audit_find_student"),
]
