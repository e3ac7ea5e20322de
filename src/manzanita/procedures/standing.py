"""How a student's record stands, from what is already read of the student; what other apps leave to settle comes in by
:data:`SOURCES`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache, partial
from typing import Any, Protocol

from django.urls import reverse

from manzanita.arrivals.models import Arrival
from manzanita.arrivals.queries import open_arrivals, open_arrivals_of
from manzanita.domain.access import Actor
from manzanita.domain.arrivals import MAY_STAND, Evidence, status_words, transfer_clock
from manzanita.domain.findings import Owner
from manzanita.domain.referrals import WAITS, party_words, waits_for
from manzanita.domain.scenarios import EVENTS
from manzanita.domain.statuses import (
    KINDS,
    Enrolled,
    InForce,
    Kind,
    Known,
    Left,
    OpenMeeting,
    RecordStatus,
    Standing,
    StatusFact,
    Unsettled,
    standing_on,
)
from manzanita.domain.student_transfers import WAITING, Side, State
from manzanita.leaving.models import Leaving, ParticipationReport
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.meetings.referrals import waiting_referrals
from manzanita.platform import clock
from manzanita.platform.together import Together, read_together
from manzanita.procedures.expected import expected_elsewhere, told_of
from manzanita.procedures.later_start import agreed_later, starts_due
from manzanita.procedures.rollover import ended_in_june, held
from manzanita.students.models import Enrollment, Plan, Referral, SpecialEducationStatus
from manzanita.students.scope import in_reach, lea_filter
from manzanita.transfers.models import StudentTransfer
from manzanita.transfers.queries import open_transfers_of, side_of

# Nobody settles more than this from one list; a count beyond it says "more than".
MOST = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """What an app leaves to settle of some students: the rows that it reads for that, and what it makes of them, with
    the students' keys. All apps' rows are read in one query."""

    rows: Iterable[Any]
    told: Callable[[Iterable[Any]], Iterable[tuple[int, Unsettled]]]


# Of all students whom the actor may see the oldest ``MOST`` and one, or all of those named.
Source = Callable[[Actor, Sequence[int] | None], Asked]


def _arriving(actor: Actor, student_ids: Sequence[int] | None) -> Asked:
    if student_ids is None:
        rows = open_arrivals(actor).order_by("enrolled_on", "pk")[: MOST + 1]
    else:
        rows = open_arrivals_of(actor, student_ids)
    return Asked(rows, _arrivals_told)


def _arrivals_told(rows: Iterable[Arrival]) -> Iterator[tuple[int, Unsettled]]:
    for one in rows:
        kind = Kind.RETURNING if one.kind == "returning" else Kind.ARRIVING
        page = reverse("arrival", args=[one.public_id])
        told = f"Arrived: {one.get_kind_display().lower()}."
        record = _arriving_record(Evidence.from_document(one.evidence)) if kind is Kind.ARRIVING else None
        yield one.student_id, Unsettled(kind, one.enrolled_on, Owner.COORDINATOR, told, page, record)


def _arriving_record(evidence: Evidence) -> RecordStatus:
    """How the record of an arriving student stands, by the evidence by which the arrival is judged, too."""
    runs = transfer_clock(evidence)
    found = replace(KINDS[Kind.ARRIVING], stands=MAY_STAND[runs])
    if runs:
        return found
    return replace(
        found,
        sentence="Enrolled here and eligible, without a plan; nobody has said yet whether the student takes part here.",
        ends="Recording that the student arrives inactive, or an initial meeting.",
        source="",
        holds=f"SWDS {status_words(evidence.status_code)} of the other district; from here nothing, unless the student "
        "takes part.",
    )


def _transferring(actor: Actor, student_ids: Sequence[int] | None) -> Asked:
    rows = open_transfers_of(actor)
    if student_ids is None:
        rows = rows.filter(in_reach(actor)).order_by("asked_at", "pk")[: MOST + 1]
    else:
        rows = rows.filter(student_id__in=student_ids)
    return Asked(rows, partial(_transfers_told, actor))


def _transfers_told(actor: Actor, rows: Iterable[StudentTransfer]) -> Iterator[tuple[int, Unsettled]]:
    for one in rows:
        is_ours = side_of(actor, one) is Side.RECEIVER
        if not is_ours and State(one.state) not in WAITING:
            continue  # It was answered here.
        kind = Kind.ARRIVING if is_ours else Kind.LEAVING
        page = reverse("student_transfer", args=[one.public_id])
        asked_on = one.asked_at.astimezone(clock.CALIFORNIA).date()
        yield one.student_id, Unsettled(kind, asked_on, Owner.COORDINATOR, "A transfer is asked for.", page)


def _held(actor: Actor, student_ids: Sequence[int] | None) -> Asked:
    rows = ended_in_june(actor, student_ids)
    return Asked(rows[: MOST + 1] if student_ids is None else rows, held)


def _starting(actor: Actor, student_ids: Sequence[int] | None) -> Asked:
    rows = agreed_later(clock.today()).filter(**lea_filter(actor))
    if student_ids is None:
        rows = rows.filter(in_reach(actor)).order_by("held_on", "pk")[: MOST + 1]
    else:
        rows = rows.filter(student_id__in=student_ids)
    return Asked(rows, _starts_told)


def _starts_told(rows: Iterable[Meeting]) -> Iterator[tuple[int, Unsettled]]:
    for pk, since, told in starts_due(rows):
        yield pk, Unsettled(Kind.STARTING, since, Owner.COORDINATOR, told)


def _referred(actor: Actor, student_ids: Sequence[int] | None) -> Asked:
    rows = waiting_referrals().filter(**lea_filter(actor))
    if student_ids is None:
        rows = rows.filter(in_reach(actor)).order_by("effective_from", "pk")[: MOST + 1]
    else:
        rows = rows.filter(student_id__in=student_ids)
    return Asked(rows, _referrals_told)


def _referrals_told(rows: Iterable[Referral]) -> Iterator[tuple[int, Unsettled]]:
    for one in rows:
        wait = WAITS[waits_for(one.plan_given_on, one.answer_code)]
        record = replace(
            KINDS[Kind.REFERRAL], ends=wait.ends, stands=wait.stands, source=wait.source, holds="Nothing."
        )
        told = (
            f"Referred on {one.effective_from:%m/%d/%Y} by {party_words(one.referred_by_code)}. {wait.words}"
        )
        yield one.student_id, Unsettled(Kind.REFERRAL, one.effective_from, Owner.TEAM, told, record=record)


def _expecting(actor: Actor, student_ids: Sequence[int] | None) -> Asked:
    rows = expected_elsewhere(actor)
    if student_ids is None:
        rows = rows.filter(in_reach(actor)).order_by("pk")[: MOST + 1]
    else:
        rows = rows.filter(student_id__in=student_ids)
    return Asked(rows, told_of)


SOURCES: tuple[Source, ...] = (_arriving, _transferring, _held, _starting, _referred, _expecting)


def unsettled_elsewhere(actor: Actor, student_ids: Sequence[int] | None) -> dict[int, list[Unsettled]]:
    """What the other apps leave to settle, by the student's key; one query, and of those held from the rollover what
    their calendars say."""
    if student_ids is None:
        return unsettled_in(_asked_of_all(actor, clock.today(), tuple(SOURCES)).read())
    asked = asked_elsewhere(actor, student_ids)
    read_together(*(one.rows for one in asked))
    return unsettled_in(asked)


class _AskedOfAll:
    """What the apps leave to settle of everybody, composed and written once (``platform.kept_queries``)."""

    def __init__(self, asked: Sequence[Asked]) -> None:
        self._statement = Together([one.rows for one in asked])
        # Without the querysets, which take ten times the room of their text.
        self._asked = [replace(one, rows=()) for one in asked]

    def read(self) -> list[Asked]:
        found = self._statement.rows(self._statement.params)
        return [replace(one, rows=rows) for one, rows in zip(self._asked, found, strict=True)]


@lru_cache(maxsize=256)
def _asked_of_all(actor: Actor, today: date, sources: Sequence[Source]) -> _AskedOfAll:
    return _AskedOfAll([source(actor, None) for source in sources])


def asked_elsewhere(actor: Actor, student_ids: Sequence[int] | None) -> list[Asked]:
    """What the other apps ask for that, for who reads more in the same query."""
    return [source(actor, student_ids) for source in SOURCES]


def unsettled_in(asked: Iterable[Asked]) -> dict[int, list[Unsettled]]:
    """The same, once its rows are read."""
    found: dict[int, list[Unsettled]] = {}
    for one in asked:
        for pk, item in one.told(one.rows):
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
            f"Reported: {one.reason.words}.",
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
            # An evaluation stands from the referral on that led to it.
            OpenMeeting(
                _is_initial(one), one.referred_on or one.opened_at.astimezone(clock.CALIFORNIA).date()
            )
            for one in meetings
            if one.state in OPEN_STATES and one.lea_code == lea_code
        ],
        [Left(one.reason_key, one.leaves_on, one.state == "planned") for one in leavings],
        [*unsettled, *told],
    )


def _is_initial(meeting: Meeting) -> bool:
    event = EVENTS.get(meeting.event_key)
    return event is not None and event.is_initial
