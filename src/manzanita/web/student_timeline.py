"""The lanes of a student's time line, and the same facts as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from django.urls import reverse
from markupsafe import Markup

from manzanita.domain.clocks import CLOCKS, Step, due
from manzanita.domain.clocks import Answer as Counted
from manzanita.domain.clocks.reviews import annual_due_on
from manzanita.domain.codes import code_set
from manzanita.domain.private_schools import PLAN_SHORT
from manzanita.domain.referrals import Answer, party_words
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import event_label
from manzanita.students.models import Referral
from manzanita.ui.formats import plural, us_date, us_dates
from manzanita.ui.jinja_env import url_or_none
from manzanita.ui.timeline import Bar, Lane, Mark, draw_timeline
from manzanita.web.clock_words import evaluation_dues
from manzanita.web.student_file import ONE_DAY, StudentFile, meeting_day

IFSP = "150"
# PLAN 23.13.
_PLAN_CAUSES = {"1": "plan review", "2": "amendment", "3": "adopted from another district"}
# MEET 24.14.
INITIAL_EVALUATIONS, REEVALUATION = ("10", "15"), "40"


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
        Lane("Enrollment", tuple(enrollment_bars(file))),
        Lane("Plan", tuple(plan_bars(file))),
        Lane("State holds", tuple(state_plan_bars(file)), thin=True),
        Lane("Meetings", (*_referrals(file), *_meetings(file))),
        Lane("Due dates", tuple(_due_dates(file))),
    ]
    return [lane for lane in lanes if lane.items]


def draw(file: StudentFile, lanes: Sequence[Lane], *, only_this_year: bool = False) -> Markup:
    """The drawing; empty markup for a student of whom nothing dated is known."""
    if not lanes:
        return Markup()
    return draw_timeline(
        lanes,
        today=file.today,
        title=f"Time line of {file.student.full_name}",
        description="Enrollments, plans, what the state holds, meetings and due dates. The same facts stand in the "
        "table below the drawing.",
        chosen=_most_pressing(lanes),
        only_this_year=only_this_year,
    )


def _most_pressing(lanes: Sequence[Lane]) -> Mark | None:
    """The earliest due date that was missed, else the next one to come."""
    due = [
        item
        for lane in lanes
        for item in lane.items
        if isinstance(item, Mark) and item.kind in ("due", "due-overdue") and item.is_open
    ]
    return min(due, key=lambda mark: mark.on, default=None)


def rows_of(lanes: Sequence[Lane]) -> list[LineRow]:
    rows = []
    for lane in lanes:
        for item in lane.items:
            if isinstance(item, Bar):
                rows.append(LineRow(lane.name, item.label, item.start, item.end, _whole_trace(item)))
            else:
                rows.append(LineRow(lane.name, item.label, item.on, item.on, _whole_trace(item)))
    return rows


def _whole_trace(item: Bar | Mark) -> str:
    return f"{item.lead} {item.trace}".strip()


def _us(day: date) -> str:
    return us_date(day)


def enrollment_bars(file: StudentFile) -> Iterator[Bar]:
    statuses, exits = code_set("EnrollmentStatus"), code_set("StudentExitCategory")
    for enrollment in file.facts.enrollments:
        is_past = enrollment.effective_to is not None and enrollment.effective_to < file.today
        agency = file.agencies.get(enrollment.lea_code, enrollment.lea_code)
        school = file.school_of(enrollment)
        end = f" to {_us(enrollment.effective_to)}" if enrollment.effective_to else ", open"
        code = enrollment.exit_reason_code
        exit_text = f", exit reason {exits.label(code)}" if code else ""
        yield Bar(
            enrollment.effective_from,
            enrollment.effective_to,
            f"{agency}, {school}" if school else agency,
            "enrollment-past" if is_past else "enrollment",
            f"{statuses.label(enrollment.status_code)}, from {_us(enrollment.effective_from)}{end}{exit_text}. "
            "By the SIS (1.22).",
            f"{_tab(file, 'record')}#identification" if not is_past else None,
            f"Enrolled at {agency}, {school}.",
        )


def _tab(file: StudentFile, tab: str) -> str:
    return f"{reverse('student', args=[file.student.public_id])}?tab={tab}"


def plan_bars(file: StudentFile) -> Iterator[Bar]:
    archives = {archive.pk: archive for archive in file.archives}
    reported = {row.key_on: archives[row.archive_id] for row in file.should if row.record == "PLAN"}
    for plan in file.facts.plans:
        is_past = plan.effective_to is not None and plan.effective_to < file.today
        kind = PLAN_SHORT.get(plan.plan_type_code, "Plan")
        what = _PLAN_CAUSES.get(plan.reason_code, "plan")
        archive = reported.get(plan.effective_from) if plan.lea_code == file.lea_code else None
        end = f"until {_us(plan.effective_to)}" if plan.effective_to else "in force until another plan starts"
        yield Bar(
            plan.effective_from,
            plan.effective_to,
            f"{kind} {_us(plan.effective_from)}" if plan.reason_code != "3" else f"Adopted {kind}",
            "plan-proposed"
            if plan.effective_from > file.today
            else "plan-past"
            if is_past
            else "plan-current",
            f"{what.capitalize()}, reported by {file.agencies.get(plan.lea_code, plan.lea_code)}; {end}.",
            url_or_none("archive", archive.public_id) if archive else None,
            f"{kind} of {_us(plan.effective_from)}.",
        )
    meeting = file.open_meeting
    if meeting is not None and meeting.held_on is not None:
        start = max(meeting.held_on, file.today)
        yield Bar(
            start,
            annual_due_on(start),
            f"Proposed in the meeting of {meeting.held_on:%m/%d}, waits for finalize",
            "plan-proposed",
            f"The {event_label(meeting).lower()} of {_us(meeting.held_on)} proposes a plan. It starts "
            "when the meeting is finalized, on the day of the family's agreement.",
            file.meeting_url(meeting),
        )


def state_plan_bars(file: StudentFile) -> Iterator[Bar]:
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
            f"Known {learned}: {words[operation.kind] if operation else 'equal to ours'}.",
            _tab(file, "state"),
            f"The state holds a PLAN from {_us(record.key_on)}.",
        )
    for operation in file.operations:
        if operation.record == "PLAN" and operation.kind == "add":
            why = operation.holds[0]["text"] if operation.holds else "It is ready to send."
            yield Bar(
                operation.key_on,
                file.today if operation.key_on < file.today else None,
                "Not at the state yet",
                "state-missing",
                why,
                _tab(file, "state"),
                f"The state does not hold the PLAN of {_us(operation.key_on)} yet.",
            )


def _referrals(file: StudentFile) -> Iterator[Mark]:
    for one in file.referrals:
        given = f" The assessment plan was given on {_us(one.plan_given_on)}." if one.plan_given_on else ""
        ended = f" {told_answer(one)}" if one.answer_code else ""
        yield Mark(
            one.effective_from,
            f"Referral, {one.answer_code}" if one.answer_code else "Referral",
            "referral",
            f"By {party_words(one.referred_by_code)}.{given}{ended}",
            url_or_none("referral", file.student.public_id),
            f"Referral for assessment of {_us(one.effective_from)}.",
        )


def told_answer(one: Referral) -> str:
    """How a referral was answered, with the day and the reason."""
    if one.answer_code == Answer.WITHDRAWN:
        return f"Withdrawn{_on(one.effective_to)}: {one.answer_note}"
    if one.answer_code == Answer.MOVED:
        return (
            f"The student moved{_on(one.effective_to)}: {one.answer_note[:1].lower()}{one.answer_note[1:]}."
        )
    notice = f"; prior written notice given{_on(one.effective_to)}" if one.effective_to else ""
    return f"The district declined to assess: {one.answer_note}{notice}"


def _on(day: date | None) -> str:
    return f" on {_us(day)}" if day else ""


def _meetings(file: StudentFile) -> Iterator[Mark]:
    for meeting in reversed(file.known_meetings):
        if meeting.state == "canceled":
            continue
        is_open = meeting.state != "finalized"
        state = {"open": "being prepared", "held": "held, not finalized"}.get(meeting.state, "finalized")
        delay = code_set("MeetingDelay").label(meeting.delay_code) if meeting.delay_code else ""
        day = meeting_day(meeting)
        elsewhere = "" if meeting.lea_code == file.lea_code else f", by {file.agency_name(meeting.lea_code)}"
        if meeting.consent_on:
            referred = f"Referred on {_us(meeting.referred_on)}. " if meeting.referred_on else ""
            yield Mark(
                meeting.consent_on,
                "Consent",
                "referral",
                f"{referred}The 60 days to the meeting begin.",
                file.meeting_url(meeting),
                f"Consent to evaluate of {_us(meeting.consent_on)}.",
            )
        yield Mark(
            day,
            f"{event_label(meeting)}, {state}" if is_open else event_label(meeting),
            "meeting-open" if is_open else "meeting",
            f"{state.capitalize()}{elsewhere}" + (f", delay reason {delay}." if delay else "."),
            file.meeting_url(meeting),
            f"{event_label(meeting)} of {_us(day)}.",
        )


def _due_dates(file: StudentFile) -> Iterator[Mark]:
    yield from _past_reviews(file)
    yield from _initial_evaluations(file)
    yield from _third_birthday(file)
    yield from _past_evaluations(file)
    yield from _after_referral(file)
    yield from _coming(file)


def _held(file: StudentFile) -> list[Meeting]:
    """Finalized meetings that were held, oldest first."""
    held = [m for m in file.known_meetings if m.state == "finalized" and m.held_on]
    return sorted(held, key=meeting_day)


def _past_reviews(file: StudentFile) -> Iterator[Mark]:
    # An initial evaluation starts the clock as a plan review does.
    reviews = [m for m in _held(file) if m.is_plan_review or m.evaluation_type_code in INITIAL_EVALUATIONS]
    for earlier, later in pairwise(reviews):
        if later.evaluation_type_code not in INITIAL_EVALUATIONS:
            yield _met(file, due("annual-review", last_iep_on=meeting_day(earlier)), "Plan review", later)


def _past_evaluations(file: StudentFile) -> Iterator[Mark]:
    evaluations = [m for m in _held(file) if m.evaluation_type_code]
    for earlier, later in pairwise(evaluations):
        if later.evaluation_type_code == REEVALUATION:
            yield _met(file, due("triennial", last_evaluation_on=meeting_day(earlier)), "Triennial", later)


def _initial_evaluations(file: StudentFile) -> Iterator[Mark]:
    """The law's date and, where that is another day, the state's."""
    for counted in file.evaluations:
        meeting = counted.meeting
        for label, answer in evaluation_dues(counted):
            if meeting.held_on:
                yield _met(file, answer, label, meeting)
            elif meeting.state != "finalized":
                yield _open(file, answer, label, file.meeting_url(meeting))


def _third_birthday(file: StudentFile) -> Iterator[Mark]:
    """The clock of a child who came from Part C: the IEP in effect by the third birthday."""
    born, plans = file.student.birth_on, list(file.facts.plans)
    for earlier, later in pairwise(plans):
        if born and earlier.plan_type_code == IFSP and later.plan_type_code != IFSP:
            answer, start = due("c-to-b-iep", birth_on=born), later.effective_from
            birthday = answer.statutory_due_on
            days = (start - birthday).days
            word = "met" if days <= 0 else f"{plural(days, 'day')} late"
            yield Mark(
                birthday,
                f"Third birthday, {word}",
                "due-met" if days <= 0 else "due-overdue",
                f"The plan took effect on {_us(start)}. {trace_words(answer)}",
                None,
                f"IEP due by the third birthday, {_us(birthday)}: {word}.",
            )


def _met(file: StudentFile, answer: Counted, label: str, meeting: Meeting) -> Mark:
    """A due date of the past, with the meeting that met it or came late."""
    due_on = answer.statutory_due_on
    days = (meeting_day(meeting) - due_on).days
    word = "met" if days <= 0 else f"{plural(days, 'day')} late"
    early = f"met {plural(-days, 'day')} early" if days < 0 else "met that day" if not days else word
    return Mark(
        due_on,
        f"{label}, {word}",
        "due-met" if days <= 0 else "due-overdue",
        f"Held {_us(meeting_day(meeting))}. {trace_words(answer)}",
        file.meeting_url(meeting),
        f"{label} due {_us(due_on)}, {early}.",
    )


_REFERRAL_DUES = {
    "assessment-plan": "Assessment plan",
    "assessment-refused": "Prior written notice",
    "part-c-45": "First IFSP meeting",
}


def _after_referral(file: StudentFile) -> Iterator[Mark]:
    """What a referral that waits asks for, as it is stored; how it is counted stands on the page of the due date."""
    for row in file.dues:
        if row.clock in _REFERRAL_DUES and row.due_on and row.about.startswith("referral:"):
            named, (left, is_over) = CLOCKS[row.clock], _left(file, row.due_on)
            laws = "; ".join(law.citation for law in named.laws)
            yield Mark(
                row.due_on,
                f"{_REFERRAL_DUES[row.clock]} {_us(row.due_on)}",
                "due-overdue" if is_over else "due",
                f"{named.counts} {laws}.",
                reverse("due_date", args=[row.pk]),
                f"{_REFERRAL_DUES[row.clock]} due {_us(row.due_on)}, {left}.",
                is_open=True,
            )


def _coming(file: StudentFile) -> Iterator[Mark]:
    student, page = file.student, reverse("meeting_new", args=[file.student.public_id])
    if student.seen_through is None and not file.facts.takes_part_on(file.today):
        return
    for row in file.dues:
        if row.clock != "transfer-30":
            continue
        answer = due("transfer-30", enrolled_on=row.started_on)
        yield _open(file, answer, "IEP after the transfer", _review_of(file) or f"{page}#event-thirty_day")
    if student.last_plan_review_on:
        answer = due("annual-review", last_iep_on=student.last_plan_review_on)
        yield _open(file, answer, "Plan review", _way(file, "plan_review") or f"{page}#event-annual")
    if student.last_evaluation_on:
        answer = due("triennial", last_evaluation_on=student.last_evaluation_on)
        yield _open(file, answer, "Triennial", _way(file, "evaluation") or f"{page}#event-triennial")


def _review_of(file: StudentFile) -> str | None:
    """The open meeting that will end the 30 days of a transfer."""
    meeting = file.open_meeting
    return file.meeting_url(meeting) if meeting and meeting.event_key == "thirty_day" else None


def _way(file: StudentFile, clock: str) -> str | None:
    """The open meeting that will meet this clock."""
    meeting = file.open_meeting
    event = EVENTS.get(meeting.event_key) if meeting else None
    if meeting is None or event is None:
        return None
    meets = event.clock == clock or (clock == "plan_review" and event.is_plan_review)
    return file.meeting_url(meeting) if meets else None


def _open(file: StudentFile, answer: Counted, label: str, href: str | None) -> Mark:
    """A due date that nothing has met yet."""
    due_on = answer.statutory_due_on
    left, is_over = _left(file, due_on)
    return Mark(
        due_on,
        f"{label} {_us(due_on)}",
        "due-overdue" if is_over else "due",
        trace_words(answer),
        href,
        f"{label} due {_us(due_on)}, {left}.",
        is_open=True,
    )


def _left(file: StudentFile, due_on: date) -> tuple[str, bool]:
    """How many days are left, in words, and whether the day is past."""
    days = (due_on - file.today).days
    words = f"{plural(-days, 'day')} over" if days < 0 else f"in {plural(days, 'day')}" if days else "today"
    return words, days < 0


def trace_words(answer: Counted) -> str:
    """Every step of the count, and by which law; days as people write them."""
    steps = us_dates("; ".join(_told(step) for step in answer.trace))
    return f"Counted: {steps}. {answer.citation}."


def _told(step: Step) -> str:
    if not step.days:
        return step.why
    counted = "" if step.is_counted else "not counted, "
    return f"{step.first} to {step.last}, {counted}{plural(step.days, 'day')}: {step.why}"
