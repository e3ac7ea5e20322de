"""Reading what a caseload is planned from: who comes due, what stands, with what meetings are held; and the proposal.

Students are those of one case manager who attend in the actor's reach. Rooms and interpreters are taken by whatever is
planned in the LEA, whoever's it is; of other people's meetings nothing else is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cached_property

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.planning import (
    Booking,
    Days,
    Interpreter,
    Limits,
    Need,
    Place,
    Placement,
    Planned,
    Request,
    Room,
    Slot,
    Unplaced,
    plan,
)
from manzanita.domain.rights_kinds import KINDS, Tier
from manzanita.meetings.models import Meeting, PlannedMeeting, PlanningLimits, PlanningSupply
from manzanita.orgs.calendars import Calendars, load_calendars
from manzanita.platform import clock
from manzanita.students.by_name import by_name
from manzanita.students.models import (
    CaseAssignment,
    Contact,
    Enrollment,
    Plan,
    RightsHolder,
    ScopedQuerySet,
    Student,
)
from manzanita.students.queries import participating, taking_part
from manzanita.students.scope import current_for

DEFAULT_AHEAD = timedelta(days=180)
MOST_AHEAD = timedelta(days=370)
# Two dates no further apart are met by one meeting.
TOGETHER = timedelta(days=90)
ENGLISH = "english"


@dataclass(frozen=True, slots=True)
class Review:
    """One student whose review comes due. ``due_on`` is the earlier date of ``clock``; ``later_due_on`` another date
    within the span, which needs a meeting of its own. ``planned`` stands; ``meeting`` is open."""

    student: Student
    clock: str
    due_on: date
    lea_code: str
    school_code: str
    language: str
    later_due_on: date | None = None
    planned: PlannedMeeting | None = None
    meeting: Meeting | None = None

    @property
    def key(self) -> str:
        return str(self.student.pk)


def may_plan(actor: Actor, manager_id: int) -> bool:
    """Who holds meetings plans them: a case manager the own caseload, others that of whoever manages students there."""
    is_own = actor.perspective.scope is not Scope.ASSIGNED or manager_id == actor.user_id
    return is_own and actor.may(Capability.HOLD_MEETING) and not actor.is_read_only


def managed_by(actor: Actor, manager_id: int) -> ScopedQuerySet:
    """Students whose case that person manages and whom the actor's agencies have today, participating."""
    own = CaseAssignment.objects.as_of(effective=clock.today()).filter(user_id=manager_id)
    return participating(current_for(actor)).filter(pk__in=own.values("student_id"))


def counting() -> QuerySet[PlannedMeeting]:
    """Planned meetings that stand, of reviews that were not held since."""
    still = Q(due_on=F("student__plan_review_due_on")) | Q(due_on=F("student__evaluation_due_on"))
    return PlannedMeeting.objects.filter(still, ended_by__isnull=True)


def reviews_of(actor: Actor, manager_id: int, until: date) -> list[Review]:
    """Reviews of the caseload that are due through ``until``, the first due first; six queries, and one for infants
    whom no SIS has enrolled. Who has a meeting that was held already needs no day."""
    due = Q(plan_review_due_on__lte=until) | Q(evaluation_due_on__lte=until)
    students = list(by_name(managed_by(actor, manager_id).filter(due)))
    ids = [one.pk for one in students]
    today = clock.today()
    enrolled = Enrollment.objects.as_of(effective=today).filter(
        student__in=ids, lea_code__in=actor.agency_codes
    )
    places = enrolled.order_by("started_on").values_list("student_id", "lea_code", "school_code")
    at = {pk: (lea, school) for pk, lea, school in places}
    if infants := [pk for pk in ids if pk not in at]:
        plans = Plan.objects.as_of(effective=today).filter(student__in=infants)
        at |= {pk: (lea, "") for pk, lea in plans.values_list("student_id", "lea_code")}
    spoken = languages_of(ids)
    planned = {
        one.student_id: one
        for one in counting().filter(student__in=ids).select_related("room", "interpreter")
    }
    meetings = {
        one.student_id: one for one in Meeting.objects.filter(student__in=ids, state__in=("open", "held"))
    }
    found = []
    for student in students:
        meeting, place = meetings.get(student.pk), at.get(student.pk)
        meets = meeting is not None and (meeting.is_plan_review or meeting.evaluation_type_code == "40")
        if place is None or (meeting is not None and meets and meeting.state == "held"):
            continue
        clock_key, due_on, later = clock_of(student, until)
        found.append(
            Review(
                student,
                clock_key,
                due_on,
                *place,
                spoken.get(student.pk, ""),
                later,
                planned.get(student.pk),
                meeting if meets else None,
            )
        )
    return sorted(found, key=lambda one: one.due_on)


def clock_of(student: Student, until: date) -> tuple[str, date, date | None]:
    """Which clock the next meeting meets, when it is due, and a later date through ``until`` that it does not meet."""
    annual, triennial = student.plan_review_due_on, student.evaluation_due_on
    known = sorted((day, key) for day, key in ((annual, "plan-review"), (triennial, "triennial")) if day)
    if len(known) == 2 and known[1][0] - known[0][0] <= TOGETHER:
        return "both", known[0][0], None
    later = known[1][0] if len(known) == 2 and known[1][0] <= until else None
    return known[0][1], known[0][0], later


def languages_of(student_ids: Sequence[int]) -> dict[int, str]:
    """The language of whoever decides, by student, where it is not English; of several the first contact's. Who has
    no rights recorded counts as well where nobody has."""
    today = clock.today()
    kept = {key for key, kind in KINDS.items() if kind.tier is Tier.KEPT}
    deciding = set(
        RightsHolder.objects.as_of(effective=today)
        .filter(student__in=student_ids)
        .exclude(kind_code__in=kept)
        .values_list("student_id", "contact_no")
    )
    with_rights = {student for student, _ in deciding}
    found: dict[int, str] = {}
    rows = Contact.objects.as_of(effective=today).filter(student__in=student_ids).exclude(language="")
    for student, number, language in rows.order_by("student_id", "contact_no").values_list(
        "student_id", "contact_no", "language"
    ):
        is_asked = (student, number) in deciding or student not in with_rights
        if is_asked and language.strip().casefold() != ENGLISH:
            found.setdefault(student, language.strip())
    return found


def limits_of(manager_id: int) -> PlanningLimits:
    """How that person plans; the defaults where nothing was chosen."""
    return PlanningLimits.objects.filter(user_id=manager_id).first() or PlanningLimits(user_id=manager_id)


def times_of(limits: PlanningLimits) -> list[Slot]:
    return [Slot(time.fromisoformat(one), limits.minutes) for one in limits.times.split()]


def supplies_of(lea_codes: Sequence[str]) -> list[PlanningSupply]:
    """Rooms and interpreters there are, by kind and name; those whose last day has passed too, which say so."""
    rows = PlanningSupply.objects.filter(lea_code__in=lea_codes, ended_at__isnull=True)
    return list(rows.order_by("-kind", "school_code", "language", "name", "pk"))


def days_of(one: PlanningSupply) -> Days:
    return Days(frozenset(int(digit) - 1 for digit in one.weekdays), one.first_on, one.last_on)


def place_of(one: PlannedMeeting) -> Place:
    return Place(
        one.planned_on,
        Slot(one.starts_at, one.minutes),
        str(one.room_id or ""),
        str(one.interpreter_id or ""),
    )


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that one case manager's plan depends on, read once."""

    manager_id: int
    until: date
    reviews: Sequence[Review]
    limits: PlanningLimits
    supplies: Sequence[PlanningSupply]
    calendars: Calendars
    standing: Sequence[PlannedMeeting]

    def is_fixed(self, one: PlannedMeeting) -> bool:
        """A locked one, one so near that the family has been told, and one that somebody set later than it is due: no
        suggestion would be so late, and it is better than none."""
        near = clock.today() + timedelta(days=max(self.limits.notice_days, 1))
        is_late = one.planned_on > one.due_on
        return clock.today() <= one.planned_on and (one.is_locked or is_late or one.planned_on < near)

    def request(self, *, besides: int | None = None) -> Request:
        """What the planner is asked; ``besides`` is a student whose own planned meeting takes nothing."""
        asked = {
            one.student.pk: self._need(one)
            for one in self.reviews
            if one.planned is None or not self.is_fixed(one.planned)
        }
        sites = {(one.lea_code, one.school_code) for one in self.reviews}
        return Request(
            today=clock.today(),
            needs=list(asked.values()),
            slots=times_of(self.limits),
            calendars={school: self.calendars.calendar(lea, school) for lea, school in sites},
            rooms=[
                Room(str(one.pk), one.name, one.school_code, days_of(one))
                for one in self.supplies
                if one.kind == "room"
            ],
            interpreters=[
                Interpreter(str(one.pk), one.name, one.language, days_of(one))
                for one in self.supplies
                if one.kind == "interpreter"
            ],
            bookings=[
                Booking(place_of(one), is_own=one.manager_id == self.manager_id)
                for one in self.standing
                if one.student_id != besides and (besides is not None or one.student_id not in asked)
            ],
            limits=Limits(self.limits.per_day, self.limits.per_week, self.limits.notice_days),
        )

    def _need(self, one: Review) -> Need:
        now = one.planned
        is_ahead = now is not None and now.planned_on >= clock.today()
        return Need(
            one.key,
            one.due_on,
            one.due_on - timedelta(days=self.limits.days_before),
            one.school_code,
            one.language,
            self.limits.needs_room,
            self.limits.minutes,
            place_of(now) if now is not None and is_ahead else None,
        )


def situation_of(actor: Actor, manager_id: int, until: date) -> Situation:
    """Nine queries and those of the calendars."""
    reviews = reviews_of(actor, manager_id, until)
    leas = sorted({one.lea_code for one in reviews} or set(actor.agency_codes))
    monday = clock.today() - timedelta(days=clock.today().weekday())
    return Situation(
        manager_id,
        until,
        reviews,
        limits_of(manager_id),
        supplies_of(leas),
        load_calendars(leas),
        list(
            counting().filter(
                # A room that is kept for somebody who takes part no longer is free.
                Exists(taking_part(clock.today()).filter(student=OuterRef("student"))),
                lea_code__in=leas,
                planned_on__gte=monday,
            )
        ),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """One review of a proposal: where it stands and where it would. ``placement`` or ``unplaced``, or neither where it
    stays because it is locked or near."""

    review: Review
    placement: Placement | None
    unplaced: Unplaced | None
    because: Sequence[str] = ()

    @property
    def is_changed(self) -> bool:
        now = self.review.planned
        if self.placement is None:
            return now is not None and self.unplaced is not None
        return now is None or place_of(now) != self.placement.place

    @property
    def is_kept(self) -> bool:
        return self.placement is None and self.unplaced is None


class Proposal:
    """A plan for a situation. ``digest`` names what it would change: who saves says what was looked at."""

    def __init__(self, situation: Situation) -> None:
        self.situation = situation
        self.planned: Planned = plan(situation.request())

    @cached_property
    def changes(self) -> Sequence[Change]:
        placed = {one.need.key: one for one in self.planned.placements}
        unplaced = {one.need.key: one for one in self.planned.unplaced}
        return [
            Change(one, placed.get(one.key), unplaced.get(one.key), self.planned.because.get(one.key, ()))
            for one in self.situation.reviews
        ]

    @property
    def changed(self) -> Sequence[Change]:
        return [one for one in self.changes if one.is_changed]

    @property
    def digest(self) -> str:
        told = [
            [
                one.review.student.pk,
                one.review.clock,
                str(one.review.due_on),
                str(one.placement and one.placement.place),
            ]
            for one in self.changed
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]

    def loads(self) -> Mapping[date, int]:
        """Meetings of each week (by its Monday) as they would be: placed ones, and those that stay."""
        days = [one.place.day for one in self.planned.placements]
        days += [one.place.day for one in self.situation.request().bookings if one.is_own]
        return loads_of(days)


def loads_of(days: Sequence[date]) -> dict[date, int]:
    found: dict[date, int] = {}
    for day in days:
        monday = day - timedelta(days=day.weekday())
        found[monday] = found.get(monday, 0) + 1
    return found
