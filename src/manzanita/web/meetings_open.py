"""Opening a meeting: every event that there is, what it is for, when it is due, and why one may not be opened."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.clocks import CLOCKS
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.scenarios import EVENTS, Event
from manzanita.meetings import actions
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.evaluations import Evaluation
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import open_meeting_of, reasons_not_to_open
from manzanita.meetings.referrals import waiting_referrals
from manzanita.platform import clock
from manzanita.procedures.standing import unsaid_leaving
from manzanita.students.former import facts_for
from manzanita.students.models import Student
from manzanita.students.queries import StudentFacts, get_student
from manzanita.ui.formats import us_date
from manzanita.web.access import requires
from manzanita.web.form_days import day_or_error
from manzanita.web.meetings_form import referring_parties
from manzanita.web.reasons_told import Told, Way, tell_reasons, told, ways_on_record, why_way
from manzanita.web.step_links import said_left

EVALUATION_FIELDS = ("consent_on", "referred_on", "referred_by")


@dataclass(frozen=True, slots=True)
class Choice:
    """One event on the page. ``reasons`` is empty where it may be opened now."""

    event: Event
    due: str
    reasons: list[Reason]
    told: list[Told]


def choices(actor: Actor, student: Student, facts: StudentFacts) -> list[Choice]:
    """Every event for this student: those that may be opened first, each group in the order of the registry."""
    is_open, left = open_meeting_of(student), _said_left(actor, student, facts)
    ways = _ways(actor, student, is_open) | _INSTEAD
    otherwise = why_way(student)
    found = []
    for event in EVENTS.values():
        reasons = _reasons(actor, event, facts, is_open, left)
        found.append(Choice(event, _due_words(student, event), reasons, told(reasons, ways, otherwise)))
    return sorted(found, key=lambda choice: bool(choice.reasons))


def _ways(actor: Actor, student: Student, is_open: Meeting | None) -> Mapping[str, Way]:
    """Where it is mended that a meeting may not be opened."""
    return ways_on_record(actor, student, _path_of(actor, is_open))


def _reasons(
    actor: Actor, event: Event, facts: StudentFacts, is_open: Meeting | None, left: tuple[date, str] | None
) -> list[Reason]:
    where = _path_of(actor, is_open)
    return reasons_not_to_open(
        actor,
        event,
        facts,
        is_open,
        lea=actor.agency_code,
        today=clock.today(),
        meeting_path=where,
        said_left=left,
    )


def _path_of(actor: Actor, meeting: Meeting | None) -> str:
    """One left open elsewhere stands against another, but is not for this reader."""
    is_own = meeting is not None and meeting.lea_code == actor.agency_code
    return reverse("meeting", args=[meeting.public_id]) if is_own and meeting else ""


def _said_left(actor: Actor, student: Student, facts: StudentFacts) -> tuple[date, str] | None:
    return said_left(unsaid_leaving(facts, actor.agency_code, student), student)


def _due_words(student: Student, event: Event) -> str:
    if event.clock == "plan_review":
        return _due(student.plan_review_due_on)
    if event.clock == "evaluation":
        return _due(student.evaluation_due_on)
    return {
        "consent": "60 days after consent",
        "third_birthday": "By the third birthday",
    }.get(event.clock, "No clock")


def _due(day: date | None) -> str:
    return f"Due {us_date(day)}" if day else "No due date is known"


@require_safe
@requires(Capability.HOLD_MEETING)
def meeting_new(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """All events with their purpose, and a form for what an initial evaluation begins with."""
    student = get_student(request.actor, public_id)
    log_reads(actor=request.actor, student_ids=[student.pk], what="meeting.open")
    return _page(request, student, {}, ())


# What is opened instead stands on this page, possible or with why not.
_INSTEAD: Mapping[str, Way] = {
    code: (f"#event-{key}", EVENTS[key].label)
    for code, key in {
        "not-participating": "b_initial",
        "own-plan": "annual",
        "participating": "triennial",
        "age-three": "b_initial",
        "age-c-to-b": "b_initial",
        "has-ifsp": "annual",
        "from-part-c": "c_to_b",
    }.items()
}
# The events that end a clock, for who comes from a due date and has to choose among eight.
ENDS: Mapping[str, Sequence[str]] = {
    "assessment-plan": ("b_initial", "part_c_initial"),
    "part-c-45": ("part_c_initial",),
    "annual-review": ("annual", "triennial"),
    "ifsp-annual": ("annual",),
    "triennial": ("triennial",),
    "transition-plan": ("annual", "triennial", "amendment"),
    "c-to-b-iep": ("c_to_b",),
    "transfer-30": ("thirty_day", "annual", "triennial"),
}


def _page(
    request: HttpRequest, student: Student, sent: dict[str, str], reasons: list[Reason] | tuple[()]
) -> HttpResponse:
    name = request.GET.get("clock", "")
    context = {
        "student": student,
        "ends": ENDS.get(name, ()),
        "ends_what": CLOCKS[name].title if name in ENDS else "",
        "choices": choices(request.actor, student, facts_for(request.actor, student)),
        "parties": referring_parties(),
        "today": clock.today(),
        "sent": {name: sent.get(name, "") for name in EVALUATION_FIELDS},
        "sent_to": sent.get("event", ""),
        "reasons": told(reasons, _ways(request.actor, student, open_meeting_of(student)) | _INSTEAD)
        if reasons
        else [],
        "blank": _beginning(request.actor, student),
    }
    return render(request, "web/meetings/open.html", context, status=422 if reasons else 200)


def _beginning(actor: Actor, student: Student) -> dict[str, str]:
    """What an evaluation would begin with: the referral that waits, and no consent yet."""
    referral = waiting_referrals().filter(student=student, lea_code=actor.agency_code).first()
    return {
        "consent_on": "",
        "referred_on": referral.effective_from.isoformat() if referral else "",
        "referred_by": referral.referred_by_code if referral else "",
    }


@require_POST
@requires(Capability.HOLD_MEETING)
def open_event(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Open an event. A second click lands on the meeting that the first one opened."""
    student = get_student(request.actor, public_id)
    event = EVENTS.get(request.POST.get("event", ""))
    if event is None:
        return HttpResponseBadRequest("There is no such event.", content_type="text/plain")
    standing = _standing(request.actor, student)
    if standing is not None and standing.event_key == event.key:
        return redirect("meeting", standing.public_id)
    try:
        meeting = _open(request, student, event)
    except ValueError:
        return HttpResponseBadRequest("There is no such referring party.", content_type="text/plain")
    except NotPossible as refused:
        # Where it was put together with another a moment ago, that is what is told.
        get_student(request.actor, public_id)
        standing = _standing(request.actor, student)
        if standing is not None and standing.event_key == event.key:
            return redirect("meeting", standing.public_id)
        if event.is_initial:
            log_reads(actor=request.actor, student_ids=[student.pk], what="meeting.open")
            return _page(request, student, request.POST.dict(), refused.reasons)
        ways = _ways(request.actor, student, open_meeting_of(student))
        tell_reasons(request, refused.reasons, ways, why_way(student))
        return redirect("student", student.public_id)
    return redirect("meeting", meeting.public_id)


def _standing(actor: Actor, student: Student) -> Meeting | None:
    """The open meeting of the student at the actor's LEA: one left open elsewhere is not for this reader."""
    standing = open_meeting_of(student)
    return standing if standing is not None and standing.lea_code == actor.agency_code else None


def _open(request: HttpRequest, student: Student, event: Event) -> Meeting:
    facts = facts_for(request.actor, student)
    left = _said_left(request.actor, student, facts)
    reasons = _reasons(request.actor, event, facts, open_meeting_of(student), left)
    if reasons:
        raise NotPossible(reasons)
    return actions.open_meeting(
        actor=request.actor,
        student=student,
        event=event,
        evaluation=evaluation_in(request) if event.is_initial else None,
    )


def evaluation_in(request: HttpRequest) -> Evaluation | None:
    """What was entered of consent and referral; ``None`` without a consent date."""
    errors: dict[str, str] = {}
    consent_on = day_or_error(request.POST, "consent_on", errors)
    referred_on = day_or_error(request.POST, "referred_on", errors)
    if errors:
        days = {"consent_on": "consent", "referred_on": "referral"}
        raise NotPossible(
            [
                Reason("no-date", f"The day of the {days[name]} is no date.", Owner.TEAM, "Enter it anew.")
                for name in errors
            ]
        )
    if consent_on is None:
        return None
    return Evaluation(consent_on, referred_on, request.POST.get("referred_by", ""))


urlpatterns = [
    path("students/<uuid:public_id>/meetings", open_event, name="meeting_open"),
    path("students/<uuid:public_id>/meetings/new", meeting_new, name="meeting_new"),
]
