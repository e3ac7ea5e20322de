"""Transfers of students between agencies of this installation: asking, answering, completing.

Each step is one conditional update in one transaction with what follows from it: relation, meeting, assignment, both
logs. Taken twice, it changes nothing the second time. Where the student is enrolled no step says: the SIS does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction

from manzanita.accounts.guest_mail import tell_coordinators
from manzanita.archive.queries import pending_archive
from manzanita.auditing.actions import log_change
from manzanita.auditing.disclosing import record_disclosure
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.policies import TRANSFER_ACCEPT, TRANSFER_ESCALATE
from manzanita.domain.student_transfers import STEPS, Meeting, Obstacle, Side, State, obstacles, why_not
from manzanita.exchange.holds import ON_ITS_WAY
from manzanita.exchange.queries import operations_of_student
from manzanita.findings.actions import mark_changed
from manzanita.meetings.actions import NotPossible, cancel_meeting, hand_over_meeting
from manzanita.meetings.models import Meeting as MeetingRow
from manzanita.meetings.queries import OPEN_STATES
from manzanita.orgs.models import Agency
from manzanita.orgs.queries import answers_of, policies_of, schools_by_code
from manzanita.platform import clock
from manzanita.platform.changed import students_changed
from manzanita.platform.reach import whole_installation
from manzanita.procedures.assigning import candidates
from manzanita.students.actions import state_one
from manzanita.students.models import AgencyRelation
from manzanita.students.transfer_facts import (
    enrolled_by_sis,
    enrolled_from,
    has_status,
    left_by_sis,
    record_holder,
)
from manzanita.transfers.actions import ask, move
from manzanita.transfers.models import StudentTransfer
from manzanita.transfers.queries import side_of, waiting_transfers

LONGEST = 300
MOST_DAYS_AHEAD, MOST_DAYS_BACK = 370, 365
_SOURCE = "34 CFR 99.31(a)(2), 99.34; 5 CCR 3024(a)"


class NotMoved(Exception):
    """The step was not taken, and nothing was written; ``reasons`` say why."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(", ".join(reason.code for reason in reasons))
        self.reasons = list(reasons)


@dataclass(frozen=True, slots=True)
class Attested:
    """The typed statement that somebody intends to enroll the student: who said it, as what, on which day."""

    name: str
    role: str
    on: date | None
    words: str

    @property
    def is_empty(self) -> bool:
        return not (self.name or self.role or self.words)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the asking district says with its request."""

    called: str
    enroll_on: date | None
    school_code: str = ""
    case_manager_id: int | None = None
    reason: str = ""
    attested: Attested = Attested("", "", None, "")


@transaction.atomic
def request_student(*, actor: Actor, student_id: int, wanted: Wanted) -> tuple[StudentTransfer, bool]:
    """Ask the district that has the record for the student; the open transfer, and whether it was made now.

    Where the policy of the other district's SELPA allows it, the transfer is accepted at once. Raises ``NotMoved``.
    """
    holder = Agency.objects.filter(code=record_holder(student_id, actor.agency_code)).first()
    reasons = [*_may_ask(actor, holder), *_wrong(actor, wanted)]
    if reasons or holder is None or wanted.enroll_on is None:
        raise NotMoved(reasons)
    attested = wanted.attested
    transfer, is_new = ask(
        student_id=student_id,
        receiving_code=actor.agency_code,
        sending_code=holder.code,
        called=wanted.called[:120],
        enroll_on=wanted.enroll_on,
        school_code=wanted.school_code,
        case_manager_id=wanted.case_manager_id,
        reason=wanted.reason[:LONGEST],
        asked_by_id=actor.user_id,
        **({} if attested.is_empty else _attested(actor, attested)),
    )
    if is_new:
        _log(actor, "request_student", transfer, wanted.reason)
        _disclose(
            actor, transfer, "requested", "The special education record, asked for by a transfer request"
        )
        tell_coordinators(holder.pk, "student-asked-for")
        accept_by_policy(transfer)
    return transfer, is_new


def attest(*, actor: Actor, transfer: StudentTransfer, attested: Attested) -> bool:
    """A named person of the asking district says that the student is to be enrolled; ``False`` where that was said
    already."""
    with transaction.atomic():
        if transfer.attested_on is not None:
            return False
        _require(actor, transfer, "attest", _attestation_wrong(attested))
        if not move(transfer, "attest", **_attested(actor, attested)):
            return False
        _log(actor, "attest_enrollment", transfer, attested.words)
        return True


def release(*, actor: Actor, transfer: StudentTransfer) -> bool:
    """Let the asking district read the record until the transfer ends."""
    with transaction.atomic():
        if transfer.released_at is not None:
            return False
        _require(actor, transfer, "release")
        if not move(transfer, "release", released_at=clock.now(), released_by_id=actor.user_id):
            return False
        _log(actor, "release_record", transfer)
        _tell(transfer.receiving_code, "student-answered")
        return True


def accept(*, actor: Actor, transfer: StudentTransfer, meeting: str = "", words: str = "") -> bool:
    """Hand the record over: the receiving district has the student as incoming from today. ``meeting`` says what
    becomes of one that is being prepared (``domain.student_transfers.Meeting``)."""
    with transaction.atomic():
        if State(transfer.state) is State.ACCEPTED:
            return False
        found = obstacles_of(transfer)
        stopping = [_as_reason(one) for one in found if one.stops]
        if any(one.code == "meeting-open" for one in found) and meeting not in list(Meeting):
            stopping.append(
                Reason(
                    "meeting-undecided",
                    "A meeting is being prepared, and nothing is said of what becomes of it.",
                    Owner.TEAM,
                    "Choose: hand it over, or close it.",
                )
            )
        _require(actor, transfer, "accept", stopping)
        if not _accepted(transfer, by_id=actor.user_id, answer=words[:LONGEST]):
            return False
        _resolve_meeting(actor, transfer, meeting, words)
        _log(actor, "accept_student_transfer", transfer, words, {"meeting": meeting})
        _disclose(actor, transfer, "disclosed", "The special education record, handed over by a transfer")
        return True


def decline(*, actor: Actor, transfer: StudentTransfer, words: str) -> bool:
    return _end(
        actor, transfer, "decline", words, {"answer": words[:LONGEST], "decided_by_id": actor.user_id}
    )


def withdraw(*, actor: Actor, transfer: StudentTransfer, words: str) -> bool:
    """The student does not come, or was asked for by mistake. What accepting began is ended."""
    return _end(actor, transfer, "withdraw", words, {"answer": words[:LONGEST]})


def escalate(*, actor: Actor, transfer: StudentTransfer) -> bool:
    with transaction.atomic():
        if State(transfer.state) is State.ESCALATED:
            return False
        _require(actor, transfer, "escalate")
        if not move(transfer, "escalate", escalated_at=clock.now()):
            return False
        _log(actor, "escalate_student_transfer", transfer)
        return True


def complete(*, actor: Actor, transfer: StudentTransfer, case_manager_id: int | None = None) -> bool:
    """The student is here, as the SIS or an entry by hand says; the case manager named gets the case."""
    with transaction.atomic():
        if State(transfer.state) is State.COMPLETED:
            return False
        starts_on = enrolled_from(transfer.student_id, transfer.receiving_code)
        missing = [] if starts_on is not None else [_not_enrolled(transfer)]
        manager_id = case_manager_id or transfer.case_manager_id
        if manager_id is not None and manager_id not in {one.pk for one in candidates(actor)["assignment"]}:
            missing.append(
                Reason(
                    "case-manager",
                    "The case manager who was named cannot have cases here any more.",
                    Owner.COORDINATOR,
                    "Choose another one, or nobody for now.",
                )
            )
        _require(actor, transfer, "complete", missing)
        if not move(
            transfer,
            "complete",
            ended_at=clock.now(),
            ended_by_id=actor.user_id,
            case_manager_id=manager_id,
        ):
            return False
        _end_relation(transfer, actor.user_id)
        if manager_id is not None:
            state_one(
                "assignment",
                slot={"student_id": transfer.student_id},
                values={"user_id": manager_id},
                effective_from=clock.today(),
                by_id=actor.user_id,
                cause=_cause(transfer),
            )
        _log(actor, "complete_student_transfer", transfer, "", {"case_manager": manager_id})
        mark_changed([transfer.student_id])
        students_changed([transfer.student_id])
        return True


@whole_installation(
    "both sides see what is still to settle; of the other side only codes and kind words come back"
)
def obstacles_of(transfer: StudentTransfer) -> list[Obstacle]:
    """What the sender has to settle before, or should know."""
    meeting = _open_meeting(transfer)
    held = [
        one
        for one in operations_of_student(transfer.student_id)
        if one.lea_code == transfer.sending_code and one.hold_code not in ("", ON_ITS_WAY)
    ]
    return obstacles(
        meeting_state=meeting.state if meeting else "",
        is_pending_at_state=meeting is not None and pending_archive(meeting.pk) is not None,
        held_count=len(held),
        has_status=has_status(transfer.student_id),
    )


def reasons_against(actor: Actor, transfer: StudentTransfer, key: str) -> list[Reason]:
    """Why the actor may not take the step now, apart from what is typed for it."""
    reasons = why_not(
        key,
        State(transfer.state),
        side_of(actor, transfer),
        asked_on=clock.day_of(transfer.asked_at),
        today=clock.today(),
        days_to_escalate=days_to_escalate(transfer),
    )
    if key == "complete" and not reasons and not enrolled_from(transfer.student_id, transfer.receiving_code):
        reasons.append(_not_enrolled(transfer))
    return reasons


def days_to_escalate(transfer: StudentTransfer) -> int:
    return int(policies_of(_selpa_of(transfer.sending_code))[TRANSFER_ESCALATE])


@whole_installation("a policy of the SELPA answers for the district, without anybody of it")
def accept_by_policy(transfer: StudentTransfer) -> bool:
    """Accept where the policy of the sender's SELPA says so and nothing stands in the way."""
    selpa = _selpa_of(transfer.sending_code)
    policy = policies_of(selpa)[TRANSFER_ACCEPT]
    if policy == "never":
        return False
    left_on = left_by_sis(transfer.student_id, transfer.sending_code)
    if left_on is None or left_on > transfer.enroll_on:
        return False
    if policy == "both" and enrolled_by_sis(transfer.student_id, transfer.receiving_code) is None:
        return False
    if any(one.stops or one.code == "meeting-open" for one in obstacles_of(transfer)):
        return False
    made_by = next(one.by_id for one in answers_of(selpa) if one.key == TRANSFER_ACCEPT)
    with transaction.atomic():
        try:
            if not _accepted(transfer, by_id=None, accepted_by_policy=policy):
                return False
        except NotMoved:
            return False
        _log(None, "accept_student_transfer", transfer, "", {"policy": policy})
        _disclose(
            None, transfer, "disclosed", "The special education record, handed over by a transfer", made_by
        )
    return True


@whole_installation("policies of all SELPAs answer")
def settle_by_policy() -> int:
    """Accept what policies accept by now; returns how many. Any number of workers may do it at once."""
    return sum(accept_by_policy(one) for one in waiting_transfers())


def _may_ask(actor: Actor, holder: Agency | None) -> list[Reason]:
    reasons = []
    if not actor.may(Capability.TRANSFER_STUDENT) or actor.perspective.scope is not Scope.AGENCY:
        reasons.append(
            Reason(
                "may-not-ask",
                f"As {actor.perspective.label} nobody asks for students: a district does.",
                Owner.COORDINATOR,
                "The SEDS coordinator or the clerk of the receiving district asks.",
            )
        )
    if holder is None or holder.kind not in ("lea", "coe"):
        reasons.append(
            Reason(
                "nobody-to-ask",
                "No other district of this installation has a record of the student.",
                Owner.COORDINATOR,
                "Ask the former district for the portable file, or for the papers.",
            )
        )
    return reasons


def _wrong(actor: Actor, wanted: Wanted) -> list[Reason]:
    today, reasons = clock.today(), []
    if not wanted.called:
        reasons.append(_typed("called", "What you call the student: nothing is written."))
    if wanted.enroll_on is None:
        reasons.append(_typed("enroll-on", "Day of enrollment: missing, or no date."))
    elif not -MOST_DAYS_BACK <= (wanted.enroll_on - today).days <= MOST_DAYS_AHEAD:
        reasons.append(_typed("enroll-on", "Day of enrollment: more than a year away. Check the year."))
    if wanted.school_code and not any(
        school.agency.code == actor.agency_code for school in schools_by_code([wanted.school_code])
    ):
        reasons.append(_typed("school", f"School: choose one of {actor.agency_name}."))
    if wanted.case_manager_id is not None:
        able = {one.pk for one in candidates(actor)["assignment"]}
        if wanted.case_manager_id not in able:
            reasons.append(_typed("case-manager", "Case manager: choose somebody who can have cases here."))
    if not wanted.attested.is_empty:
        reasons += _attestation_wrong(wanted.attested)
    return reasons


def _attestation_wrong(attested: Attested) -> list[Reason]:
    reasons = []
    for text, label in (
        (attested.name, "Who attests"),
        (attested.role, "Role"),
        (attested.words, "Statement"),
    ):
        if not text.strip():
            reasons.append(_typed("attestation", f"{label}: nothing is written."))
    if attested.on is None or attested.on > clock.today():
        reasons.append(_typed("attestation", "Day of the statement: missing, or still to come."))
    return reasons


def _typed(code: str, text: str) -> Reason:
    return Reason(code, text, Owner.COORDINATOR, "Complete the form.")


def _attested(actor: Actor, attested: Attested) -> dict[str, object]:
    return {
        "attested_name": attested.name.strip()[:120],
        "attested_role": attested.role.strip()[:120],
        "attested_on": attested.on,
        "attested_words": attested.words.strip()[:LONGEST],
        "attested_by_id": actor.user_id,
    }


def _require(actor: Actor, transfer: StudentTransfer, key: str, more: Sequence[Reason] = ()) -> None:
    reasons = reasons_against(actor, transfer, key)
    # What the order already forbids needs no words about what is missing.
    if reasons := reasons or list(more):
        raise NotMoved(reasons)


def _end(actor: Actor, transfer: StudentTransfer, key: str, words: str, values: dict[str, object]) -> bool:
    becomes = STEPS[key].becomes
    with transaction.atomic():
        if State(transfer.state) is becomes:
            return False
        silent = (
            [] if words.strip() else [_typed("no-words", "Why: nothing is written. The other side reads it.")]
        )
        _require(actor, transfer, key, silent)
        now = clock.now()
        if "decided_by_id" in values:
            values["decided_at"] = now
        if not move(transfer, key, ended_at=now, ended_by_id=actor.user_id, **values):
            return False
        _end_relation(transfer, actor.user_id)
        _log(actor, f"{key}_student_transfer", transfer, words)
        is_answer = side_of(actor, transfer) is not Side.RECEIVER
        other = transfer.receiving_code if is_answer else transfer.sending_code
        _tell(other, "student-answered" if is_answer else "student-withdrawn")
        return True


def _accepted(transfer: StudentTransfer, *, by_id: int | None, **values: object) -> bool:
    """The move itself and what always follows; for people and for policies."""
    try:
        with transaction.atomic():
            moved = move(transfer, "accept", decided_by_id=by_id, decided_at=clock.now(), **values)
    except IntegrityError:
        raise NotMoved(
            [
                Reason(
                    "accepted-elsewhere",
                    "The record is being handed over to another district, which has not completed that yet.",
                    Owner.COORDINATOR,
                    "Wait until it completes or withdraws; call it.",
                )
            ]
        ) from None
    if not moved:
        return False
    if enrolled_from(transfer.student_id, transfer.receiving_code) is None:
        state_one(
            "agency",
            slot={"student_id": transfer.student_id, "relationship": "next_year"},
            values={"agency_code": transfer.receiving_code, "school_code": transfer.school_code},
            effective_from=clock.today(),
            by_id=by_id,
            cause=_cause(transfer),
        )
    _tell(transfer.receiving_code, "student-answered")
    students_changed([transfer.student_id])
    return True


def _end_relation(transfer: StudentTransfer, by_id: int | None) -> None:
    """The student is not only coming any more. Only what accepting stated is ended."""
    stated = AgencyRelation.objects.believed().filter(
        student_id=transfer.student_id, cause=_cause(transfer), effective_to__isnull=True
    )
    if stated.exists():
        state_one(
            "agency",
            slot={"student_id": transfer.student_id, "relationship": "next_year"},
            values=None,
            effective_from=clock.today(),
            by_id=by_id,
            cause=_cause(transfer),
        )


def _resolve_meeting(actor: Actor, transfer: StudentTransfer, meeting: str, words: str) -> None:
    row = _open_meeting(transfer)
    if row is None:
        return
    reason = words or f"The student is handed over to {transfer.receiving_code}."
    if meeting == Meeting.HAND_OVER:
        hand_over_meeting(actor=actor, meeting=row, to_lea=transfer.receiving_code, reason=reason)
        return
    try:
        cancel_meeting(actor=actor, meeting=row, reason=reason)
    except NotPossible as refused:
        raise NotMoved(refused.reasons) from None


def _open_meeting(transfer: StudentTransfer) -> MeetingRow | None:
    return MeetingRow.objects.filter(
        student_id=transfer.student_id, lea_code=transfer.sending_code, state__in=OPEN_STATES
    ).first()


def _not_enrolled(transfer: StudentTransfer) -> Reason:
    return Reason(
        "not-enrolled",
        f"No enrollment at your district holds today; you expected {transfer.enroll_on:%m/%d/%Y}.",
        Owner.SIS,
        "Enroll the student in the SIS; the next SIS file brings it here.",
    )


def _as_reason(one: Obstacle) -> Reason:
    return Reason(one.code, one.text, one.owner, one.way_out)


def _cause(transfer: StudentTransfer) -> str:
    return f"transfer:{transfer.pk}"


def _selpa_of(lea_code: str) -> str:
    return Agency.objects.filter(code=lea_code).values_list("selpa_code", flat=True).first() or ""


def _tell(lea_code: str, notice: str) -> None:
    agency = Agency.objects.filter(code=lea_code).first()
    if agency is not None:
        tell_coordinators(agency.pk, notice)


def _log(
    actor: Actor | None,
    action: str,
    transfer: StudentTransfer,
    reason: str = "",
    detail: dict[str, object] | None = None,
) -> None:
    log_change(
        actor=actor,
        action=action,
        student_id=transfer.student_id,
        subject=transfer,
        reason=reason,
        detail={"to": transfer.receiving_code, "from": transfer.sending_code, **(detail or {})},
        lea_code=transfer.sending_code,
    )


def _disclose(
    actor: Actor | None, transfer: StudentTransfer, kind: str, what: str, by_id: int | None = None
) -> None:
    """A line of the log that the parent may print, in the name of the district whose record it is."""
    receiving = Agency.objects.get(code=transfer.receiving_code)
    record_disclosure(
        actor=actor,
        student_id=transfer.student_id,
        kind=kind,
        on=clock.today(),
        party=receiving.name,
        authority_code="enrolling",
        interest=f"The student is to enroll there on {transfer.enroll_on:%m/%d/%Y}.",
        purpose="To go on with the student's program after a move",
        what=what,
        lea_code=transfer.sending_code,
        by_id=by_id,
    )


def disclose_look(actor: Actor, transfer: StudentTransfer, ground: str) -> None:
    """One look of the asking district through the transfer."""
    record_disclosure(
        actor=actor,
        student_id=transfer.student_id,
        kind="disclosed",
        on=clock.today(),
        party=f"{actor.agency_name}: {actor.person_name}, {actor.perspective.label}"[:200],
        authority_code="enrolling",
        interest=ground[:LONGEST],
        purpose="To prepare for the student before the record is handed over",
        what="The special education record, read on screen; confidential addresses left out",
        lea_code=transfer.sending_code,
    )
