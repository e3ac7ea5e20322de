"""Answering and completing transfers of students between agencies of this installation, by people and by policies.

Each step is one conditional update in one transaction with what follows from it: relation, meeting, assignment, both
logs. Taken twice, it changes nothing the second time. Where the student is enrolled no step says: the SIS does.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction

from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.policies import TRANSFER_ACCEPT
from manzanita.domain.student_transfers import STEPS, Meeting, Obstacle, Side, State
from manzanita.findings.actions import mark_changed
from manzanita.meetings.actions import NotPossible, cancel_meeting, hand_over_meeting
from manzanita.meetings.models import Meeting as MeetingRow
from manzanita.orgs.queries import answers_of, member_codes, policies_of, policy_selpas
from manzanita.platform import clock
from manzanita.platform.changed import students_changed
from manzanita.platform.reach import whole_installation
from manzanita.procedures.assigning import candidates
from manzanita.procedures.student_transfer_base import (
    LONGEST,
    NotMoved,
    cause_of,
    disclose,
    not_enrolled,
    note,
    obstacles_of,
    open_meeting_there,
    reasons_against,
    require,
    selpa_of,
    tell,
    typed_wrong,
)
from manzanita.procedures.student_transfer_referral import hand_on, passing_of, reasons_not_chosen
from manzanita.students.actions import state_one
from manzanita.students.models import AgencyRelation
from manzanita.students.transfer_facts import (
    enrolled_by_sis,
    enrolled_from,
    left_by_sis,
)
from manzanita.transfers.actions import move
from manzanita.transfers.models import StudentTransfer
from manzanita.transfers.queries import side_of, waiting_transfers


def release(*, actor: Actor, transfer: StudentTransfer) -> bool:
    """Let the asking district read the record until the transfer ends."""
    with transaction.atomic():
        if transfer.released_at is not None:
            return False
        require(actor, transfer, "release")
        if not move(transfer, "release", released_at=clock.now(), released_by_id=actor.user_id):
            return False
        note(actor, "release_record", transfer)
        tell(transfer.receiving_code, "student-answered")
        return True


def reasons_not_to_accept(actor: Actor, transfer: StudentTransfer, meeting: str) -> list[Reason]:
    """Why it cannot be accepted now, with ``meeting`` chosen for one that is being prepared; empty where it can."""
    if reasons := reasons_against(actor, transfer, "accept"):
        return reasons
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
    return stopping


def accept(*, actor: Actor, transfer: StudentTransfer, meeting: str = "", words: str = "") -> bool:
    """Hand the record over: the receiving district has the student as incoming from today. ``meeting`` says what
    becomes of one that is being prepared (``domain.student_transfers.Meeting``)."""
    with transaction.atomic():
        if State(transfer.state) is State.ACCEPTED:
            return False
        if reasons := reasons_not_to_accept(actor, transfer, meeting):
            raise NotMoved(reasons)
        row = open_meeting_there(transfer)
        meeting_id = row.pk if row else None
        if not _accepted(transfer, by_id=actor.user_id, answer=words[:LONGEST], meeting_id=meeting_id):
            return False
        _resolve_meeting(actor, transfer, row, meeting, words)
        note(actor, "accept_student_transfer", transfer, words, {"meeting": meeting})
        disclose(actor, transfer, "disclosed", "The special education record, handed over by a transfer")
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
        require(actor, transfer, "escalate")
        if not move(transfer, "escalate", escalated_at=clock.now()):
            return False
        note(actor, "escalate_student_transfer", transfer)
        return True


def complete(
    *,
    actor: Actor,
    transfer: StudentTransfer,
    case_manager_id: int | None = None,
    referral: str = "",
    words: str = "",
) -> bool:
    """The student is here, as the SIS or an entry by hand says; the case manager named gets the case. ``referral`` says
    what becomes of one that waits at the former district (``student_transfer_referral.Choice``), ``words`` why not."""
    with transaction.atomic():
        if State(transfer.state) is State.COMPLETED:
            return False
        starts_on = enrolled_from(transfer.student_id, transfer.receiving_code)
        missing = [] if starts_on is not None else [not_enrolled(transfer)]
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
        passing = passing_of(transfer)
        missing += reasons_not_chosen(passing, referral, words)
        require(actor, transfer, "complete", missing)
        if not move(
            transfer,
            "complete",
            ended_at=clock.now(),
            ended_by_id=actor.user_id,
            case_manager_id=manager_id,
        ):
            return False
        end_relation(transfer, actor.user_id)
        if manager_id is not None:
            state_one(
                "assignment",
                slot={"student_id": transfer.student_id},
                values={"user_id": manager_id},
                effective_from=clock.today(),
                by_id=actor.user_id,
                cause=cause_of(transfer),
            )
        if passing is not None:
            try:
                hand_on(actor, transfer, referral, words)
            except NotPossible as refused:
                raise NotMoved(refused.reasons) from None
        note(actor, "complete_student_transfer", transfer, "", {"case_manager": manager_id})
        mark_changed([transfer.student_id])
        students_changed([transfer.student_id])
        return True


@whole_installation("what keeps a policy from answering is asked of both districts; only words come back")
def why_not_by_policy(transfer: StudentTransfer) -> list[Reason]:
    """Why no policy accepts this request by itself now; empty where one does."""
    policy = policies_of(selpa_of(transfer.sending_code))[TRANSFER_ACCEPT]
    if policy == "never":
        return [
            Reason(
                "policy-asks-people",
                "The SELPA's policy leaves every answer to the district.",
                Owner.COORDINATOR,
                "Answer the request.",
            )
        ]
    left_on = left_by_sis(transfer.student_id, transfer.sending_code)
    if left_on is None or left_on > transfer.enroll_on:
        return [
            Reason(
                "still-enrolled",
                "The sender's SIS does not say that the student has left by the day asked for.",
                Owner.SIS,
                "The next SIS file settles it, or answer the request by hand.",
            )
        ]
    if policy == "both" and enrolled_by_sis(transfer.student_id, transfer.receiving_code) is None:
        return [
            Reason(
                "not-yet-enrolled",
                "The SIS of the district that asks does not show the student enrolled, which the policy waits for.",
                Owner.SIS,
                "Its next SIS file settles it, or answer the request by hand.",
            )
        ]
    return [_as_reason(one) for one in obstacles_of(transfer) if one.stops or one.code == "meeting-open"]


@whole_installation("a policy of the SELPA answers for the district, without anybody of it")
def accept_by_policy(transfer: StudentTransfer) -> bool:
    """Accept where the policy of the sender's SELPA says so and nothing stands in the way."""
    if why_not_by_policy(transfer):
        return False
    selpa = selpa_of(transfer.sending_code)
    policy = policies_of(selpa)[TRANSFER_ACCEPT]
    made_by = next(one.by_id for one in answers_of(selpa) if one.key == TRANSFER_ACCEPT)
    with transaction.atomic():
        try:
            if not _accepted(transfer, by_id=None, accepted_by_policy=policy):
                return False
        except NotMoved:
            return False
        note(None, "accept_student_transfer", transfer, "", {"policy": policy})
        disclose(
            None, transfer, "disclosed", "The special education record, handed over by a transfer", made_by
        )
    return True


SETTLE_JOB = "transfers.settle"


@whole_installation("policies of all SELPAs answer")
def settle_by_policy() -> int:
    """Accept what policies accept by now; returns how many. Any number of workers may do it at once."""
    # One query where no SELPA ever answered the question otherwise than by default.
    answered = policy_selpas(TRANSFER_ACCEPT)
    codes = [code for selpa in answered for code in member_codes(selpa)]
    if not codes:
        return 0
    return sum(accept_by_policy(one) for one in waiting_transfers().filter(sending_code__in=codes))


def _end(actor: Actor, transfer: StudentTransfer, key: str, words: str, values: dict[str, object]) -> bool:
    becomes = STEPS[key].becomes
    with transaction.atomic():
        if State(transfer.state) is becomes:
            return False
        silent = (
            []
            if words.strip()
            else [typed_wrong("no-words", "Why: nothing is written. The other side reads it.")]
        )
        require(actor, transfer, key, silent)
        now = clock.now()
        if "decided_by_id" in values:
            values["decided_at"] = now
        if not move(transfer, key, ended_at=now, ended_by_id=actor.user_id, **values):
            return False
        end_relation(transfer, actor.user_id)
        note(actor, f"{key}_student_transfer", transfer, words)
        is_answer = side_of(actor, transfer) is not Side.RECEIVER
        other = transfer.receiving_code if is_answer else transfer.sending_code
        tell(other, "student-answered" if is_answer else "student-withdrawn")
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
            cause=cause_of(transfer),
        )
    tell(transfer.receiving_code, "student-answered")
    students_changed([transfer.student_id])
    return True


def end_relation(transfer: StudentTransfer, by_id: int | None) -> None:
    """The student is not only coming any more. Only what accepting stated is ended."""
    stated = AgencyRelation.objects.believed().filter(
        student_id=transfer.student_id, cause=cause_of(transfer), effective_to__isnull=True
    )
    if stated.exists():
        state_one(
            "agency",
            slot={"student_id": transfer.student_id, "relationship": "next_year"},
            values=None,
            effective_from=clock.today(),
            by_id=by_id,
            cause=cause_of(transfer),
        )


def _resolve_meeting(
    actor: Actor, transfer: StudentTransfer, row: MeetingRow | None, meeting: str, words: str
) -> None:
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


def _as_reason(one: Obstacle) -> Reason:
    return Reason(one.code, one.text, one.owner, one.way_out)
