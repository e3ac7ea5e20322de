"""A referral for assessment that waits where a student leaves: what the next district is told of it, and its handing
over when the transfer is completed.

The 15 days to the assessment plan bind the district that received the referral (EC 56321(a)). When the student moves
they end there unfinished; the district of today (child find, 34 CFR 300.111) goes on from the day on which it has both
the student and the record, or says why not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from manzanita.auditing.actions import log_change
from manzanita.deadlines.models import DueDate
from manzanita.domain.access import Actor
from manzanita.domain.clocks import CLOCKS
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.referrals import WAITS, Answer, Wait, party_words, waits_for
from manzanita.meetings.actions import NotPossible, lock_unmerged
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.meetings.referral_actions import (
    answer_referral,
    close_as_moved,
    receive_from_elsewhere,
)
from manzanita.meetings.referrals import last_end, waiting_referral
from manzanita.orgs.queries import agency_names
from manzanita.platform import clock
from manzanita.platform.reach import whole_installation
from manzanita.students.models import Referral, Student
from manzanita.students.transfer_facts import enrolled_from
from manzanita.transfers.models import StudentTransfer

_DAY = timedelta(days=1)
BINDS = "EC 56321(a), 56043(a): the 15 days bind the district that received the referral; 34 CFR 300.111"


class Choice(StrEnum):
    """What the district that asked does with the referral when it completes."""

    CONTINUE = "continue"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


CHOICE_WORDS = MappingProxyType(
    {
        Choice.CONTINUE: "Go on with it: an assessment plan is due from us",
        Choice.DECLINED: "We decline to assess: prior written notice to the parent is due from us",
        Choice.WITHDRAWN: "The parent has withdrawn it",
    }
)


@dataclass(frozen=True, slots=True)
class Due:
    """A clock of the district that received the referral: its title and the day it is due."""

    title: str
    due_on: date


@dataclass(frozen=True, slots=True)
class Passing:
    """The referral as far as the other district is told of it: days, codes and clocks; nobody's words, no concern.

    ``ours_since`` is the day of one that waits at the district that asks already: then that one goes on.
    """

    received_on: date
    party_code: str
    plan_given_on: date | None
    wait: Wait
    dues: Sequence[Due]
    ours_since: date | None

    @property
    def party(self) -> str:
        return party_words(self.party_code)


@whole_installation("a referral is read where it was received; days, codes and clocks of it come back")
def passing_of(transfer: StudentTransfer) -> Passing | None:
    """The referral that waits at the district that has the record; ``None`` without one. Whoever calls has asked
    whether the reader may know (``transfers.queries.preview_ground``), or is of that district."""
    row = waiting_referral(transfer.student_id, transfer.sending_code)
    if row is None:
        return None
    ours = waiting_referral(transfer.student_id, transfer.receiving_code)
    rows = DueDate.objects.filter(
        student=transfer.student_id, about=f"referral:{transfer.sending_code}", due_on__isnull=False
    )
    return Passing(
        row.effective_from,
        row.referred_by_code,
        row.plan_given_on,
        WAITS[waits_for(row.plan_given_on, row.answer_code)],
        [Due(CLOCKS[one.clock].title, one.due_on) for one in rows.order_by("due_on", "clock") if one.due_on],
        ours.effective_from if ours else None,
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """An initial evaluation that was handed over in the middle: the consent it began with, and when it is due by the
    state, which counts on from that consent."""

    consent_on: date
    due_on: date | None


MOVED_LAW = "EC 56302.1(b)(1); 34 CFR 300.301(d)(2), (e)"


def evaluation_moved(transfer: StudentTransfer) -> Moved | None:
    """The evaluation that goes on at the district that asked; ``None`` where none was handed over."""
    rows = Meeting.objects.filter(
        pk=transfer.meeting_id,
        lea_code=transfer.receiving_code,
        consent_on__isnull=False,
        state__in=OPEN_STATES,
    )
    found = rows.values_list("consent_on", "evaluation_due_on").first()
    return Moved(*found) if transfer.meeting_id is not None and found is not None else None


def goes_on_from(transfer: StudentTransfer) -> date | None:
    """The first day on which the district that asked has both the student and the record, and on which none of its own
    is still there: a new one comes after the end of the last. ``None`` before."""
    starts_on = enrolled_from(transfer.student_id, transfer.receiving_code)
    if starts_on is None or transfer.decided_at is None:
        return None
    day = max(starts_on, clock.day_of(transfer.decided_at))
    ended_on = last_end(transfer.student_id, transfer.receiving_code)
    return day if ended_on is None else max(day, ended_on + _DAY)


def reasons_not_chosen(passing: Passing | None, choice: str, words: str) -> list[Reason]:
    """What is missing of the choice that a referral asks for when the transfer is completed."""
    if passing is None or passing.ours_since is not None:
        return []
    if choice not in set(Choice):
        return [
            Reason(
                "referral-undecided",
                f"A referral of {passing.received_on:%m/%d/%Y} waits at the other district, and nothing is said of "
                "what becomes of it.",
                Owner.TEAM,
                "Choose: go on with it, or why not.",
                source=BINDS,
            )
        ]
    if choice != Choice.CONTINUE and not words.strip():
        return [
            Reason(
                "referral-words",
                "Why the referral does not go on here: nothing is written.",
                Owner.YOU,
                "Write it in a sentence. It stays in the record.",
                source=BINDS,
            )
        ]
    return []


def hand_on(actor: Actor, transfer: StudentTransfer, choice: str, words: str) -> None:
    """Close the referral where it was received, and begin it at the district that asked, with what it said of it.
    Raises ``NotPossible``."""
    student = Student.unscoped.get(pk=transfer.student_id)
    lock_unmerged(student)
    # Read only now: until the lock either district could still change its own.
    passing = passing_of(transfer)
    if reasons := reasons_not_chosen(passing, choice, words):
        raise NotPossible(reasons)
    names = agency_names({transfer.sending_code, transfer.receiving_code})
    sender, to = (names.get(code, code) for code in (transfer.sending_code, transfer.receiving_code))
    row, day = _row_of_sender(transfer), goes_on_from(transfer)
    if row is None or passing is None or day is None:
        return
    day = max(day, row.effective_from)
    close_as_moved(row=row, on=day, to=to, by_id=actor.user_id)
    if passing.ours_since is None:
        new = receive_from_elsewhere(
            actor=actor,
            student=student,
            on=day,
            party_code=passing.party_code,
            note=_told(passing, sender),
        )
        if choice != Choice.CONTINUE:
            answer_referral(
                actor=actor,
                student=student,
                seen=new.pk,
                answer=Answer(choice),
                on=clock.today() if choice == Choice.WITHDRAWN else None,
                reason=words,
            )
    log_change(
        actor=None,
        action="close_moved_referral",
        student_id=student.pk,
        subject=row,
        reason=f"The student moved to {to}, which has the referral now.",
        detail={"to": transfer.receiving_code},
        lea_code=transfer.sending_code,
    )


@whole_installation("the referral stands at the district that received it")
def _row_of_sender(transfer: StudentTransfer) -> Referral | None:
    return waiting_referral(transfer.student_id, transfer.sending_code)


def _told(passing: Passing, sender: str) -> str:
    """What the record of the next district says of where the referral comes from."""
    today = clock.today()
    dues = "".join(
        f" {one.title}: due there on {one.due_on:%m/%d/%Y}{', not met' if one.due_on < today else ''}."
        for one in passing.dues
    )
    given = (
        f" Assessment plan given there on {passing.plan_given_on:%m/%d/%Y}, and no consent came."
        if passing.plan_given_on
        else ""
    )
    return f"Handed over by {sender}: referred there on {passing.received_on:%m/%d/%Y}.{given}{dues}"
