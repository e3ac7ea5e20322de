"""The state has retired an SSID: on somebody's word, with what it means for all that was reported under it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain import records
from manzanita.domain.access import PERMISSIONS, Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.likeness import Strength
from manzanita.domain.statuses.conditions import ONE_RECORD
from manzanita.domain.statuses.steps import lack
from manzanita.exchange.merging import bring_back_state, has_waiting_lines, keep_state, state_held
from manzanita.exchange.models import Operation, StateRecord, SubmissionLine
from manzanita.exchange.outbox import reconcile_students
from manzanita.meetings.actions import NotPossible
from manzanita.platform import clock
from manzanita.platform.facts import bring_back
from manzanita.platform.reach import whole_installation
from manzanita.students.actions import state_one
from manzanita.students.assignment_actions import lock_students
from manzanita.students.duplicates import pair_with
from manzanita.students.exact_search import student_with_ssid
from manzanita.students.models import Ssid, SsidRetirement, Student
from manzanita.students.scope import visible_to

_WHY_WHOLE = "under a retired SSID the state may hold records of several districts"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody knows: ``ssid`` counts no longer from ``on``. ``kind`` is of ``SsidRetirement.KINDS``; ``new_ssid``
    takes its place where the student has it still, blank where none is known yet."""

    ssid: str
    kind: str = "merged"
    on: date | None = None
    new_ssid: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a retirement would do. ``held`` is what the state holds under the SSID, ``posted`` the lines that it has
    taken under it; ``before`` and ``after`` what is to be sent, ``after`` unknown while something stands against it."""

    asked: Asked
    held: Sequence[StateRecord]
    posted: Sequence[SubmissionLine]
    before: Sequence[Operation]
    after: Sequence[Operation] | None
    blockers: Sequence[Reason]
    seen: str


class _Looked(Exception):
    """Ends the transaction in which it was tried."""


def ssids_to_retire(student: Student) -> list[str]:
    """SSIDs of the student that the state has not retired as far as is known, that of now first."""
    held = state_held([student.pk])[student.pk]
    return [one for one in dict.fromkeys(reversed(held.ssids)) if one not in held.retired]


def retirements_of(student: Student) -> list[SsidRetirement]:
    """Those that stand, the newest first."""
    rows = SsidRetirement.objects.filter(student=student, undone_at__isnull=True)
    return list(rows.order_by("-retired_on", "-pk"))


def preview_retirement(actor: Actor, student: Student, asked: Asked) -> Preview:
    """What would become of everything under the SSID. Nothing stays changed."""
    with whole_installation(_WHY_WHOLE):
        look = _look(actor, student, asked)
        if look.blockers:
            return look
        try:
            with transaction.atomic():
                _carry_out(actor, student, asked)
                after = list(Operation.objects.filter(student_id=student.pk).order_by("position"))
                raise _Looked
        except _Looked:
            return Preview(asked, look.held, look.posted, look.before, after, (), look.seen)


def _look(actor: Actor, student: Student, asked: Asked) -> Preview:
    of_student = {"student_id": student.pk}
    held = state_held([student.pk])[student.pk].under(asked.ssid)
    posted = [
        line
        for line in SubmissionLine.objects.filter(outcome="posted", **of_student).order_by("pk")
        if line.values.get(records.SSID_FIELD[line.record]) == asked.ssid
    ]
    before = list(Operation.objects.filter(**of_student).order_by("position"))
    told = [
        str(asked),
        [one.pk for one in (*held, *posted)],
        sorted((one.record_key, one.kind) for one in before),
    ]
    told.append(
        list(Ssid.objects.believed().filter(**of_student).order_by("pk").values_list("pk", flat=True))
    )
    seen = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]
    return Preview(asked, held, posted, before, None, list(_blockers(actor, student, asked)), seen)


def _blockers(actor: Actor, student: Student, asked: Asked) -> Iterator[Reason]:
    if not actor.may(Capability.CORRECT_RECORD) or student.seen_through is not None:
        yield Reason(
            "not-yours",
            "Your perspective does not change records without a meeting, or the student has left your district.",
            Owner.COORDINATOR,
            "Ask the SEDS coordinator of the district where the student is.",
            source=PERMISSIONS,
        )
    known = {
        one.ssid: one for one in Ssid.objects.believed().filter(student=student).order_by("effective_from")
    }
    if not known:
        yield lack("ssid")
        return
    row = known.get(asked.ssid)
    if row is None or asked.ssid not in ssids_to_retire(student):
        yield replace(
            lack("ssid-counts"), way_out="Choose one of the list; or take back what was recorded of it."
        )
        return
    if asked.on is None:
        yield Reason("no-day", "Since when it counts no longer: not said.", Owner.YOU, "Enter the day.")
    elif asked.on > clock.today():
        yield Reason(
            "in-future",
            f"{asked.on:%m/%d/%Y} is still to come: what the state has not done yet is not recorded.",
            Owner.YOU,
            "Enter the day on which the state has retired it.",
        )
    elif asked.on <= row.effective_from:
        yield Reason(
            "before-it-began",
            f"The student has this SSID since {row.effective_from:%m/%d/%Y}.",
            Owner.YOU,
            "Enter a later day.",
        )
    if not asked.source:
        yield Reason(
            "no-source",
            "Where you know it from: not said.",
            Owner.YOU,
            "One line is enough, such as “CALPADS, SSID history of 11/20/2026”.",
        )
    yield from _wrong_new(student, asked, is_current=_is_current(row))
    if has_waiting_lines([student.pk]):
        yield replace(lack("lines-answered"), way_out="Come back when the state has answered.")


def _is_current(row: Ssid) -> bool:
    return row.effective_to is None


def _wrong_new(student: Student, asked: Asked, *, is_current: bool) -> Iterator[Reason]:
    if not is_current:
        if asked.new_ssid:
            yield Reason(
                "has-another-already",
                "The student has another SSID already, which takes the place of this one.",
                Owner.YOU,
                "Leave the new SSID empty.",
            )
        return
    if asked.kind == "merged" and not asked.new_ssid:
        yield Reason(
            "no-new-ssid",
            "Into which SSID the state has merged it: not said.",
            Owner.YOU,
            "Enter it. Where there is none, the state has withdrawn the SSID.",
        )
    if asked.new_ssid and not re.fullmatch(r"[0-9]{10}", asked.new_ssid):
        yield Reason(
            "not-ten-digits", "An SSID has ten digits.", Owner.YOU, "Look it up in CALPADS, or in the SIS."
        )
    elif asked.new_ssid == asked.ssid:
        yield Reason("the-same", "This is the SSID that is retired.", Owner.YOU, "Enter the other one.")
    elif asked.new_ssid:
        other = student_with_ssid(asked.new_ssid)
        if other is not None and other != student.pk:
            yield Reason(
                "of-another-record",
                "Another record has this SSID: the student was entered twice.",
                Owner.COORDINATOR,
                "Put the two records together, and say there which SSID is retired. Where you do not reach the other "
                "record, ask its district or the SELPA.",
                source=ONE_RECORD,
                values={"student": str(other)},
            )


@transaction.atomic
def retire_ssid(*, actor: Actor, student: Student, asked: Asked, seen: str) -> tuple[SsidRetirement, bool]:
    """Record it, and say whether that was done now: of two submits the second finds the first. Raises
    ``NotPossible``."""
    with whole_installation(_WHY_WHOLE):
        lock_students([student.pk])
        standing = SsidRetirement.objects.filter(
            student=student, ssid=asked.ssid, undone_at__isnull=True
        ).first()
        if standing is not None and (standing.kind, standing.retired_on, standing.replaced_by) == (
            asked.kind,
            asked.on,
            asked.new_ssid or standing.replaced_by,
        ):
            return standing, False
        look = _look(actor, student, asked)
        blockers = list(look.blockers)
        if look.seen != seen:
            blockers.append(
                Reason(
                    "changed-since",
                    "Something has changed since you looked, here or at the state.",
                    Owner.COORDINATOR,
                    "Look at what comes of it below, then record it.",
                )
            )
        if blockers:
            raise NotPossible(blockers)
        return _carry_out(actor, student, asked), True


def _carry_out(actor: Actor, student: Student, asked: Asked) -> SsidRetirement:
    assert asked.on is not None
    before = _believed(student)
    kept = keep_state([student.pk])
    rows = {
        one.ssid: one for one in Ssid.objects.believed().filter(student=student).order_by("effective_from")
    }
    current = next((one.ssid for one in rows.values() if _is_current(one)), "")
    at = clock.now()
    row = SsidRetirement.objects.create(
        student=student,
        ssid=asked.ssid,
        replaced_by=asked.new_ssid or ("" if current == asked.ssid else current),
        kind=asked.kind,
        retired_on=asked.on,
        source=asked.source[:200],
        at=at,
        by_id=actor.user_id,
    )
    if _is_current(rows[asked.ssid]):
        state_one(
            "ssid",
            slot={"student_id": student.pk},
            values={"ssid": asked.new_ssid} if asked.new_ssid else None,
            effective_from=asked.on,
            by_id=actor.user_id,
            cause=f"ssid-retired:{row.pk}",
            at=at,
        )
    after = _believed(student)
    row.written = {
        "after": after,
        "closed": sorted(set(before) - set(after)),
        "inserted": sorted(set(after) - set(before)),
        "state": kept,
        "newest_line": _newest_line(student),
    }
    row.save(update_fields=["written"])
    log_change(
        actor=actor,
        action="retire_ssid",
        student_id=student.pk,
        subject=row,
        reason=row.source,
        detail={"kind": row.kind, "on": row.retired_on.isoformat(), "has_new": bool(asked.new_ssid)},
    )
    reconcile_students([student.pk])
    return row


def _believed(student: Student) -> list[int]:
    return sorted(Ssid.objects.believed().filter(student=student).values_list("pk", flat=True))


def _newest_line(student: Student) -> int:
    rows = SubmissionLine.objects.filter(student_id=student.pk).order_by("-pk")
    return rows.values_list("pk", flat=True).first() or 0


def why_not_undo(row: SsidRetirement) -> list[Reason]:
    """What stands against taking it back."""
    with whole_installation(_WHY_WHOLE):
        return list(_why_not_undo(row))


def _why_not_undo(row: SsidRetirement) -> Iterator[Reason]:
    if not row.written:
        yield _too_late("it was recorded when two records were put together: take that back instead")
        return
    student = row.student
    if _believed(student) != row.written["after"]:
        yield _too_late("another SSID was stated since")
    if _newest_line(student) != row.written["newest_line"]:
        yield _too_late("lines were sent to the state since")
    elif state_held([student.pk])[student.pk].learned_after(row.at):
        yield _too_late("an extract of the state was read since")


def _too_late(words: str) -> Reason:
    return replace(
        lack("retirement-newest"),
        text=f"It can be taken back no longer: {words}.",
        way_out="Record what the state says now, with its day.",
    )


@transaction.atomic
def undo_retirement(*, actor: Actor, row: SsidRetirement) -> bool:
    """Everything as it was before; ``False`` where that was done already. Raises ``NotPossible``."""
    with whole_installation(_WHY_WHOLE):
        lock_students([row.student_id])
        row = SsidRetirement.objects.select_for_update(of=("self",)).select_related("student").get(pk=row.pk)
        if row.undone_at is not None:
            return False
        reasons = list(_why_not_undo(row))
        if reasons:
            raise NotPossible(reasons)
        at, written = clock.now(), row.written
        if written["inserted"] or written["closed"]:
            slot: dict[str, Any] = {"student_id": row.student_id}
            bring_back(Ssid, slots=[slot], close=written["inserted"], again=written["closed"], at=at)
        row.undone_at, row.undone_by_id = at, actor.user_id
        row.save(update_fields=["undone_at", "undone_by_id"])
        bring_back_state(written["state"])
        reconcile_students([row.student_id])
        bring_back_state(written["state"], is_outbox=True)
        log_change(actor=actor, action="undo_retire_ssid", student_id=row.student_id, subject=row)
    return True


def pair_to_merge(actor: Actor, student: Student, other_id: int) -> int | None:
    """Number of the pair by which the two records are put together; ``None`` where the actor does not reach both."""
    if visible_to(actor).filter(pk__in=[student.pk, other_id]).count() < 2:
        return None
    return pair_with(
        student.pk, other_id, Strength.EXACT, "the state says that one SSID took the other's place"
    ).pk
