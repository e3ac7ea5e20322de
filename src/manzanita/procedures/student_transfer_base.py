"""What the steps of a transfer share: what forbids one, what stands in the way, and what both sides are told."""

from __future__ import annotations

from collections.abc import Sequence

from manzanita.accounts.guest_mail import tell_coordinators
from manzanita.archive.queries import pending_archive
from manzanita.auditing.actions import log_change
from manzanita.auditing.disclosing import record_disclosure
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason, RefusedForReasons
from manzanita.domain.policies import TRANSFER_ESCALATE
from manzanita.domain.student_transfers import Obstacle, State, obstacles, why_not
from manzanita.exchange.holds import ON_ITS_WAY
from manzanita.exchange.queries import operations_of_student
from manzanita.meetings.models import Meeting as MeetingRow
from manzanita.meetings.queries import OPEN_STATES
from manzanita.meetings.referrals import waiting_referral
from manzanita.orgs.models import Agency
from manzanita.orgs.queries import policies_of
from manzanita.platform import clock
from manzanita.platform.reach import whole_installation
from manzanita.students.transfer_facts import (
    enrolled_from,
    has_status,
)
from manzanita.transfers.models import StudentTransfer
from manzanita.transfers.queries import side_of

LONGEST = 300


class NotMoved(RefusedForReasons):
    """The step was not taken, and nothing was written; ``reasons`` say why."""


@whole_installation(
    "both sides see what is still to settle; of the other side only codes and kind words come back"
)
def obstacles_of(transfer: StudentTransfer) -> list[Obstacle]:
    """What the sender has to settle before, or should know."""
    meeting = open_meeting_there(transfer)
    held = [
        one
        for one in operations_of_student(transfer.student_id)
        if one.lea_code == transfer.sending_code and one.hold_code not in ("", ON_ITS_WAY)
    ]
    referred = waiting_referral(transfer.student_id, transfer.sending_code)
    return obstacles(
        meeting_state=meeting.state if meeting else "",
        is_pending_at_state=meeting is not None and pending_archive(meeting.pk) is not None,
        held_count=len(held),
        has_status=has_status(transfer.student_id),
        referred_on=referred.effective_from if referred else None,
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
        reasons.append(not_enrolled(transfer))
    return reasons


def require(actor: Actor, transfer: StudentTransfer, key: str, more: Sequence[Reason] = ()) -> None:
    reasons = reasons_against(actor, transfer, key)
    # What the order already forbids needs no words about what is missing.
    if reasons := reasons or list(more):
        raise NotMoved(reasons)


def days_to_escalate(transfer: StudentTransfer) -> int:
    return int(policies_of(selpa_of(transfer.sending_code))[TRANSFER_ESCALATE])


def open_meeting_there(transfer: StudentTransfer) -> MeetingRow | None:
    return MeetingRow.objects.filter(
        student_id=transfer.student_id, lea_code=transfer.sending_code, state__in=OPEN_STATES
    ).first()


def not_enrolled(transfer: StudentTransfer) -> Reason:
    return Reason(
        "not-enrolled",
        f"No enrollment at your district holds today; the request expected {transfer.enroll_on:%m/%d/%Y}.",
        Owner.SIS,
        "Enroll the student in the SIS; the next SIS file brings it here.",
        source="GERR0005",
    )


def typed_wrong(code: str, text: str) -> Reason:
    return Reason(code, text, Owner.YOU, "Complete the form.")


def cause_of(transfer: StudentTransfer) -> str:
    return f"transfer:{transfer.pk}"


def selpa_of(lea_code: str) -> str:
    return Agency.objects.filter(code=lea_code).values_list("selpa_code", flat=True).first() or ""


def tell(lea_code: str, notice: str) -> None:
    agency = Agency.objects.filter(code=lea_code).first()
    if agency is not None:
        tell_coordinators(agency.pk, notice)


def note(
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


def disclose(
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
