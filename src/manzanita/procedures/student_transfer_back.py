"""What accepting a transfer does, said before, and taking an acceptance back while nothing was built on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction

from manzanita.archive.models import Archive
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.student_transfers import MEETING_WORDS, Meeting, State, why_not_back
from manzanita.meetings.actions import hand_over_meeting, reopen_canceled
from manzanita.meetings.models import Meeting as MeetingRow
from manzanita.platform.changed import students_changed
from manzanita.platform.reach import whole_installation
from manzanita.procedures.effects import Effect, long_day
from manzanita.procedures.student_transfer_base import (
    LONGEST,
    NotMoved,
    note,
    open_meeting_there,
    reasons_against,
    tell,
    typed_wrong,
)
from manzanita.procedures.student_transfer_referral import passing_of
from manzanita.procedures.student_transfers import end_relation, why_not_by_policy
from manzanita.students.transfer_facts import left_by_sis
from manzanita.transfers.actions import move
from manzanita.transfers.models import StudentTransfer

DAY = timedelta(days=1)


def accept_effects(transfer: StudentTransfer, to: str, meeting: str) -> Iterator[Effect]:
    """What accepting does now, what it leaves, and what comes after it; ``to`` is the name of the district that asks,
    ``meeting`` what is chosen for one that is being prepared."""
    yield Effect("opens", f"From today {to} has the record, and reads the whole of it.")
    if open_meeting_there(transfer) is not None and meeting in list(Meeting):
        yield Effect("meeting", f"{MEETING_WORDS[Meeting(meeting)]}.")
    if (passing := passing_of(transfer)) is not None:
        yield Effect(
            "referral",
            f"The referral of {passing.received_on:%m/%d/%Y} stays your district's, and its days run here, until "
            f"the student is enrolled there and {to} completes the transfer; then it is closed here as handed over.",
        )
    yield Effect("log", "A line of it stands in the log of disclosures that the parent may print.")
    yield Effect("nothing", "Nothing goes to the state, and no status, plan or service changes.")
    left_on = left_by_sis(transfer.student_id, transfer.sending_code)
    last = left_on or transfer.enroll_on - DAY
    yield Effect(
        "after",
        "Then record that the student leaves: moved, and goes on in special education in California, with "
        f"{long_day(last)} as the last day here. Until then the plan goes on at your district.",
    )
    yield Effect(
        "back",
        f"Until {to} completes it or records something of the student, your district can take the acceptance back; "
        "what was read by then was read.",
    )


def reasons_not_to_take_back(actor: Actor, transfer: StudentTransfer) -> list[Reason]:
    """Why the acceptance cannot be taken back by the actor now; empty where it can."""
    reasons = reasons_against(actor, transfer, "take_back")
    if reasons:
        return reasons
    found = why_not_back(has_archives=_has_archives_there(transfer), has_gone_on=_has_gone_on(transfer))
    if not found and not why_not_by_policy(transfer):
        found.append(
            Reason(
                "policy-accepts",
                "The SELPA's policy accepts this request by itself, so it would be accepted again at once.",
                Owner.SELPA,
                "The district that asked withdraws it; or the SELPA changes the policy.",
            )
        )
    return found


def take_back(*, actor: Actor, transfer: StudentTransfer, words: str) -> bool:
    """The request waits for an answer again, where it waited before; the meeting comes back as far as it was. ``False``
    where nothing is accepted any more. Raises ``NotMoved``."""
    with transaction.atomic():
        if State(transfer.state) in (State.REQUESTED, State.ESCALATED):
            return False
        reasons = reasons_not_to_take_back(actor, transfer)
        if not reasons and not words.strip():
            reasons = [typed_wrong("no-words", "Why: nothing is written. The other side reads it.")]
        if reasons:
            raise NotMoved(reasons)
        meeting_id = transfer.meeting_id
        becomes = State.ESCALATED if transfer.escalated_at else State.REQUESTED
        moved = move(
            transfer,
            "take_back",
            state=becomes.value,
            decided_by_id=None,
            decided_at=None,
            accepted_by_policy="",
            meeting_id=None,
            answer=words[:LONGEST],
        )
        if not moved:
            return False
        end_relation(transfer, actor.user_id)
        _bring_meeting_back(actor, transfer, meeting_id, words)
        note(actor, "take_back_acceptance", transfer, words)
        tell(transfer.receiving_code, "student-answered")
        students_changed([transfer.student_id])
        return True


@whole_installation("whether the other district has built on it; only yes or no comes back")
def _has_archives_there(transfer: StudentTransfer) -> bool:
    rows = Archive.objects.filter(
        student_id=transfer.student_id,
        lea_code=transfer.receiving_code,
        recorded_at__gte=transfer.decided_at,
        superseded_by__isnull=True,
        records__isnull=False,
    )
    return rows.exists()


@whole_installation(
    "whether the meeting that was handed over is still being prepared; only yes or no comes back"
)
def _has_gone_on(transfer: StudentTransfer) -> bool:
    rows = MeetingRow.objects.filter(pk=transfer.meeting_id, lea_code=transfer.receiving_code)
    return transfer.meeting_id is not None and rows.exclude(state="open").exists()


@whole_installation("a meeting that was handed over stands at the other district until it is brought back")
def _bring_meeting_back(actor: Actor, transfer: StudentTransfer, meeting_id: int | None, words: str) -> None:
    meeting = MeetingRow.objects.filter(pk=meeting_id).first() if meeting_id else None
    if meeting is None:
        return
    if meeting.lea_code == transfer.receiving_code:
        hand_over_meeting(actor=actor, meeting=meeting, to_lea=transfer.sending_code, reason=words)
    else:
        reopen_canceled(actor=actor, meeting_ids=[meeting.pk])
