"""How a student's record stands, from what is already read of the student; what other apps leave to settle comes in by
:data:`SOURCES`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Protocol

from django.urls import reverse

from manzanita.arrivals.queries import open_arrivals, open_arrivals_of
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner
from manzanita.domain.scenarios import EVENTS
from manzanita.domain.statuses import (
    Enrolled,
    InForce,
    Kind,
    Known,
    Left,
    OpenMeeting,
    Standing,
    StatusFact,
    Unsettled,
    standing_on,
)
from manzanita.domain.student_transfers import WAITING, Side, State
from manzanita.leaving.models import Leaving, ParticipationReport
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.platform import clock
from manzanita.students.models import Enrollment, Plan, SpecialEducationStatus
from manzanita.students.scope import in_reach
from manzanita.transfers.queries import open_transfers_of, side_of

# Nobody settles more than this from one list; a count beyond it says "more than".
MOST = 1000
# What an app leaves to settle of students whom the actor may see, with their keys: the oldest ``MOST`` and one of all,
# or those of the students named.
Source = Callable[[Actor, Sequence[int] | None], Iterable[tuple[int, Unsettled]]]


def _arriving(actor: Actor, student_ids: Sequence[int] | None) -> Iterator[tuple[int, Unsettled]]:
    oldest = open_arrivals(actor).order_by("enrolled_on", "pk")[: MOST + 1]
    for one in oldest if student_ids is None else open_arrivals_of(actor, student_ids):
        kind = Kind.RETURNING if one.kind == "returning" else Kind.ARRIVING
        page = reverse("arrival", args=[one.public_id])
        told = f"Arrived: {one.get_kind_display().lower()}."
        yield one.student_id, Unsettled(kind, one.enrolled_on, Owner.COORDINATOR, told, page)


def _transferring(actor: Actor, student_ids: Sequence[int] | None) -> Iterator[tuple[int, Unsettled]]:
    rows = open_transfers_of(actor)
    if student_ids is None:
        rows = rows.filter(in_reach(actor)).order_by("asked_at", "pk")[: MOST + 1]
    else:
        rows = rows.filter(student_id__in=student_ids)
    for one in rows:
        is_ours = side_of(actor, one) is Side.RECEIVER
        if not is_ours and State(one.state) not in WAITING:
            continue  # It was answered here.
        kind = Kind.ARRIVING if is_ours else Kind.LEAVING
        page = reverse("student_transfer", args=[one.public_id])
        asked_on = one.asked_at.astimezone(clock.CALIFORNIA).date()
        yield one.student_id, Unsettled(kind, asked_on, Owner.COORDINATOR, "A transfer is asked for.", page)


SOURCES: tuple[Source, ...] = (_arriving, _transferring)


def unsettled_elsewhere(actor: Actor, student_ids: Sequence[int] | None) -> dict[int, list[Unsettled]]:
    """What the other apps leave to settle, by the student's key; a query for each of them."""
    found: dict[int, list[Unsettled]] = {}
    for source in SOURCES:
        for pk, item in source(actor, student_ids):
            found.setdefault(pk, []).append(item)
    return found


class Facts(Protocol):
    """What a standing is found from: a student's believed enrollments, statuses and plans."""

    @property
    def enrollments(self) -> Sequence[Enrollment]: ...

    @property
    def statuses(self) -> Sequence[SpecialEducationStatus]: ...

    @property
    def plans(self) -> Sequence[Plan]: ...


def standing_of(
    facts: Facts,
    lea_code: str,
    *,
    day: date,
    meetings: Iterable[Meeting] = (),
    leavings: Iterable[Leaving] = (),
    reports: Iterable[ParticipationReport] = (),
    unsettled: Iterable[Unsettled] = (),
) -> Standing:
    """The standing of one record on ``day``, without a query."""
    return standing_on(
        known_of(
            facts,
            lea_code,
            day=day,
            meetings=meetings,
            leavings=leavings,
            reports=reports,
            unsettled=unsettled,
        )
    )


def known_of(
    facts: Facts,
    lea_code: str,
    *,
    day: date,
    meetings: Iterable[Meeting] = (),
    leavings: Iterable[Leaving] = (),
    reports: Iterable[ParticipationReport] = (),
    unsettled: Iterable[Unsettled] = (),
) -> Known:
    told = [
        Unsettled(
            Kind.LEAVING,
            one.reported_at.astimezone(clock.CALIFORNIA).date(),
            Owner.COORDINATOR,
            f"Reported: {one.reason.label.lower()}.",
        )
        for one in reports
    ]
    return Known(
        day,
        lea_code,
        [
            Enrolled(one.lea_code, one.effective_from, one.effective_to, one.exit_reason_code)
            for one in facts.enrollments
        ],
        [
            StatusFact(one.status_code, one.reason_code, one.lea_code, one.effective_from, one.effective_to)
            for one in facts.statuses
        ],
        [InForce(one.lea_code, one.effective_from, one.effective_to) for one in facts.plans],
        [
            OpenMeeting(_is_initial(one), one.opened_at.astimezone(clock.CALIFORNIA).date())
            for one in meetings
            if one.state in OPEN_STATES and one.lea_code == lea_code
        ],
        [Left(one.reason_key, one.leaves_on, one.state == "planned") for one in leavings],
        [*unsettled, *told],
    )


def _is_initial(meeting: Meeting) -> bool:
    event = EVENTS.get(meeting.event_key)
    return event is not None and event.is_initial
