"""The plan of an arriving student that came on paper: entered as what it is, a plan of the other district.

A student who comes from a district of another SELPA brings the plan along, and here it goes on from the first day
(EC 56325(a)(1); 34 CFR 300.323(e)); an initial evaluation is not due. So the plan is stated among the facts of the
student with the district that made it, and the arrival finds it there and offers to adopt it; a status only where none
is known. No archive is made, and nothing goes to the state by it. Entered again, the newer word takes the place of the
older one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from django.db import transaction

from manzanita.arrivals.actions import look_at
from manzanita.arrivals.models import Arrival
from manzanita.auditing.actions import log_change
from manzanita.domain.access import PERMISSIONS, Actor, Capability
from manzanita.domain.fields import PLAN_FIELDS, SERVICE_FIELDS, FieldDeclaration
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.scenarios import PARTICIPATING
from manzanita.domain.statuses.steps import lack
from manzanita.findings.actions import mark_changed
from manzanita.meetings.actions import NotPossible, refresh_clocks, take_over_meetings
from manzanita.meetings.models import Meeting
from manzanita.platform import clock
from manzanita.platform.changed import students_changed
from manzanita.platform.facts import Statement
from manzanita.procedures.adopting import why_settled
from manzanita.students.actions import FACT_MODELS, state_student_facts
from manzanita.students.models import Student

# Facts and meetings that this states bear it, so that they are known again.
CAUSE, SOURCE = "paper-plan", "paper"
MOST_SERVICES = 8
_DAY = timedelta(days=1)
# Of a plan and of a service, without which nothing could be reported; what else is due, the rules say before adopting.
NEEDED = ("23.11", "23.14", "23.15", "23.20", "23.33", "25.11", "25.12", "25.13")
_NOT_PARTICIPATING = "2"


@dataclass(frozen=True, slots=True)
class PaperPlan:
    """What the paper says. ``lea_code`` is empty for a district of another state; ``plan`` and each of ``services`` are
    codes by attribute; ``entered_on`` is the first consent to services ever (22.10), where it is known. ``stopped_on``
    with its reason (22.13): the student has not taken part since."""

    lea_code: str = ""
    starts_on: date | None = None
    reviewed_on: date | None = None
    evaluated_on: date | None = None
    entered_on: date | None = None
    stopped_on: date | None = None
    reason_code: str = ""
    plan: Mapping[str, str] = field(default_factory=dict)
    services: Sequence[Mapping[str, str]] = ()


def paper_plan_of(student_id: int) -> PaperPlan | None:
    """What was entered from paper before, to be corrected; ``None`` where nothing was."""
    known = {
        kind: list(
            FACT_MODELS[kind]
            .objects.believed()
            .filter(student=student_id, cause=CAUSE)
            .order_by("effective_from")
        )
        for kind in ("plan", "service", "status")
    }
    if not known["plan"]:
        return None
    plan, statuses = known["plan"][-1], known["status"]
    stopped = next((one for one in statuses if one.status_code != PARTICIPATING), None)
    meetings = Meeting.objects.filter(student=student_id, source=SOURCE).exclude(state="canceled")
    return PaperPlan(
        lea_code=plan.lea_code,
        starts_on=plan.effective_from,
        reviewed_on=max(
            (one.held_on for one in meetings if one.is_plan_review and one.held_on), default=None
        ),
        evaluated_on=max(
            (one.held_on for one in meetings if one.evaluation_type_code and one.held_on), default=None
        ),
        entered_on=next((one.initial_entry_on for one in statuses if one.initial_entry_on), None),
        stopped_on=stopped.effective_from if stopped else None,
        reason_code=stopped.reason_code if stopped else "",
        plan={one.attribute: getattr(plan, one.attribute) or "" for one in PLAN_FIELDS},
        services=[
            {one.attribute: getattr(service, one.attribute) or "" for one in SERVICE_FIELDS}
            for service in sorted(known["service"], key=lambda one: one.service_no)
        ],
    )


def reasons_not_to_enter(actor: Actor, arrival: Arrival) -> list[Reason]:
    """Why no plan can be entered for this arrival; asked before the form is shown."""
    found = []
    if not actor.may(Capability.CORRECT_RECORD):
        found.append(
            Reason(
                "no-capability",
                "Your perspective does not enter plans.",
                Owner.COORDINATOR,
                "Ask the SEDS coordinator.",
                source=PERMISSIONS,
            )
        )
    if arrival.settled_at is not None:
        found.append(why_settled(arrival))
    if any(_known_otherwise(kind, arrival.student_id) for kind in ("plan", "service")):
        found.append(
            replace(
                lack("plan-unknown"),
                way_out="Adopt that one, and change it in a meeting; or ask the former district to correct it.",
            )
        )
    return found


def _known_otherwise(kind: str, student_id: int) -> bool:
    """Is a fact of this kind believed that no paper stated?"""
    return FACT_MODELS[kind].objects.believed().filter(student=student_id).exclude(cause=CAUSE).exists()


def paper_reasons(told: PaperPlan, arrival: Arrival, today: date) -> Iterator[Reason]:
    """What is wrong with what was entered; ``code`` is the name of the field in the form."""
    first = arrival.enrolled_on
    if told.starts_on is None:
        yield _wrong("starts_on", "The plan has no first day.", "Enter the day on which it took effect.")
    elif told.starts_on >= first:
        yield _wrong(
            "starts_on",
            f"A plan of {told.starts_on:%m/%d/%Y} begins after the student came here on {first:%m/%d/%Y}.",
            "Enter the day on which it took effect there. A plan that was made here is a meeting's.",
        )
    if told.lea_code and not (len(told.lea_code) == 7 and told.lea_code.isdecimal()):
        yield _wrong(
            "lea_code",
            f"No district of the directory is called “{told.lea_code}”, and a district's code has seven digits.",
            "Choose one of the directory, enter the code (cde.ca.gov/schooldirectory has every district's), or leave "
            "it empty for a district of another state.",
        )
    for name, day, words in (
        ("reviewed_on", told.reviewed_on, "plan review"),
        ("evaluated_on", told.evaluated_on, "evaluation"),
        ("entered_on", told.entered_on, "first consent to services"),
    ):
        if day is None and name == "entered_on":
            # The paper seldom says it, and the state's record takes it blank.
            continue
        if day is None:
            yield _wrong(name, f"The day of the {words} is missing.", "Enter the day that the paper gives.")
        elif day > today:
            yield _wrong(name, f"The {words} of {day:%m/%d/%Y} is still to come.", "Correct the day.")
    if told.stopped_on is not None:
        yield from _stopped_reasons(told, told.stopped_on, first)
    yield from _content_reasons(told)


def _stopped_reasons(told: PaperPlan, stopped_on: date, first: date) -> Iterator[Reason]:
    if stopped_on > first or (told.starts_on is not None and stopped_on <= told.starts_on):
        yield _wrong(
            "stopped_on",
            f"{stopped_on:%m/%d/%Y} does not lie between the first day of the plan and the first day here.",
            "Correct the day.",
        )
    if not told.reason_code:
        yield _wrong(
            "reason_code", "A student who does not take part has a reason.", "Choose the reason, field 22.13."
        )


def _content_reasons(told: PaperPlan) -> Iterator[Reason]:
    for declared in PLAN_FIELDS:
        yield from _value_reasons(declared, told.plan.get(declared.attribute, ""), declared.attribute, "")
    if not told.services:
        yield _wrong(
            "service_1_service_code",
            "The plan has no service, and the state asks for one.",
            "Enter the services.",
        )
    for number, service in enumerate(told.services, 1):
        for declared in SERVICE_FIELDS:
            value = service.get(declared.attribute, "")
            name = f"service_{number}_{declared.attribute}"
            yield from _value_reasons(declared, value, name, f" of service {number}")


def _value_reasons(declared: FieldDeclaration, value: str, name: str, of: str) -> Iterator[Reason]:
    if not value and declared.number in NEEDED:
        yield _wrong(name, f"{declared.label}{of} is missing.", "Enter what the paper says.")
    elif value and declared.codes is not None and value not in declared.codes.codes:
        yield _wrong(name, f"{declared.label}{of}: {value[:10]} is no code.", "Choose one of the list.")
    elif declared.attribute == "npa_id":
        if value and not (len(value) == 7 and value.isdecimal()):
            yield _wrong(
                name,
                f"No nonpublic agency of the directory is called “{value}”{of}, and its code has seven digits.",
                "Choose one of the directory, or ask the SELPA to add it.",
            )
    elif value and declared.codes is None and not value.isdecimal():
        yield _wrong(name, f"{declared.label}{of} is not a number.", "Enter a whole number.")


def _wrong(name: str, text: str, way_out: str) -> Reason:
    return Reason(name, text, Owner.YOU, way_out)


@transaction.atomic
def enter_paper_plan(*, actor: Actor, arrival: Arrival, told: PaperPlan, reason: str) -> None:
    """State the plan, and have the arrival looked at again. Raises ``NotPossible`` with everything that stands against
    it; then nothing was stated."""
    Student.unscoped.select_for_update().get(pk=arrival.student_id)
    arrival = Arrival.objects.select_for_update().get(pk=arrival.pk)
    reasons = reasons_not_to_enter(actor, arrival)
    if not reasons:
        reasons = list(paper_reasons(told, arrival, clock.today()))
        if not reason.strip():
            reasons.append(
                _wrong(
                    "reason", "It has no source.", "Say where the paper came from, such as “from the family”."
                )
            )
    if reasons or told.starts_on is None:
        raise NotPossible(reasons)
    pk = arrival.student_id
    for kind, statements in _statements(pk, told, told.starts_on).items():
        state_student_facts(kind, statements, by_id=actor.user_id, cause=CAUSE)
    Meeting.objects.filter(student=pk, source=SOURCE).update(state="canceled")
    take_over_meetings(_meetings(pk, told))
    refresh_clocks([pk])
    mark_changed([pk])
    students_changed([pk])
    look_at(arrival.lea_code, [pk], found_by="the plan on paper")
    log_change(
        actor=actor,
        action="enter_paper_plan",
        student_id=pk,
        subject=arrival,
        reason=reason.strip()[:300],
        detail={"services": len(told.services)},
    )


def _statements(student_id: int, told: PaperPlan, starts_on: date) -> Mapping[str, list[Statement]]:
    slot = {"student_id": student_id}
    status = {"lea_code": told.lea_code, "reason_code": "", "initial_entry_on": told.entered_on}
    last = told.stopped_on - _DAY if told.stopped_on else None
    statuses: list[Statement] = []
    # A status that a file or the state says stands as it is.
    is_stated = not _known_otherwise("status", student_id)
    if is_stated:
        taking_part = status | {"status_code": PARTICIPATING}
        statuses.append(Statement(slot, taking_part, starts_on, last, is_whole_slot=True))
    if is_stated and told.stopped_on:
        stopped = status | {"status_code": _NOT_PARTICIPATING, "reason_code": told.reason_code}
        statuses.append(Statement(slot, stopped, told.stopped_on))
    agencies = {"lea_code": told.lea_code, "dsea_code": told.lea_code, "reason_code": "1"}
    plan = agencies | _all(PLAN_FIELDS, told.plan)
    known = FACT_MODELS["service"].objects.believed().filter(student=student_id)
    services = {
        number: Statement(slot | {"service_no": number}, None, starts_on, is_whole_slot=True)
        for number in known.values_list("service_no", flat=True)
    }
    for number, one in enumerate(told.services, 1):
        values = {"lea_code": told.lea_code, **_all(SERVICE_FIELDS, one)}
        services[number] = Statement(
            slot | {"service_no": number}, values, starts_on, last, is_whole_slot=True
        )
    return {
        "status": statuses,
        "plan": [Statement(slot, plan, starts_on, last, is_whole_slot=True)],
        "service": list(services.values()),
    }


def _all(declared: Sequence[FieldDeclaration], given: Mapping[str, str]) -> dict[str, Any]:
    return {one.attribute: given.get(one.attribute, "") for one in declared}


def _meetings(student_id: int, told: PaperPlan) -> list[Meeting]:
    """The last plan review and the last evaluation, from which the next due dates count; one where they are one day."""
    days = sorted({day for day in (told.reviewed_on, told.evaluated_on) if day})
    return [
        Meeting(
            student_id=student_id,
            event_key="triennial" if day == told.evaluated_on else "annual",
            state="finalized",
            lea_code=told.lea_code,
            held_on=day,
            # Which evaluation it was, the paper need not say; the next one is a reevaluation in any case.
            evaluation_type_code="40" if day == told.evaluated_on else "",
            is_plan_review=day == told.reviewed_on,
            source=SOURCE,
            opened_at=clock.now(),
            finalized_at=clock.now(),
        )
        for day in days
    ]
