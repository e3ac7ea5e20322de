"""Every write of referrals: recorded, corrected, the assessment plan given, withdrawn or declined, taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.referrals import (
    LONGEST_NOTE,
    WAITS,
    Answer,
    Asked,
    Waits,
    reasons_against_days,
    reasons_against_step,
    reasons_not_to_refer,
)
from manzanita.meetings.actions import NotPossible, lock_unmerged
from manzanita.meetings.models import Meeting
from manzanita.meetings.referrals import referrals_of, waiting_in
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Referral, Student

CAUSE = "referral"


@dataclass(frozen=True, slots=True)
class Received:
    """What a referral says: when it came, from whom (``ReferringParty``), and the concern in a sentence."""

    on: date | None
    by_code: str
    note: str = ""


@transaction.atomic
def record_referral(*, actor: Actor, student: Student, asked: Asked, received: Received) -> Referral:
    """A referral came. The same sent twice is one. Raises ``NotPossible``."""
    lock_unmerged(student)
    known = _known(student, actor)
    if known.standing is not None:
        if _says(known.standing) == received:
            return known.standing
        # Somebody else was faster than the page.
        asked = replace(asked, waits_since=known.standing.effective_from)
    _refuse(*reasons_not_to_refer(asked), *_against_days(student, known, received))
    assert received.on is not None
    values = _received(received) | {"plan_given_on": None, "answer_code": "", "answer_note": ""}
    row = _state(actor, student, None, values, received.on, None)
    _log(actor, row, "record_referral", row.note)
    return row


@transaction.atomic
def correct_referral(
    *, actor: Actor, student: Student, seen: int, received: Received, reason: str
) -> Referral:
    """Day, party or concern were entered wrongly. The same again writes nothing. Raises ``NotPossible``."""
    lock_unmerged(student)
    known = _known(student, actor)
    old = _seen(known.standing, seen)
    if _says(old) == received:
        return old
    _refuse(
        *_against_days(student, known, received),
        *_unsaid(reason, "The days of the assessment plan move with it, so a correction says why."),
    )
    assert received.on is not None
    row = _state(actor, student, old, _received(received), received.on, None)
    _log(actor, row, "correct_referral", reason)
    return row


@transaction.atomic
def give_plan(*, actor: Actor, student: Student, seen: int, on: date | None) -> Referral:
    """The parent was given the proposed assessment plan: that clock has ended. Raises ``NotPossible``."""
    lock_unmerged(student)
    old = _seen(_known(student, actor).standing, seen)
    what = "the assessment plan was given"
    _refuse(*reasons_against_step(on, what, referred_on=old.effective_from, today=clock.today()))
    row = _state(actor, student, old, {"plan_given_on": on, "answer_code": "", "answer_note": ""})
    _log(actor, row, "give_assessment_plan", "")
    return row


@transaction.atomic
def answer_referral(
    *, actor: Actor, student: Student, seen: int, answer: Answer, on: date | None, reason: str
) -> Referral:
    """It was withdrawn on ``on``; or the district declines to assess, and ``on`` is the day on which the parent got the
    prior written notice. Without that day the referral goes on to wait for the notice. Raises ``NotPossible``."""
    lock_unmerged(student)
    old = _seen(_known(student, actor).standing, seen)
    is_declined = answer is Answer.DECLINED
    what = "the parent was given the prior written notice" if is_declined else "the referral was withdrawn"
    why = "A referral that leads to no evaluation stays in the record with the reason."
    reasons = _unsaid(reason, why)
    if on is not None or not is_declined:
        reasons += reasons_against_step(on, what, referred_on=old.effective_from, today=clock.today())
    _refuse(*reasons)
    values = {"answer_code": str(answer), "answer_note": _words(reason)}
    row = _state(actor, student, old, values, None, on)
    _log(actor, row, f"{'decline' if is_declined else 'withdraw'}_referral", reason)
    return row


@transaction.atomic
def close_as_moved(*, row: Referral, on: date, to: str, by_id: int) -> Referral:
    """The student has moved: the referral ends at the LEA that received it, on the day on which ``to`` has it. What it
    said stays."""
    content = {name: getattr(row, name) for name in Referral.content}
    content |= {"answer_code": str(Answer.MOVED), "answer_note": _words(f"Handed over to {to}")}
    slot = {"student_id": row.student_id, "lea_code": row.lea_code}
    statements = [
        Statement(slot, None, row.effective_from, row.effective_to),
        Statement(slot, content, row.effective_from, on),
    ]
    rows = state_student_facts("referral", statements, by_id=by_id, cause=CAUSE)
    return next(one for one in rows if one.effective_from == row.effective_from)


@transaction.atomic
def receive_from_elsewhere(
    *, actor: Actor, student: Student, on: date, party_code: str, note: str
) -> Referral:
    """A referral of the LEA that the student has left goes on here, as one received ``on`` the day on which this LEA
    had both the student and the record: its days run from then. Raises ``NotPossible``."""
    lock_unmerged(student)
    known = _known(student, actor)
    if known.standing is not None:
        # It would be written over, and with it what the district owes.
        _refuse(_own_first(known.standing))
    if on > clock.today():
        _refuse(_to_come(on))
    received = Received(on, party_code, note)
    _refuse(*_against_days(student, known, received))
    values = _received(received) | {"plan_given_on": None, "answer_code": "", "answer_note": ""}
    row = _state(actor, student, None, values, on, None)
    _log(actor, row, "receive_referral", row.note)
    return row


@transaction.atomic
def take_back_step(*, actor: Actor, student: Student, seen: int) -> Referral | None:
    """Take the last step of the newest referral back: its answer, the plan given, or, where it has neither, the
    referral itself, which then never was; ``None`` stands for that. Raises ``NotPossible``."""
    lock_unmerged(student)
    old = _seen(_known(student, actor).newest, seen)
    if old.answer_code == Answer.MOVED:
        _refuse(_moved())
    if old.answer_code:
        row = _state(actor, student, old, {"answer_code": "", "answer_note": ""}, None, None)
    elif old.plan_given_on:
        row = _state(actor, student, old, {"plan_given_on": None}, None, old.effective_to)
    else:
        _stated(
            actor, student, [Statement(_slot(student, actor), None, old.effective_from, old.effective_to)]
        )
        _log(actor, old, "take_back_referral", "")
        return None
    _log(actor, row, "take_back_referral_step", "")
    return row


@dataclass(frozen=True, slots=True)
class _Known:
    """``standing`` waits; ``newest`` may have its answer taken back; ``over_on`` is the last day of what came before:
    a referral that ended, or a consent."""

    standing: Referral | None
    newest: Referral | None
    over_on: date | None


def _known(student: Student, actor: Actor) -> _Known:
    rows = list(referrals_of(student.pk).filter(lea_code=actor.agency_code))
    meetings = list(Meeting.objects.filter(student=student, consent_on__isnull=False))
    standing = waiting_in(rows, meetings)
    ends = [one.effective_to for one in rows] + [
        one.consent_on for one in meetings if one.state != "canceled"
    ]
    newest = rows[-1] if rows and (rows[-1] is standing or rows[-1].answer_code) else None
    return _Known(standing, newest, max((day for day in ends if day), default=None))


def _seen(row: Referral | None, seen: int) -> Referral:
    """The row, where it is what the person saw."""
    if row is None or row.pk != seen:
        raise NotPossible([_changed()])
    return row


def _against_days(student: Student, known: _Known, received: Received) -> Iterator[Reason]:
    return reasons_against_days(
        received.on,
        received.by_code,
        today=clock.today(),
        birth_on=student.birth_on,
        over_on=known.over_on,
        plan_given_on=known.standing.plan_given_on if known.standing else None,
    )


def _says(row: Referral) -> Received:
    return Received(row.effective_from, row.referred_by_code, row.note)


def _received(received: Received) -> dict[str, Any]:
    return {"referred_by_code": received.by_code, "note": _words(received.note)}


def _state(
    actor: Actor,
    student: Student,
    old: Referral | None,
    values: Mapping[str, Any],
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> Referral:
    """State a referral in the place of ``old``, of which everything stays that is not said anew."""
    slot, statements, kept = _slot(student, actor), [], {}
    if old is not None:
        statements.append(Statement(slot, None, old.effective_from, old.effective_to))
        kept = {name: getattr(old, name) for name in Referral.content}
        starts_on = starts_on or old.effective_from
    assert starts_on is not None
    rows = _stated(actor, student, [*statements, Statement(slot, kept | values, starts_on, ends_on)])
    return next(one for one in rows if one.effective_from == starts_on)


def _stated(actor: Actor, student: Student, statements: list[Statement]) -> list[Any]:
    return state_student_facts("referral", statements, by_id=actor.user_id, cause=CAUSE)


def _slot(student: Student, actor: Actor) -> dict[str, Any]:
    return {"student_id": student.pk, "lea_code": actor.agency_code}


def _log(actor: Actor, row: Referral, action: str, reason: str) -> None:
    log_change(
        actor=actor,
        action=action,
        student_id=row.student_id,
        subject=row,
        reason=_words(reason),
    )


def _words(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:LONGEST_NOTE]


def _refuse(*reasons: Reason) -> None:
    if reasons:
        raise NotPossible(reasons)


def _unsaid(reason: str, why: str) -> list[Reason]:
    return [] if _words(reason) else [Reason("no-reason", why, Owner.YOU, "Write the reason in a sentence.")]


def _own_first(standing: Referral) -> Reason:
    return Reason(
        "own-referral",
        f"Your district has declined a referral of {standing.effective_from:%m/%d/%Y} itself, and the prior written "
        "notice to the parent is not recorded.",
        Owner.TEAM,
        "Record the notice first.",
        source=WAITS[Waits.NOTICE].source,
    )


def _to_come(on: date) -> Reason:
    return Reason(
        "own-ended-today",
        "An earlier referral ended at your district today, and a new one comes after that: this one can go on here "
        f"from {on:%m/%d/%Y}.",
        Owner.TEAM,
        "Complete the transfer then, or take the end of the earlier one back.",
        source="One referral a student waits at a time; EC 56043(a)",
    )


def _moved() -> Reason:
    return Reason(
        "referral-moved",
        "The student has moved, and the next district has the referral.",
        Owner.COORDINATOR,
        "Its coordinator corrects or withdraws it there.",
        source="34 CFR 300.111: child find of the district of today",
    )


def _changed() -> Reason:
    return Reason(
        "changed-since",
        "Somebody else has answered or changed the referral since this page was opened; nothing of yours was saved.",
        Owner.YOU,
        "Look at what stands now.",
    )
