"""What if: somebody moves one day of a student in thought and sees everything that would change. Nothing is stored.

The day travels in the form and stands in no address, so that a link to it tells nobody anything of the student.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.archive.queries import pending_archive
from manzanita.auditing.actions import log_reads
from manzanita.deadlines.dinc import histories_of
from manzanita.deadlines.situations import situations_of
from manzanita.domain.access import Capability
from manzanita.domain.calendars import Period, PeriodKind
from manzanita.domain.dates import iso_day
from manzanita.domain.scenarios import EVENTS
from manzanita.domain.what_if import Case, Part
from manzanita.domain.what_if.nothing import why_no_break_matters, why_nothing
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.meetings.what_if import case_of, scenario_planned
from manzanita.orgs.calendars import Calendars, load_calendars
from manzanita.procedures.what_if import Asked, finding_moves
from manzanita.web.access import requires
from manzanita.web.read_purpose import purpose_first
from manzanita.web.student_file import StudentFile, load_student
from manzanita.web.what_if_choices import Choice, choices_of, grouped
from manzanita.web.what_if_words import Answered, answered

READ = "student.what-if"
_DAYS_APART = 3660  # further away nobody plans, and a slip of the pen is likelier


@dataclass(frozen=True, slots=True)
class Desk:
    """One student as things stand, and what can be moved."""

    file: StudentFile
    case: Case
    calendars: Calendars
    school: str
    pending: Any
    choices: list[Choice]

    def meeting(self, key: str) -> Meeting:
        """The meeting of that key, or one that is not stored for one that nobody has opened."""
        planned = scenario_planned(key)
        if planned is None:
            return next(one for one in self.file.known_meetings if str(one.public_id) == key)
        return Meeting(
            student=self.file.student,
            event_key=planned.key,
            lea_code=self.file.lea_code,
            evaluation_type_code=planned.evaluation_type_code,
            is_plan_review=planned.is_plan_review,
        )


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form says. ``problem`` is why it cannot be answered, empty where nothing was typed yet."""

    choice: Choice | None
    day: str
    last: str
    first_on: date | None = None
    last_on: date | None = None
    problem: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.READ_STUDENT)
def student_what_if(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The page; a POST answers one move, for htmx only the part that it names as its target."""
    purpose, question = purpose_first(request, public_id)
    if question is not None:
        return question
    desk = desk_of(load_student(request.actor, public_id))
    log_reads(actor=request.actor, student_ids=[desk.file.student.pk], what=READ, purpose_code=purpose)
    typed = _typed(request, desk)
    context = {
        "file": desk.file,
        "student": desk.file.student,
        "groups": grouped(desk.choices),
        "typed": typed,
        "answer": _answer(desk, typed),
        "today": desk.file.today,
    }
    return render(
        request,
        f"web/what_if/{_part(request)}.html",
        context,
        status=422 if typed.problem and not request.htmx else 200,
    )


def _part(request: HttpRequest) -> str:
    if not request.htmx:
        return "student"
    return "answer" if request.htmx.target == "what-if-answer" else "sheet"


def desk_of(file: StudentFile) -> Desk:
    enrollment = file.enrollment
    school = enrollment.school_code if enrollment and file.is_enrolled_here else ""
    calendars = load_calendars([file.lea_code])
    open_one = file.open_meeting
    is_initial = open_one is not None and EVENTS[open_one.event_key].is_initial
    pending = pending_archive(open_one.pk) if open_one is not None and is_initial else None
    student = file.student
    ids = [student.pk] if student.seen_through is None else []
    case = case_of(
        file.facts,
        file.known_meetings,
        pending=pending,
        calendars=calendars,
        place=(file.lea_code, school),
        today=file.today,
        situation=situations_of(ids).get(student.pk) if ids else None,
        history=histories_of(ids).get(student.pk) if ids else None,
    )
    return Desk(file, case, calendars, school, pending, choices_of(file, case, calendars, school))


def _typed(request: HttpRequest, desk: Desk) -> Typed:
    sent = request.POST
    value = sent.get("what", "")
    choice = next((one for one in desk.choices if one.value == value), None)
    if choice is None and value:
        return Typed(None, "", "", problem="That day is not there any more. Choose again what moves.")
    choice = choice or next(iter(desk.choices), None)
    if choice is None:
        return Typed(None, "", "")
    if not value or sent.get("chosen") == "now" or "day" not in sent:
        return standing_days(choice)
    day, last = sent.get("day", "").strip()[:20], sent.get("last", "").strip()[:20]
    return read_days(choice, day, last, desk.file.today)


def standing_days(choice: Choice) -> Typed:
    """The days as they stand, where nobody has typed others."""
    if choice.period is not None:
        days = choice.period.start.isoformat(), choice.period.end.isoformat()
        return Typed(choice, *days, choice.period.start, choice.period.end)
    return Typed(choice, choice.day.isoformat() if choice.day else "", "", choice.day)


def read_days(choice: Choice, day: str, last: str, today: date) -> Typed:
    """The days as the form has them; a span has a first and a last one."""
    is_span = choice.kind is not None
    if not day or (is_span and not last):
        return Typed(choice, day, last)
    try:
        days = [iso_day(one) for one in ((day, last) if is_span else (day,))]
        if is_span:
            Period(days[0], days[-1], PeriodKind(choice.kind))
    except ValueError as error:
        return Typed(choice, day, last, problem=f"The days cannot be: {error}.")
    if any(abs((one - today).days) > _DAYS_APART for one in days):
        return Typed(choice, day, last, problem="That is more than ten years away. Correct the year.")
    return Typed(choice, day, last, days[0], days[-1])


def _answer(desk: Desk, typed: Typed) -> Answered | None:
    """``None`` while there is no day to answer."""
    choice = typed.choice
    if choice is None or typed.first_on is None or typed.problem:
        return None
    if choice.period is not None:
        return _of_break(desk, choice, typed)
    part, day = choice.part, typed.first_on
    assert part is not None
    after = desk.case.moved(choice.key, part, day)
    if day == choice.day:
        return answered(desk.case, after, choice, day, nothing=why_nothing(desk.case, choice.key, part, day))
    return answered(
        desk.case,
        after,
        choice,
        day,
        findings=_findings(desk, choice, part, day),
        nothing=why_nothing(desk.case, choice.key, part, day),
        why_unruled=_why_unruled(desk, choice),
    )


def _of_break(desk: Desk, choice: Choice, typed: Typed) -> Answered:
    old, lea = choice.period, desk.file.lea_code
    assert old is not None and typed.first_on is not None and typed.last_on is not None
    new = Period(typed.first_on, typed.last_on, old.kind, old.lea, old.school, old.track)
    after = desk.case.under(desk.calendars.with_period(lea, old, new).calendar(lea, desk.school))
    nothing = "Those are the days which stand." if new == old else why_no_break_matters(desk.case)
    return answered(desk.case, after, choice, new.start, last=new.end, nothing=nothing)


def _why_unruled(desk: Desk, choice: Choice) -> str:
    if desk.file.student.seen_through is not None:
        return "The student has left: the records of today belong to the district that has the student now."
    if desk.case.event(choice.key).is_final and _record(desk, choice) is None:
        return "This meeting is not among the records that this district reports, so no record would change."
    return ""


def _record(desk: Desk, choice: Choice) -> Any:
    held = desk.case.event(choice.key).held_on
    return next((row for row in desk.file.should if row.record == "MEET" and row.key_on == held), None)


def _findings(desk: Desk, choice: Choice, part: Part, day: date) -> Any:
    if _why_unruled(desk, choice):
        return None
    meeting = desk.meeting(choice.key)
    is_open = meeting.state in OPEN_STATES
    asked = Asked(
        meeting,
        part,
        day,
        pending=desk.pending if is_open else None,
        record=None if is_open else _record(desk, choice),
    )
    return finding_moves(desk.file.actor, desk.file.facts, asked, lea_code=desk.file.lea_code)


urlpatterns = [path("students/<uuid:public_id>/what-if", student_what_if, name="student_what_if")]
