"""The audit pages of a district: how far its logs are sealed, who has read how much, and who saw whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.accounts.queries import people_of_agency, user_names
from manzanita.auditing.actions import log_reads
from manzanita.auditing.kinds import PURPOSES
from manzanita.auditing.queries import reads_by_person, seal_state
from manzanita.domain.access import Capability
from manzanita.platform import clock
from manzanita.procedures.who_saw import Question, log_question, who_saw
from manzanita.web.access import requires
from manzanita.web.state_lines import name_of, student_names
from manzanita.web.students_words import READ_WORDS, perspective_words

RECENT = timedelta(days=7)
SHOWN = 200
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


@require_safe
@requires(Capability.READ_AUDIT)
def who_saw_page(request: HttpRequest) -> HttpResponse:
    """Who of this district saw which students, for some days; asking is itself noted."""
    actor = request.actor
    asked = _asked(request)
    rows: list[dict[str, Any]] = []
    has_more = False
    if not asked.error and asked.first and asked.last:
        user_id = int(asked.user) if asked.user else None
        question = Question(actor.agency_code, asked.first, asked.last, user_id)
        log_question(actor=actor, question=question)
        seen = list(islice(who_saw(question), SHOWN + 1))
        has_more, seen = len(seen) > SHOWN, seen[:SHOWN]
        people = student_names(actor, [one.student_id for one in seen])
        log_reads(
            actor=actor,
            student_ids=[one.student_id for one in seen],
            what="audit.who-saw",
            filter_codes=f"from={asked.first} to={asked.last}" + (f" user={user_id}" if user_id else ""),
        )
        rows = [
            {
                "seen": one,
                "student": name_of(people.get(one.student_id)),
                "url": reverse("student", args=[one.student]) if one.student_id in people else None,
                "what": READ_WORDS.get(one.what, one.what.replace(".", " ")),
                "perspective": perspective_words(one.perspective),
                "purpose": one.purpose_note
                or (PURPOSES[one.purpose_code].label if one.purpose_code in PURPOSES else one.purpose_code),
            }
            for one in seen
        ]
    context = {
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
    try:
        first = date.fromisoformat(request.GET.get("from", "") or today.isoformat())
        last = date.fromisoformat(request.GET.get("to", "") or today.isoformat())
    except ValueError:
        return _Asked(user, today, today, "Give both days as dates, such as 11/23/2026.")
    if last < first:
        return _Asked(user, first, last, "The last day is before the first.")
    if user and not user.isdecimal():
        return _Asked("", first, last, "Choose a person from the list.")
    return _Asked(user, first, last, "")


urlpatterns = [
    path("admin/audit", audit, name="audit"),
    path("admin/audit/who-saw", who_saw_page, name="audit_who_saw"),
]
