"""Services that start later: what an initial evaluation of this district agreed on is put in force with the enrollment
of next year. What was agreed stands in the archive of the meeting; from which day it counts is ``domain.later_start``.

The change itself is recorded by ``procedures.changes``, as every change without a meeting is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.archive.queries import archive_of_meeting, document_of
from manzanita.domain import clocks
from manzanita.domain.codes import code_set
from manzanita.domain.fields import FIELDS, PLAN_FIELDS, SERVICE_FIELDS
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.later_start import OUTCOME, WAITS, may_start_on, next_school_begins
from manzanita.domain.scenarios import PARTICIPATING
from manzanita.domain.statuses.steps import lack
from manzanita.domain.stays import Enrolled
from manzanita.domain.years import academic_year_of
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import Proposal, event_label, open_meeting_of
from manzanita.orgs.calendars import Calendars, load_calendars
from manzanita.orgs.queries import agency_names
from manzanita.platform import clock
from manzanita.procedures.change_reasons import later_status
from manzanita.procedures.effects import DAY, Effect, long_day
from manzanita.procedures.lines import FutureService
from manzanita.students.actions import TAKEN_OVER
from manzanita.students.models import Enrollment, SpecialEducationStatus
from manzanita.students.queries import StudentFacts

KEY = "services_start"
# What the archive of the meeting calls it.
_KEPT = "starts_later"


@dataclass(frozen=True, slots=True)
class LaterStart:
    """What was agreed in the ``meeting`` of an LEA to start later: the plan by attribute and its services, both empty
    where the meeting offered nothing. ``begins`` is the first day with school of the year that was meant,
    ``first_day`` the first on which the plan may count, ``None`` while no enrollment of that year is known.
    ``is_calendar_known`` says whether ``begins`` is the calendar's; ``accepted_on`` is the day of the family's last
    answer, ``None`` where none was asked for."""

    meeting: Meeting
    archive: Archive
    plan_values: Mapping[str, str]
    services: tuple[FutureService, ...]
    begins: date
    first_day: date | None
    is_calendar_known: bool
    accepted_on: date | None = None

    @property
    def consented_on(self) -> date:
        """The first consent to services, as far as it is known: where no answer was kept, the day of the meeting."""
        return self.accepted_on or self.held_on

    @property
    def held_on(self) -> date:
        if self.meeting.held_on is None:
            raise ValueError("an initial evaluation that found a child eligible was held")
        return self.meeting.held_on

    @property
    def name(self) -> str:
        """``the initial evaluation of May 14, 2026``."""
        return f"the {event_label(self.meeting).lower()} of {long_day(self.held_on)}"

    @property
    def records(self) -> list[ArchivedRecord]:
        """What the meeting tells the state: the status before, and the evaluation."""
        return list(self.archive.records.order_by("pk"))

    @property
    def year(self) -> str:
        return academic_year_of(self.begins)


def document_of_offer(proposal: Proposal) -> dict[str, Any]:
    """The whole offer by field number, for the archive: what is to end is no part of it."""
    return {
        "plan": {field.declaration.number: field.proposed for field in proposal.plan_fields},
        "services": [
            {
                "number": service.number,
                **{field.declaration.number: field.proposed for field in service.fields},
            }
            for service in proposal.services
            if service.offer != "remove"
        ],
    }


def waits(status: SpecialEducationStatus) -> bool:
    """Does the student wait for a later start, by whosever word?"""
    return (status.status_code, status.reason_code) == WAITS


def waiting_status(
    statuses: Iterable[SpecialEducationStatus], lea_code: str, day: date
) -> SpecialEducationStatus | None:
    """The status of the day, where by this LEA's word the student waits for a start that was agreed for later."""
    for row in statuses:
        is_on = row.effective_from <= day and (row.effective_to is None or day <= row.effective_to)
        if is_on and row.lea_code == lea_code and waits(row):
            return row
    return None


def _later_start(facts: StudentFacts, lea_code: str, since: date) -> LaterStart | None:
    """What the last such meeting of a student who waits ``since`` a day agreed on; ``None`` where there is none."""
    agreed = _agreed().filter(student=facts.student, lea_code=lea_code)
    meeting = agreed.order_by("held_on", "pk").last()
    archive = archive_of_meeting(meeting.pk) if meeting else None
    if meeting is None or archive is None:
        return None
    calendars = load_calendars({lea_code})
    begins, first = _days(meeting, since, facts.enrollments, calendars)
    context = document_of(archive)["context"]
    kept = context.get(_KEPT, {})
    accepted = [date.fromisoformat(one["decided_on"]) for one in context["decisions"] if one["is_agreed"]]
    plan = kept.get("plan", {})
    is_offered = any(plan.values())
    return LaterStart(
        meeting,
        archive,
        {one.attribute: plan.get(one.number, "") for one in PLAN_FIELDS} if is_offered else {},
        tuple(
            FutureService(row["number"], {one.attribute: row.get(one.number, "") for one in SERVICE_FIELDS})
            for row in kept.get("services", [])
        ),
        begins,
        first,
        calendars.has_terms(lea_code, academic_year_of(begins)),
        max(accepted, default=None),
    )


def _days(
    meeting: Meeting,
    since: date,
    enrollments: Iterable[Enrollment],
    calendars: Calendars,
) -> tuple[date, date | None]:
    """The first day with school of the year that was meant, and the first on which the plan may count."""
    here = [one for one in enrollments if one.lea_code == meeting.lea_code]
    newest = max(here, key=lambda one: one.started_on, default=None)
    calendar = calendars.calendar(meeting.lea_code, newest.school_code if newest else "")
    held_on = meeting.held_on or since
    begins = next_school_begins(calendar, held_on)
    known = [
        Enrolled(one.lea_code, one.started_on, one.effective_to, one.status_code, one.exit_reason_code)
        for one in here
    ]
    first = may_start_on(known, meeting.lea_code, held_on=held_on, since=since, begins=begins)
    return begins, first


def agreed_later(day: date) -> QuerySet[Meeting, Meeting]:
    """Meetings that agreed on a later start, of students who wait for it on the day by the word of that LEA, and are
    enrolled there."""
    there = {"student": OuterRef("student_id"), "lea_code": OuterRef("lea_code")}
    code, reason = WAITS
    waiting = SpecialEducationStatus.objects.as_of(effective=day).filter(
        status_code=code, reason_code=reason, **there
    )
    enrolled = Enrollment.objects.as_of(effective=day).filter(**there)
    return _agreed().filter(Exists(waiting), Exists(enrolled))


def _agreed() -> QuerySet[Meeting, Meeting]:
    return Meeting.objects.filter(state="finalized", outcome_key=OUTCOME, held_on__isnull=False)


def starts_due(rows: Iterable[Meeting]) -> Iterator[tuple[int, str, date, str]]:
    """Of meetings as :func:`agreed_later` asks for them, the students who wait: at which LEA, since which day, and
    for what, in words. Whose start has come waits since that day, anybody else since the status: whoever is enrolled
    and without services is not lost sight of. Four queries, none where nobody waits."""
    today = clock.today()
    meetings = {
        (row.student_id, row.lea_code): row for row in sorted(rows, key=lambda one: (one.held_on, one.pk))
    }
    if not meetings:
        return
    ids = {pk for pk, _ in meetings}
    enrollments: dict[int, list[Enrollment]] = defaultdict(list)
    for one in Enrollment.objects.believed().filter(student_id__in=ids):
        enrollments[one.student_id].append(one)
    statuses: dict[int, list[SpecialEducationStatus]] = defaultdict(list)
    for status in SpecialEducationStatus.objects.as_of(effective=today).filter(student_id__in=ids):
        statuses[status.student_id].append(status)
    calendars = load_calendars({lea for _, lea in meetings})
    for (pk, lea), meeting in meetings.items():
        waits = waiting_status(statuses[pk], lea, today)
        if waits is None:
            continue
        begins, first = _days(meeting, waits.effective_from, enrollments[pk], calendars)
        agreed = f"{event_label(meeting)} of {meeting.held_on:%m/%d/%Y}: plan and services start with the enrollment"
        if first is not None and first <= today:
            yield pk, lea, first, f"{agreed}."
        elif first is not None:
            yield (
                pk,
                lea,
                waits.effective_from,
                f"{agreed} of {academic_year_of(begins)}, from {first:%m/%d/%Y} on.",
            )
        else:
            year = academic_year_of(begins)
            yield pk, lea, waits.effective_from, f"{agreed} of {year}, which the SIS does not know yet."


def start_now(lea_code: str, facts: StudentFacts) -> tuple[LaterStart | None, list[Reason]]:
    """What the LEA may start for the student, and what stands against it whatever day is entered. No query for one who
    does not wait."""
    today = clock.today()
    status = waiting_status(facts.statuses, lea_code, today)
    now = facts.status_on(today)
    if status is None and now is not None and waits(now):
        return None, [_agreed_elsewhere(now)]
    if status is None:
        why = Reason(
            "not-waiting",
            _instead(now),
            Owner.TEAM,
            "Nothing is left to start. What is to start or to change now is for a meeting to agree.",
            source="SWDS0618",
        )
        return None, [why]
    found = _later_start(facts, lea_code, status.effective_from)
    return found, list(_against(facts, found, today, status))


def _agreed_elsewhere(status: SpecialEducationStatus) -> Reason:
    """The state holds no plan before it starts, so that a status is all that came along."""
    name = (
        agency_names({status.lea_code}).get(status.lea_code, "") or "a district that is not in the directory"
    )
    return Reason(
        "agreed-elsewhere",
        f"The status of {status.effective_from:%m/%d/%Y} (2, reason 12) is the word of {name}: a later start was "
        "agreed there, and what was agreed did not come along.",
        Owner.COORDINATOR,
        "Ask that district for what was agreed, then open the meeting in which plan and services are agreed here.",
        source="34 CFR 300.323(c)(2)",
    )


def _against(
    facts: StudentFacts, found: LaterStart | None, today: date, status: SpecialEducationStatus
) -> Iterator[Reason]:
    if found is None and status.cause == TAKEN_OVER:
        yield Reason(
            "nothing-agreed",
            f"The status of {status.effective_from:%m/%d/%Y} (2, reason 12) was taken over from the state, which holds "
            "plan and services only from the day they start: what was agreed is not known here.",
            Owner.TEAM,
            "Open the meeting in which plan and services are agreed, with the paper at hand; they start with its own "
            "dates.",
            source="34 CFR 300.323(c)(2)",
        )
        return
    if found is None:
        yield Reason(
            "nothing-agreed",
            "No initial evaluation of this district is known here that ended with a later start: what was agreed is "
            "not known.",
            Owner.TEAM,
            "Open the meeting in which plan and services are agreed; they start with its own dates.",
            source="34 CFR 300.323(c)(2)",
        )
        return
    if not found.plan_values or not found.services:
        what = "plan" if not found.plan_values else "service"
        yield Reason(
            "nothing-agreed",
            f"In {found.name} no {what} was offered, so that nothing can start.",
            Owner.TEAM,
            "Open the meeting in which plan and services are agreed; they start with its own dates.",
            source="34 CFR 300.323(c)(2)",
        )
    if found.first_day is None:
        yield Reason(
            "not-enrolled",
            f"The start was agreed with the enrollment of {found.year}, and no enrollment here of that school year is "
            "known.",
            Owner.SIS,
            "The SIS adds the enrollment; it arrives with the next file.",
            source="GERR0005",
        )
    elif found.first_day > today:
        counted = (
            "" if found.is_calendar_known else f" as is counted where no calendar of {found.year} is loaded,"
        )
        yield Reason(
            "not-yet",
            f"The first day on which it may start is {found.first_day:%m/%d/%Y},{counted} and the state takes what has "
            "happened.",
            Owner.COORDINATOR,
            "It can be recorded from that day on. Until then it stands among the students to settle.",
            source="SPED Data Guide, SWDS: from the enrollment",
        )
    newer = [row for row in facts.plans if row.effective_from > found.held_on] or [facts.plan_on(today)]
    if newer[-1] is not None:
        yield Reason(
            "newer-plan",
            f"A plan that starts on {newer[-1].effective_from:%m/%d/%Y} is known already, and what was agreed in "
            f"{found.name} does not take its place.",
            Owner.COORDINATOR,
            "Look at that plan. Where the student takes part on it, record the status change alone.",
            source="CALPADS key of PLAN: LEA, SSID, start date",
        )
    meeting = open_meeting_of(facts.student)
    if meeting is not None and meeting.state == "held":
        yield lack("no-meeting-held")


def _instead(status: SpecialEducationStatus | None) -> str:
    if status is None:
        return "The student has no status here that waits for a later start (status 2, reason 12)."
    why = f", reason {status.reason_code}" if status.reason_code else ""
    return (
        f"The status is {status.status_code}{why} since {status.effective_from:%m/%d/%Y}; only status 2 with reason 12 "
        "of this district waits for a later start."
    )


def reasons_against_days(
    facts: StudentFacts, lea_code: str, found: LaterStart, on: date, consented_on: date | None
) -> Iterator[Reason]:
    """What stands against starting on that day, with that first consent."""
    if found.first_day is not None and on < found.first_day:
        yield Reason(
            "too-early",
            f"The start was agreed with the enrollment of {found.year}: not before {found.first_day:%m/%d/%Y}.",
            Owner.COORDINATOR,
            "Enter that day, or the later one on which the services began. An earlier start is for a meeting to agree.",
            source="SPED Data Guide, SWDS: from the enrollment",
        )
    elif facts.enrollment_on(on, lea_code) is None:
        yield Reason(
            "not-enrolled",
            f"The student was not enrolled here on {on:%m/%d/%Y}.",
            Owner.SIS,
            "Enter a day of the enrollment; where the enrollment is wrong, the SIS corrects it.",
            source="GERR0005",
        )
    yield from later_status(facts, on)
    evaluated = clocks.due("triennial", last_evaluation_on=found.held_on)
    if evaluated.statutory_due_on is not None and on > evaluated.statutory_due_on:
        yield Reason(
            "evaluation-old",
            f"The evaluation is of {found.held_on:%m/%d/%Y}, more than three years before: a new one comes first.",
            Owner.TEAM,
            "Open an initial evaluation.",
            source=evaluated.citation,
        )
    if consented_on is not None and not found.held_on <= consented_on <= on:
        yield Reason(
            "consent-day",
            f"The first consent to services is given in or after the meeting of {found.held_on:%m/%d/%Y}, and before "
            "the services start.",
            Owner.COORDINATOR,
            "Enter the day on which the family accepted the plan.",
            source="SPED Data Guide, SWDS 22.10",
        )


def start_effects(found: LaterStart, facts: StudentFacts, on: date) -> Iterator[Effect]:
    """What starts on the day, in words, and what is not told."""
    day, waited = long_day(on), facts.status_on(on)
    yield Effect(
        "status", f"Status {code_set('SpecialEducationStatus').label(PARTICIPATING)} starts on {day}."
    )
    yield Effect("plan", f"The plan that was accepted in {found.name} starts on {day}.")
    for service in found.services:
        yield Effect("starts", f"{code_set('Service').label(_service_code(service))} starts on {day}.")
    review = clocks.due("annual-review", last_iep_on=found.held_on)
    if review.statutory_due_on is not None and review.statutory_due_on < on:
        yield Effect(
            "ends",
            f"The plan review was due on {long_day(review.statutory_due_on)} and is overdue from the first day.",
            f"{review.citation} Open the annual plan review.",
        )
    elif review.statutory_due_on is not None:
        yield Effect(
            "clock", f"The plan review is due on {long_day(review.statutory_due_on)}.", review.citation
        )
    stands = ""
    if waited is not None:
        stands = (
            f"Status 2, reason 12, stands from {long_day(waited.effective_from)} to {long_day(on - DAY)}."
        )
    yield Effect("nothing", f"Not told again: {found.name} (MEET) and the status before.", stands)


def _service_code(service: FutureService) -> str:
    return service.values[FIELDS["25.11"].attribute]
