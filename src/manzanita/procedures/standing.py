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
from manzanita.domain.access import Actor, Capability
from manzanita.domain.arrivals import MAY_STAND, Evidence, status_words, transfer_clock
from manzanita.domain.findings import Owner
from manzanita.domain.leaving import STAYS_ENROLLED
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
from manzanita.domain.stays import IFSP
from manzanita.domain.student_transfers import WAITING, State
from manzanita.leaving.models import Leaving, ParticipationReport
from manzanita.leaving.queries import leavings_of
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.meetings.referrals import waiting_referrals
from manzanita.platform import clock
from manzanita.platform.together import Together, read_together
from manzanita.procedures.expected import expected_elsewhere, told_of
from manzanita.procedures.later_start import agreed_later, starts_due
from manzanita.procedures.rollover import ended_in_june, held
from manzanita.students.models import Enrollment, Plan, Referral, SpecialEducationStatus, Student
from manzanita.students.queries import StudentFacts
from manzanita.students.scope import in_reach, lea_filter
from manzanita.transfers.models import StudentTransfer
from manzanita.transfers.queries import open_transfers_of, party_codes

# Nobody settles more than this from one list; a count beyond it says "more than".
MOST = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """What an app leaves to settle of some students: the rows that it reads for that, and what it makes of them, each
    with the student's key and the LEA at which it is to settle. All apps' rows are read in one query."""

    rows: Iterable[Any]
    told: Callable[[Iterable[Any]], Iterable[Told]]


# A student's key, the LEA, and what it has to settle of the student.
Told = tuple[int, str, Unsettled]
# Of all students whom the actor may see the oldest ``MOST`` and one, or all of those named.
Source = Callable[[Actor, Sequence[int] | None], Asked]


def _arriving(actor: Actor, student_ids: Sequence[int] | None) -> Asked:
    if student_ids is None:
        rows = open_arrivals(actor).order_by("enrolled_on", "pk")[: MOST + 1]
    else:
        rows = open_arrivals_of(actor, student_ids)
    return Asked(rows, partial(_arrivals_told, actor.may(Capability.CORRECT_RECORD)))


def _arrivals_told(may_settle: bool, rows: Iterable[Arrival]) -> Iterator[Told]:
    for one in rows:
        kind = Kind.RETURNING if one.kind == "returning" else Kind.ARRIVING
        page = reverse("arrival", args=[one.public_id]) if may_settle else ""
        told = f"Arrived: {one.get_kind_display().lower()}."
        record = _arriving_record(Evidence.from_document(one.evidence)) if kind is Kind.ARRIVING else None
        item = Unsettled(kind, one.enrolled_on, Owner.COORDINATOR, told, page, record)
        yield one.student_id, one.lea_code, item


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
    return Asked(rows, partial(_transfers_told, party_codes(actor)))


def _transfers_told(own: Sequence[str], rows: Iterable[StudentTransfer]) -> Iterator[Told]:
    for one in rows:
        page = reverse("student_transfer", args=[one.public_id])
        asked_on = one.asked_at.astimezone(clock.CALIFORNIA).date()
        sides = [(Kind.ARRIVING, one.receiving_code)]
        if State(one.state) in WAITING:  # Otherwise it was answered there.
            sides.append((Kind.LEAVING, one.sending_code))
        for kind, lea_code in sides:
            if lea_code in own:
                item = Unsettled(kind, asked_on, Owner.COORDINATOR, "A transfer is asked for.", page)
                yield one.student_id, lea_code, item


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


def _starts_told(rows: Iterable[Meeting]) -> Iterator[Told]:
    for pk, lea_code, since, told in starts_due(rows):
        yield pk, lea_code, Unsettled(Kind.STARTING, since, Owner.COORDINATOR, told)


def _referred(actor: Actor, student_ids: Sequence[int] | None) -> Asked:
    rows = waiting_referrals().filter(**lea_filter(actor))
    if student_ids is None:
        rows = rows.filter(in_reach(actor)).order_by("effective_from", "pk")[: MOST + 1]
    else:
        rows = rows.filter(student_id__in=student_ids)
    return Asked(rows, _referrals_told)


def _referrals_told(rows: Iterable[Referral]) -> Iterator[Told]:
    for one in rows:
        wait = WAITS[waits_for(one.plan_given_on, one.answer_code)]
        record = replace(
            KINDS[Kind.REFERRAL], ends=wait.ends, stands=wait.stands, source=wait.source, holds="Nothing."
        )
        told = (
            f"Referred on {one.effective_from:%m/%d/%Y} by {party_words(one.referred_by_code)}. {wait.words}"
        )
        item = Unsettled(Kind.REFERRAL, one.effective_from, Owner.TEAM, told, record=record)
        yield one.student_id, one.lea_code, item


def _expecting(actor: Actor, student_ids: Sequence[int] | None) -> Asked:
    rows = expected_elsewhere(actor)
    if student_ids is None:
        rows = rows.filter(in_reach(actor)).order_by("pk")[: MOST + 1]
    else:
        rows = rows.filter(student_id__in=student_ids)
    return Asked(rows, told_of)


SOURCES: tuple[Source, ...] = (_arriving, _transferring, _held, _starting, _referred, _expecting)


# By the student's key and the LEA at which it is to settle.
ByRecord = dict[tuple[int, str], list[Unsettled]]


def unsettled_elsewhere(actor: Actor, student_ids: Sequence[int] | None) -> ByRecord:
    """What the other apps leave to settle, by student and LEA; one query, and of those held from the rollover what
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


def unsettled_in(asked: Iterable[Asked]) -> ByRecord:
    """The same, once its rows are read."""
    found: ByRecord = {}
    for one in asked:
        for pk, lea_code, item in one.told(one.rows):
            found.setdefault((pk, lea_code), []).append(item)
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


def unsaid_leaving(facts: Facts, lea_code: str, student: Student) -> Left | None:
    """The leaving by which the record is inactive today where the status does not say so: nothing more is recorded of
    such a student here before it is taken back."""
    leavings = leavings_of(student, lea_code)
    return standing_of(facts, lea_code, day=clock.today(), leavings=leavings).left_unsaid


def untold_leaving(facts: StudentFacts, lea_code: str, student: Student) -> Leaving | None:
    """The leaving by which the student is gone, where the state was told nothing of it, so that it can be taken back
    whenever it is wrong: before that no plan begins here. Of what the state was told, a plan adopted again is the
    way back."""
    today, leavings = clock.today(), leavings_of(student, lea_code)
    left = standing_of(facts, lea_code, day=today, leavings=leavings).left
    if left is None or not stays_gone(left, facts.enrollment_on(today, lea_code)):
        return None
    done = [one for one in leavings if one.state == "done" and one.leaves_on == left.on]
    return next((one for one in done if one.archive_id is None), None)


def stays_gone(left: Left | None, here: Enrollment | None) -> bool:
    """Who left stays so until that is taken back, or until the SIS enrolls the student anew (``here`` is the enrollment
    of the day); who only stopped to take part may still leave."""
    if left is None or left.reason_key in STAYS_ENROLLED:
        return False
    return here is None or here.effective_from <= left.on


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
        [
            InForce(one.lea_code, one.effective_from, one.effective_to, one.plan_type_code == IFSP)
            for one in facts.plans
        ],
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
