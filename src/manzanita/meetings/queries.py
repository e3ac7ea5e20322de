"""Reading meetings: what is in force, what is proposed, what was decided."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Max, Q
from django.http import Http404

from manzanita.domain.access import Actor, Capability
from manzanita.domain.fields import PLAN_FIELDS, SERVICE_FIELDS, FieldDeclaration
from manzanita.domain.findings import Reason
from manzanita.domain.scenarios import EVENTS, Event, why_not_open
from manzanita.meetings.models import Answer, Decision, Meeting
from manzanita.students.models import Plan, Service, Student
from manzanita.students.queries import StudentFacts, visible_to

OPEN_STATES = ("open", "held")


def get_meeting(actor: Actor, public_id: uuid.UUID) -> Meeting:
    """The meeting with this public id at the actor's LEA, of a student in the actor's scope; else 404."""
    meeting = (
        Meeting.objects.select_related("student").filter(public_id=public_id, lea_code=actor.agency_code).first()
    )
    if meeting is None or not visible_to(actor).filter(pk=meeting.student_id).exists():
        raise Http404("no such meeting in this scope")
    return meeting


def meetings_of(student: Student) -> list[Meeting]:
    """All meetings of a student the caller may read, newest first."""
    return list(Meeting.objects.filter(student=student).order_by("-held_on", "-opened_at"))


def open_meeting_of(student: Student) -> Meeting | None:
    return Meeting.objects.filter(student=student, state__in=OPEN_STATES).first()


def open_meetings(actor: Actor) -> list[Meeting]:
    """Meetings in preparation or held but not finalized, in the actor's scope, oldest first."""
    visible = visible_to(actor).values("pk")
    return list(
        Meeting.objects.select_related("student")
        .filter(state__in=OPEN_STATES, lea_code=actor.agency_code, student__in=visible)
        .order_by("opened_at")
    )


def last_dates(student_ids: Iterable[int]) -> dict[int, tuple[date | None, date | None]]:
    """Per student the last plan review and last evaluation that were held (finalized meetings only).

    An initial evaluation starts both clocks.
    """
    ids = list(student_ids)
    initial = Q(evaluation_type_code__in=["10", "15"])
    rows = (
        Meeting.objects.filter(student__in=ids, state="finalized", held_on__isnull=False)
        .values("student_id")
        .annotate(
            review=Max("held_on", filter=Q(is_plan_review=True) | initial),
            evaluation=Max("held_on", filter=Q(evaluation_type_code="40") | initial),
        )
    )
    found = {row["student_id"]: (row["review"], row["evaluation"]) for row in rows}
    return {pk: found.get(pk, (None, None)) for pk in ids}


def reasons_not_to_open(
    actor: Actor, student: Student, event: Event, facts: StudentFacts, *, today: date, meeting_path: str = ""
) -> list[Reason]:
    """Why ``event`` may not be opened for the student now; ``meeting_path`` is where an open one is."""
    meeting = open_meeting_of(student)
    status = facts.status_on(today)
    return why_not_open(
        event,
        may_hold_meetings=actor.may(Capability.HOLD_MEETING),
        status_code=status.status_code if status else "",
        has_plan=facts.plan_on(today) is not None,
        is_enrolled_here=facts.enrollment_on(today, actor.agency_code) is not None,
        open_meeting_label=label_of(meeting) if meeting else "",
        open_meeting_link=meeting_path,
    )


def label_of(meeting: Meeting) -> str:
    """``the annual plan review of 11/12/2026``, or without a date while it has none."""
    name = event_label(meeting).lower()
    day = meeting.held_on or meeting.pending_on
    return f"the {name} of {day:%m/%d/%Y}" if day else f"the open {name}"


def event_label(meeting: Meeting) -> str:
    event = EVENTS.get(meeting.event_key)
    return event.label if event else _IMPORTED_LABELS.get(meeting.event_key, "Meeting")


_IMPORTED_LABELS = {
    "initial": "Initial evaluation",
    "reevaluation": "Reevaluation",
    "triennial": "Triennial and annual plan review",
    "pending": "Pending evaluation",
    "meeting": "Meeting",
}


@dataclass(frozen=True, slots=True)
class ProposedField:
    """One field of the offer beside what is in force; ``revision`` 0 where nobody has answered it."""

    declaration: FieldDeclaration
    key: str
    current: str
    proposed: str
    revision: int
    answer: Answer | None

    @property
    def is_changed(self) -> bool:
        return self.current != self.proposed


@dataclass(frozen=True, slots=True)
class ProposedService:
    """One service of the offer. ``offer`` is keep, add or remove; ``current`` is None for a new one."""

    number: int
    offer: str
    offer_revision: int
    current: Service | None
    fields: Sequence[ProposedField]

    @property
    def item_key(self) -> str:
        return f"service.{self.number}"

    @property
    def is_changed(self) -> bool:
        return self.offer != "keep" or any(field.is_changed for field in self.fields)

    def value(self, number: str) -> str:
        return next(field.proposed for field in self.fields if field.declaration.number == number)

    @property
    def values(self) -> dict[str, str]:
        return {field.declaration.attribute: field.proposed for field in self.fields}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing the family decides on."""

    key: str
    label: str
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a meeting proposes, read against the facts in force."""

    plan_fields: Sequence[ProposedField]
    services: Sequence[ProposedService]
    items: Sequence[Item]

    @property
    def is_plan_changed(self) -> bool:
        return any(field.is_changed for field in self.plan_fields)

    def plan_values(self) -> dict[str, str]:
        return {field.declaration.attribute: field.proposed for field in self.plan_fields}


def newest_answers(meeting: Meeting) -> dict[str, Answer]:
    """The newest revision of each answered field."""
    newest: dict[str, Answer] = {}
    for answer in Answer.objects.filter(meeting=meeting).order_by("revision"):
        newest[answer.field_key] = answer
    return newest


def history_of(meeting: Meeting, field_key: str) -> list[Answer]:
    """All revisions of one field, newest first."""
    return list(Answer.objects.filter(meeting=meeting, field_key=field_key).order_by("-revision"))


def proposal_of(meeting: Meeting, plan: Plan | None, services: Sequence[Service]) -> Proposal:
    """The offer of ``meeting`` over the ``plan`` and ``services`` in force."""
    answers = newest_answers(meeting)
    decisions = {decision.item_key: decision for decision in Decision.objects.filter(meeting=meeting)}
    plan_fields = [
        _proposed(declaration, "plan", getattr(plan, declaration.attribute, "") or "", answers)
        for declaration in PLAN_FIELDS
    ]
    by_number = {service.service_no: service for service in services}
    numbers = sorted({*by_number, *_added_numbers(answers)})
    proposed_services = [_proposed_service(number, by_number.get(number), answers) for number in numbers]
    is_amendment = meeting.event_key == "amendment"
    items = []
    if not is_amendment or any(field.is_changed for field in plan_fields):
        items.append(Item("plan", "Placement and plan", decisions.get("plan")))
    for service in proposed_services:
        is_withdrawn_addition = service.current is None and service.offer == "remove"
        if is_withdrawn_addition or (is_amendment and not service.is_changed):
            continue
        label = service.fields[0].declaration.label_of(service.value("25.11")) or "New service"
        items.append(Item(service.item_key, label, decisions.get(service.item_key)))
    return Proposal(plan_fields, proposed_services, items)


def _proposed(declaration: FieldDeclaration, prefix: str, current: str, answers: Mapping[str, Answer]) -> ProposedField:
    key = f"{prefix}.{declaration.number}"
    answer = answers.get(key)
    return ProposedField(
        declaration=declaration,
        key=key,
        current=current,
        proposed=answer.value if answer else current,
        revision=answer.revision if answer else 0,
        answer=answer,
    )


def _added_numbers(answers: Mapping[str, Answer]) -> set[int]:
    return {int(key.split(".")[1]) for key in answers if key.startswith("service.") and key.endswith(".offer")}


def _proposed_service(number: int, current: Service | None, answers: Mapping[str, Answer]) -> ProposedService:
    offer = answers.get(f"service.{number}.offer")
    return ProposedService(
        number=number,
        offer=offer.value if offer else "keep",
        offer_revision=offer.revision if offer else 0,
        current=current,
        fields=[
            _proposed(
                declaration, f"service.{number}", getattr(current, declaration.attribute, "") or "", answers
            )
            for declaration in SERVICE_FIELDS
        ],
    )
