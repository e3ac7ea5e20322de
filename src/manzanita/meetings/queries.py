"""Reading meetings: what is in force, what is proposed, what was decided."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet
from django.http import Http404

from manzanita.domain.access import Actor, Capability, decide
from manzanita.domain.fields import PLAN_FIELDS, SERVICE_FIELDS, FieldDeclaration
from manzanita.domain.findings import Reason
from manzanita.domain.opening import Situation, why_not_open
from manzanita.domain.scenarios import ADOPTED, EVENTS, OFFER, Event
from manzanita.meetings.models import Answer, Decision, Meeting
from manzanita.platform import clock
from manzanita.platform.kept_queries import Reckoned
from manzanita.students.models import Plan, Service, Student
from manzanita.students.queries import StudentFacts
from manzanita.students.scope import in_reach, lea_filter, listed_for, lists_all, visible_to

OPEN_STATES = ("open", "held")


def get_meeting(actor: Actor, public_id: uuid.UUID) -> Meeting:
    """The meeting with this public id at the actor's LEA, of a student in the actor's scope; else 404."""
    meeting = (
        Meeting.objects.select_related("student").filter(public_id=public_id, **lea_filter(actor)).first()
    )
    if meeting is None or not visible_to(actor).filter(pk=meeting.student_id).exists():
        raise Http404("no such meeting in this scope")
    return meeting


def meetings_of(student: Student) -> QuerySet[Meeting]:
    """All meetings of a student the caller may read, newest first."""
    return Meeting.objects.filter(student=student).order_by("-held_on", "-opened_at")


def open_meeting_of(student: Student) -> Meeting | None:
    return Meeting.objects.filter(student=student, state__in=OPEN_STATES).first()


def open_meetings(actor: Actor) -> list[Meeting]:
    """Meetings in preparation or held but not finalized, of the students listed for the actor, oldest first."""
    return list(_in_scope(actor).filter(state__in=OPEN_STATES).order_by("opened_at", "id"))


def recent_meetings(actor: Actor, limit: int = 50) -> list[Meeting]:
    """Meetings of this product that are finalized or canceled, of the students listed for the actor, newest first.
    Those taken over from the state's extract stand on the students' pages."""
    closed = _in_scope(actor).exclude(state__in=OPEN_STATES).filter(source="meeting")
    return list(closed.order_by("-opened_at", "-id")[:limit])


def _in_scope(actor: Actor) -> QuerySet[Meeting]:
    listed = listed_for(actor).order_by().values("pk")
    return Meeting.objects.select_related("student").filter(student__in=listed, **lea_filter(actor))


def has_open_meeting(column: str) -> Exists:
    """Condition on students: a meeting is open that would meet the clock ``column`` (``plan_review_due_on``
    or ``evaluation_due_on``). An amendment meets neither."""
    meets = Q(is_plan_review=True) if column == "plan_review_due_on" else Q(evaluation_type_code="40")
    return Exists(Meeting.objects.filter(meets, student=OuterRef("pk"), state__in=OPEN_STATES))


@dataclass(frozen=True, slots=True)
class OpenCount:
    """Open meetings: those still prepared, those held and not finalized, and when the oldest was opened."""

    preparing: int
    held: int
    oldest_at: datetime | None


def open_meetings_outside_view(actor: Actor) -> int:
    """How many meetings are open for students within reach whom the chosen view does not list."""
    (count,) = _open_outside_view(actor, clock.today()).one()
    return int(count)


@lru_cache(maxsize=256)
def _open_outside_view(actor: Actor, today: date) -> Reckoned:
    # As ``outside_view``, but asked by the student of each meeting: few are open beside all students.
    open_now = Meeting.objects.filter(in_reach(actor), state__in=OPEN_STATES, **lea_filter(actor))
    listed = listed_for(actor).order_by().values("pk")
    return Reckoned(
        open_now.none() if lists_all(actor) else open_now.exclude(student__in=listed), count=Count("pk")
    )


def open_meeting_count(actor: Actor) -> OpenCount:
    """How many meetings ``open_meetings`` lists, in one query."""
    return OpenCount(*_open_counts(actor, clock.today()).one())


@lru_cache(maxsize=256)
def _open_counts(actor: Actor, today: date) -> Reckoned:
    listed = listed_for(actor).order_by().values("pk")
    return Reckoned(
        Meeting.objects.filter(state__in=OPEN_STATES, student__in=listed, **lea_filter(actor)),
        preparing=Count("pk", filter=Q(state="open")),
        held=Count("pk", filter=Q(state="held")),
        oldest=Min("opened_at"),
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
    actor: Actor,
    event: Event,
    facts: StudentFacts,
    meeting: Meeting | None,
    *,
    lea: str,
    today: date,
    meeting_path: str = "",
    said_left: tuple[date, str] | None = None,
) -> list[Reason]:
    """Why ``event`` may not be opened for the student now. ``lea`` is the LEA whose record is read: a SELPA's or a
    nonpublic school's staff is of none, and the student is not elsewhere for that. ``meeting`` is the one that is
    open, at whatever LEA, and ``meeting_path`` where it is; ``said_left`` the day and the page of a leaving that the
    status does not tell.

    In a view as a colleague these are the colleague's reasons; where there is none, that a view only reads.
    """
    is_view = actor.acting_for_id is not None
    status = facts.status_on(today)
    plan = facts.plan_on(today)
    is_here = facts.enrollment_on(today, lea) is not None
    now = Situation(
        today=today,
        may_hold_meetings=Capability.HOLD_MEETING
        in (actor.perspective.capabilities if is_view else actor.capabilities),
        status_code=status.status_code if status else "",
        plan_lea=plan.lea_code if plan else "",
        plan_type=plan.plan_type_code if plan else "",
        is_plan_adopted=plan is not None and plan.reason_code == ADOPTED,
        lea=lea,
        is_enrolled_here=is_here,
        is_enrolled_elsewhere=not is_here and facts.enrollment_on(today) is not None,
        left_on=facts.student.seen_through,
        born_on=facts.student.birth_on,
        open_key=meeting.event_key if meeting else "",
        open_label=label_of(meeting) if meeting else "",
        open_link=meeting_path,
        said_left_on=said_left[0] if said_left else None,
        said_left_link=said_left[1] if said_left else "",
    )
    return why_not_open(event, now) or (
        list(decide(actor, Capability.HOLD_MEETING).because) if is_view else []
    )


def label_of(meeting: Meeting) -> str:
    """``the annual plan review of 11/12/2026``, or without a date while it has none."""
    name = event_label(meeting).lower()
    day = meeting.held_on or meeting.pending_on
    return f"the {name} of {day:%m/%d/%Y}" if day else f"the open {name}"


def missed_on(meeting: Meeting, day: date) -> date | None:
    """The earliest due date that the meeting, held on ``day``, would miss. Only clocks that it meets count: a
    reevaluation without a plan review is not judged by the date of the review."""
    due = (meeting.due_on if meeting.is_plan_review else None, meeting.evaluation_due_on)
    return min((one for one in due if one is not None and day > one), default=None)


def is_late_on(meeting: Meeting, day: date) -> bool:
    """Would the meeting, held on ``day``, be later than a clock that it meets? Without one nothing is late."""
    return missed_on(meeting, day) is not None


def event_label(meeting: Meeting) -> str:
    return label_of_event(meeting.event_key)


def label_of_event(key: str) -> str:
    event = EVENTS.get(key)
    return event.label if event else _IMPORTED_LABELS.get(key, "Meeting")


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
    def name(self) -> str:
        """``415 Language and speech``, as offered."""
        return self.fields[0].declaration.label_of(self.value("25.11")) or "New service"

    @property
    def is_changed(self) -> bool:
        return self.offer != "keep" or any(field.is_changed for field in self.fields)

    @property
    def is_withdrawn(self) -> bool:
        """True for a new service that the team took back: nobody is asked about it."""
        return self.current is None and self.offer == "remove"

    def value(self, number: str) -> str:
        return next(field.proposed for field in self.fields if field.declaration.number == number)

    @property
    def values(self) -> dict[str, str]:
        return {field.declaration.attribute: field.proposed for field in self.fields}

    @property
    def current_values(self) -> dict[str, str]:
        return {field.declaration.attribute: field.current for field in self.fields}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing the family decides on. ``is_outdated``: the offer was changed after the decision."""

    key: str
    label: str
    decision: Decision | None
    is_outdated: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a meeting proposes, read against the facts in force."""

    plan_fields: Sequence[ProposedField]
    services: Sequence[ProposedService]
    items: Sequence[Item]

    def decision_on(self, item_key: str) -> Decision | None:
        return next((item.decision for item in self.items if item.key == item_key), None)

    def plan_value(self, number: str) -> str:
        """What is offered in one field of the plan."""
        return next(field.proposed for field in self.plan_fields if field.declaration.number == number)

    def plan_values(self) -> dict[str, str]:
        return {field.declaration.attribute: field.proposed for field in self.plan_fields}


def offer_version(meeting: Meeting) -> int:
    """Which version of the offer stands: it grows with every answer of the team to a field."""
    return Answer.objects.filter(meeting=meeting).aggregate(newest=Max("pk"))["newest"] or 0


def answers_in_open(student: Student) -> QuerySet[Answer]:
    """What was answered in the student's open meeting, at whatever LEA."""
    return Answer.objects.filter(meeting__student=student, meeting__state__in=OPEN_STATES).order_by(
        "revision"
    )


def decisions_in_open(student: Student) -> QuerySet[Decision]:
    return Decision.objects.filter(meeting__student=student, meeting__state__in=OPEN_STATES)


def newest_answers(meeting: Meeting, answers: Iterable[Answer] | None = None) -> dict[str, Answer]:
    """The newest revision of each answered field; ``answers`` are the meeting's by revision, where they are read."""
    if answers is None:
        answers = Answer.objects.filter(meeting=meeting).order_by("revision")
    return {answer.field_key: answer for answer in answers}


def proposal_of(
    meeting: Meeting,
    plan: Plan | None,
    services: Sequence[Service],
    *,
    read: tuple[Iterable[Answer], Iterable[Decision]] | None = None,
) -> Proposal:
    """The offer of ``meeting`` over the ``plan`` and ``services`` in force. ``read`` are its answers and decisions,
    where they are read already.

    An initial evaluation offers a first plan, over nothing: a child from Part C keeps nothing of the IFSP unless it is
    offered anew.
    """
    # Meetings taken over from the state's extract may be of no event here; they are closed and ask nobody.
    event = EVENTS.get(meeting.event_key)
    if event is not None and event.is_initial:
        plan, services = None, ()
    answers = newest_answers(meeting, read[0] if read else None)
    decided = read[1] if read else Decision.objects.filter(meeting=meeting)
    decisions = {decision.item_key: decision for decision in decided}
    plan_fields = [
        _proposed(declaration, "plan", getattr(plan, declaration.attribute, "") or "", answers)
        for declaration in PLAN_FIELDS
    ]
    by_number = {service.service_no: service for service in services}
    numbers = sorted({*by_number, *_added_numbers(answers)})
    proposed_services = [_proposed_service(number, by_number.get(number), answers) for number in numbers]
    conclusion = event.conclusion(meeting.conclusion_key) if event else OFFER
    only_changes = conclusion.offers == "changes"
    items = []
    if not only_changes or any(field.is_changed for field in plan_fields):
        items.append(_item("plan", "Placement and plan", decisions, answers, "plan."))
    for service in proposed_services:
        if service.is_withdrawn or (only_changes and not service.is_changed):
            continue
        items.append(_item(service.item_key, service.name, decisions, answers, f"service.{service.number}."))
    return Proposal(plan_fields, proposed_services, items if conclusion.asks_family else [])


def _item(
    key: str, label: str, decisions: Mapping[str, Decision], answers: Mapping[str, Answer], prefix: str
) -> Item:
    decision = decisions.get(key)
    is_outdated = decision is not None and any(
        answer.at > decision.recorded_at
        for field_key, answer in answers.items()
        if field_key.startswith(prefix)
    )
    return Item(key, label, decision, is_outdated)


def _proposed(
    declaration: FieldDeclaration, prefix: str, current: str, answers: Mapping[str, Answer]
) -> ProposedField:
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
    return {
        int(key.split(".")[1]) for key in answers if key.startswith("service.") and key.endswith(".offer")
    }


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


def open_meetings_opened_by(actor: Actor, user_id: int) -> list[Meeting]:
    """Open meetings that this person opened, of students in the actor's reach, oldest first."""
    rows = Meeting.objects.filter(state__in=OPEN_STATES, opened_by_id=user_id, **lea_filter(actor))
    within = visible_to(actor).order_by().values("pk")
    return list(rows.filter(student__in=within).select_related("student").order_by("opened_at", "pk"))
