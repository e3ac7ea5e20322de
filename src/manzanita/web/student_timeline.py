"""The lanes of a student's time line, and the same facts as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from markupsafe import Markup

from manzanita.domain.codes import code_set
from manzanita.domain.timelines import Due, annual_due, due_on, triennial_due
from manzanita.meetings.queries import event_label
from manzanita.ui.formats import us_date
from manzanita.ui.timeline import Bar, Lane, Mark, draw_timeline
from manzanita.web.student_file import ONE_DAY, StudentFile, meeting_day

PLAN_SHORT = {"100": "IEP", "150": "IFSP", "200": "ISP"}


@dataclass(frozen=True, slots=True)
class LineRow:
    """One item of the time line as a row of its table twin."""

    lane: str
    label: str
    first: date
    last: date | None
    trace: str


def lanes_of(file: StudentFile) -> list[Lane]:
    lanes = [
        Lane("Enrollment", tuple(_enrollments(file))),
        Lane("Plan", tuple(_plans(file))),
        Lane("State holds", tuple(_state(file)), thin=True),
        Lane("Meetings", tuple(_meetings(file))),
        Lane("Due dates", tuple(_due_dates(file))),
    ]
    return [lane for lane in lanes if lane.items]


def draw(file: StudentFile, lanes: Sequence[Lane]) -> Markup:
    """The drawing; empty markup for a student of whom nothing dated is known."""
    if not lanes:
        return Markup()
    return draw_timeline(
        lanes,
        today=file.today,
        title=f"Time line of {file.student.full_name}",
        description="Enrollments, plans, what the state holds, meetings and due dates. The same facts stand in the "
        "table below the drawing.",
    )


def rows_of(lanes: Sequence[Lane]) -> list[LineRow]:
    rows = []
    for lane in lanes:
        for item in lane.items:
            if isinstance(item, Bar):
                rows.append(LineRow(lane.name, item.label, item.start, item.end, item.trace))
            else:
                rows.append(LineRow(lane.name, item.label, item.on, item.on, item.trace))
    return rows


def _us(day: date) -> str:
    return us_date(day)


def _enrollments(file: StudentFile) -> Iterator[Bar]:
    statuses = code_set("EnrollmentStatus")
    for enrollment in file.facts.enrollments:
        is_past = enrollment.effective_to is not None and enrollment.effective_to < file.today
        agency = file.agencies.get(enrollment.lea_code, enrollment.lea_code)
        school = file.school_of(enrollment)
        end = f" to {_us(enrollment.effective_to)}" if enrollment.effective_to else ", open"
        exit_text = f", exit reason {enrollment.exit_reason_code}" if enrollment.exit_reason_code else ""
        yield Bar(
            enrollment.effective_from,
            enrollment.effective_to,
            f"{agency}, {school}" if school else agency,
            "enrollment-past" if is_past else "enrollment",
            f"Enrolled at {agency}, {school}, {statuses.label(enrollment.status_code)}, from "
            f"{_us(enrollment.effective_from)}{end}{exit_text}. By the SIS (1.22).",
        )


def _plans(file: StudentFile) -> Iterator[Bar]:
    for plan in file.facts.plans:
        is_past = plan.effective_to is not None and plan.effective_to < file.today
        kind = PLAN_SHORT.get(plan.plan_type_code, "Plan")
        what = (
            "amendment" if plan.reason_code == "2" else "plan review" if plan.reason_code == "1" else "plan"
        )
        end = f"until {_us(plan.effective_to)}" if plan.effective_to else "in force until another plan starts"
        yield Bar(
            plan.effective_from,
            plan.effective_to,
            f"{kind} {_us(plan.effective_from)}",
            "plan-proposed"
            if plan.effective_from > file.today
            else "plan-past"
            if is_past
            else "plan-current",
            f"{kind} of {_us(plan.effective_from)} ({what}, reported by "
            f"{file.agencies.get(plan.lea_code, plan.lea_code)}), {end}.",
        )
    meeting = file.open_meeting
    if meeting is not None and meeting.held_on is not None:
        start = max(meeting.held_on, file.today)
        yield Bar(
            start,
            due_on(start, 1),
            f"Proposed in the meeting of {meeting.held_on:%m/%d}, waits for finalize",
            "plan-proposed",
            f"The {event_label(meeting).lower()} of {_us(meeting.held_on)} proposes a plan. It starts "
            "when the meeting is finalized, on the day of the family's agreement.",
            file.meeting_url(meeting),
        )


def _state(file: StudentFile) -> Iterator[Bar]:
    differing = {operation.record_key: operation for operation in file.operations}
    held = sorted((r for r in file.at_state if r.record == "PLAN"), key=lambda r: r.key_on)
    for index, record in enumerate(held):
        end = held[index + 1].key_on - ONE_DAY if index + 1 < len(held) else None
        operation = differing.get(record.record_key)
        words = {"replace": "other values than ours", "delete": "ours is gone"}
        label = f"≠ {words[operation.kind]}" if operation else f"PLAN {_us(record.key_on)}"
        learned = f"by its {record.get_learned_from_display().lower()} of {us_date(record.learned_at)}"
        yield Bar(
            record.key_on,
            end,
            label,
            "state-different" if operation else "state-equal",
            f"The state holds a PLAN from {_us(record.key_on)}, {learned}"
            + (f": {words[operation.kind]}." if operation else ", equal to ours."),
        )
    for operation in file.operations:
        if operation.record == "PLAN" and operation.kind == "add":
            why = operation.holds[0]["text"] if operation.holds else "It is ready to send."
            yield Bar(
                operation.key_on,
                file.today if operation.key_on < file.today else None,
                "Not at the state yet",
                "state-missing",
                f"The state does not hold the PLAN of {_us(operation.key_on)} yet. {why}",
            )


def _meetings(file: StudentFile) -> Iterator[Mark]:
    for meeting in reversed(file.meetings):
        if meeting.state == "canceled":
            continue
        is_open = meeting.state != "finalized"
        state = {"open": "being prepared", "held": "held, not finalized"}.get(meeting.state, "finalized")
        delay = code_set("MeetingDelay").label(meeting.delay_code) if meeting.delay_code else ""
        day = meeting_day(meeting)
        yield Mark(
            day,
            f"{event_label(meeting)}, {state}" if is_open else event_label(meeting),
            "meeting-open" if is_open else "meeting",
            f"{event_label(meeting)} of {_us(day)}, {state}" + (f", delay reason {delay}." if delay else "."),
            file.meeting_url(meeting),
        )


def _due_dates(file: StudentFile) -> Iterator[Mark]:
    student = file.student
    # An initial evaluation starts the clock as a plan review does.
    reviews = sorted(
        m.held_on
        for m in file.meetings
        if m.state == "finalized"
        and m.held_on
        and (m.is_plan_review or m.evaluation_type_code in ("10", "15"))
    )
    for earlier, later in pairwise(reviews):
        due = annual_due(earlier)
        days = (later - due.due_on).days
        word = "met" if days <= 0 else f"{days} days late"
        yield Mark(
            due.due_on,
            f"Plan review, {word}",
            "due-met" if days <= 0 else "due-overdue",
            f"Plan review due {_us(due.due_on)}, held {_us(later)}: {word}. {_trace(due)}",
        )
    if student.last_plan_review_on:
        yield _coming(annual_due(student.last_plan_review_on), "Plan review", file.today)
    if student.last_evaluation_on:
        yield _coming(triennial_due(student.last_evaluation_on), "Triennial", file.today)


def _coming(due: Due, label: str, today: date) -> Mark:
    days = (due.due_on - today).days
    left = f"{-days} days over" if days < 0 else f"in {days} days"
    return Mark(
        due.due_on,
        f"{label} {_us(due.due_on)}",
        "due-overdue" if days < 0 else "due",
        f"{label} due {_us(due.due_on)}, {left}. {_trace(due)}",
    )


def _trace(due: Due) -> str:
    return f"Counted: {', '.join(due.trace)}. {due.authority}."
