"""Putting two records of one student together: looked at first, done in one transaction, taken back exactly until
something new was recorded or sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.merging import Side
from manzanita.domain.student_transfers import OPEN
from manzanita.exchange.merging import (
    StateHeld,
    bring_back_state,
    has_waiting_lines,
    keep_state,
    state_held,
    two_at_state,
)
from manzanita.exchange.models import Operation
from manzanita.exchange.outbox import reconcile_students
from manzanita.meetings.actions import refresh_clocks
from manzanita.meetings.models import Meeting, PlannedMeeting
from manzanita.meetings.queries import open_meeting_of
from manzanita.platform import clock
from manzanita.platform.changed import students_changed
from manzanita.platform.holders import Fate, Holder, give_back_rows, holders, move_rows, newest_keys
from manzanita.platform.reach import whole_installation
from manzanita.students.assignment_actions import lock_students
from manzanita.students.matching import hold_register
from manzanita.students.merging import (
    Choices,
    Difference,
    Held,
    believed_keys,
    bring_back_names,
    carry_words,
    changed_since,
    differences,
    give_up_names,
    held_by,
    keep_names,
    put_together,
    take_apart,
)
from manzanita.students.models import DuplicatePair, Merge, SsidRetirement, Student
from manzanita.students.scope import visible_to, with_last_day
from manzanita.transfers.models import StudentTransfer

_WHY_WHOLE = "two records of one student may have rows of several agencies, and all of them move"


class NotMerged(Exception):
    """Why nothing was put together, or taken back."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(", ".join(reason.code for reason in reasons))
        self.reasons = list(reasons)


@dataclass(frozen=True, slots=True)
class Retired:
    """The state has merged the two SSIDs: ``ssid`` counts no longer from ``on``, as ``source`` says."""

    ssid: str
    on: date
    source: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants: ``stays_id`` is the record that stays (``None``: as proposed), ``choices`` by key of a
    difference; what is not chosen is as proposed."""

    stays_id: int | None = None
    choices: Choices = field(default_factory=dict)
    retired: Retired | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merge would do. ``moves`` are tables with how many of their rows move; ``state`` what the state holds of
    either record; ``steps`` what would have to be sent afterward, ``None`` while something stands against the merge.
    ``seen`` is a digest of all that was looked at."""

    stays: Student
    other: Student
    why_stays: str
    held: Mapping[str, Sequence[Held]]
    differences: Sequence[Difference]
    choices: Choices
    moves: Sequence[tuple[Holder, int]]
    state: Mapping[Side, StateHeld]
    steps: Sequence[Operation] | None
    blockers: Sequence[Reason]
    notes: Sequence[Reason]
    seen: str


class _Looked(Exception):
    """Ends the transaction in which a merge was tried."""


def preview_merge(actor: Actor, pair: DuplicatePair, asked: Asked) -> Preview:
    """What would become of the two records of ``pair``, both of which the actor reaches. Nothing stays changed."""
    with whole_installation(_WHY_WHOLE):
        look = _look(actor, pair, asked)
        if look.blockers:
            return look
        # What is tried stands in these, and not in what is shown.
        tried = replace(look, stays=copy(look.stays), other=copy(look.other))
        try:
            with transaction.atomic():
                _carry_out(actor, tried, asked, f"merge-look:{pair.pk}", clock.now())
                steps = list(Operation.objects.filter(student_id=look.stays.pk).order_by("position"))
                raise _Looked
        except _Looked:
            return replace(look, steps=steps)


def _look(actor: Actor, pair: DuplicatePair, asked: Asked) -> Preview:
    reached = {
        one.pk: one
        for one in with_last_day(visible_to(actor), actor).filter(pk__in=[pair.student_id, pair.other_id])
    }
    if len(reached) < 2:
        raise NotMerged([_gone(pair)])
    state = state_held([pair.student_id, pair.other_id])
    proposed, why = _who_stays(pair, state)
    stays_id = asked.stays_id if asked.stays_id in reached else proposed
    other_id = pair.other_id if stays_id == pair.student_id else pair.student_id
    stays, other = reached[stays_id], reached[other_id]
    held = held_by(stays.pk, other.pk)
    found = differences(stays, other, held)
    choices = {one.key: asked.choices.get(one.key, one.chosen) for one in found}
    of_side = {Side.STAYS: state[stays.pk], Side.OTHER: state[other.pk]}
    if "ssid" in choices:
        choices["ssid"] = _whose_ssid(asked, held, of_side, choices["ssid"])
    moves = [(one, one.rows(other.pk).count()) for one in holders(Fate.MOVES) if one.words]
    blockers = list(_blockers(stays, other, asked, choices, held, of_side))
    return Preview(
        stays=stays,
        other=other,
        why_stays=why if stays_id == proposed else "you have chosen it",
        held=held,
        differences=found,
        choices=choices,
        moves=[(one, count) for one, count in moves if count],
        state=of_side,
        steps=None,
        blockers=blockers,
        notes=list(_notes(held)),
        seen=_digest(stays, other, choices, asked.retired),
    )


def _who_stays(pair: DuplicatePair, state: Mapping[int, StateHeld]) -> tuple[int, str]:
    """The record of which the state holds more, then of which more is archived; else the one entered first."""
    first, second = state[pair.student_id], state[pair.other_id]
    for a, b, why in (
        (len(first.records), len(second.records), "the state holds more of it"),
        (first.archives, second.archives, "more of it is archived"),
        (bool(first.ssids), bool(second.ssids), "it has an SSID"),
        (first.meetings, second.meetings, "it has more meetings"),
    ):
        if a != b:
            return (pair.student_id if a > b else pair.other_id), why
    return pair.student_id, "it was entered first"


def _whose_ssid(
    asked: Asked, held: Mapping[str, Sequence[Held]], state: Mapping[Side, StateHeld], chosen: Side
) -> Side:
    """What the state has retired cannot be the SSID of now; else the one under which it holds something is."""
    retired = {one for side in Side for one in state[side].retired}
    if asked.retired is not None:
        retired.add(asked.retired.ssid)
    for side, beside in ((Side.STAYS, Side.OTHER), (Side.OTHER, Side.STAYS)):
        if state[side].ssids and state[side].ssids[-1] in retired:
            return beside
    if "ssid" not in asked.choices and not state[Side.STAYS].records and state[Side.OTHER].records:
        return Side.OTHER
    return chosen


def _blockers(
    stays: Student,
    other: Student,
    asked: Asked,
    choices: Choices,
    held: Mapping[str, Sequence[Held]],
    state: Mapping[Side, StateHeld],
) -> Iterator[Reason]:
    for one in (stays, other):
        if one.seen_through is not None:
            yield Reason(
                "left-the-district",
                f"{one.full_name} has left your district on {one.seen_through:%m/%d/%Y}; the record is another's now.",
                Owner.COORDINATOR,
                "Ask the district where the student is, or the SELPA, to put the records together.",
            )
    meetings: dict[Side, Meeting] = {
        side: meeting
        for side, one in ((Side.STAYS, stays), (Side.OTHER, other))
        if (meeting := open_meeting_of(one)) is not None
    }
    if len(meetings) == 2:
        yield Reason(
            "both-meet",
            "A meeting is under way on each of the two records, and a student has one at a time.",
            Owner.TEAM,
            "Finalize or cancel one of them.",
            values={"meeting": str(meetings[Side.OTHER].public_id)},
        )
    for side, meeting in meetings.items():
        if len(meetings) == 1 and choices.get("plan", side) is not side:
            yield Reason(
                "meeting-builds-on-plan",
                "The meeting that is under way builds on the plan that would not stand.",
                Owner.TEAM,
                "Let the plan of the meeting's record stand, or finalize or cancel the meeting.",
                values={"meeting": str(meeting.public_id)},
            )
    planned = PlannedMeeting.objects.filter(ended_by__isnull=True, student_id__in=[stays.pk, other.pk])
    if planned.count() > 1:
        yield Reason(
            "both-planned",
            "A meeting is planned on each of the two records.",
            Owner.TEAM,
            "Take one of the two off the planner.",
        )
    if StudentTransfer.objects.filter(student_id__in=[stays.pk, other.pk], state__in=sorted(OPEN)).exists():
        yield Reason(
            "in-transfer",
            "One of the two is asked for by another district, which reads or receives that record.",
            Owner.COORDINATOR,
            "Let the transfer be completed, declined or withdrawn first.",
        )
    if has_waiting_lines([stays.pk, other.pk]):
        yield Reason(
            "lines-on-their-way",
            "Lines of one of the two are on their way: nobody knows yet what the state will hold.",
            Owner.STATE,
            "Come back when the state has answered.",
        )
    two = two_at_state(state[Side.STAYS], state[Side.OTHER])
    if two and asked.retired is None:
        yield Reason(
            "two-at-state",
            f"The state holds records under both SSIDs, {two[0]} and {two[1]}: for it these are two people.",
            Owner.COORDINATOR,
            "Either they are two, then say so (“not the same”). Or the state has put the SSIDs together: then say "
            "below which one it has retired, since when, and where you have that from.",
        )
    yield from _wrong_retirement(asked.retired, state)


def _wrong_retirement(retired: Retired | None, state: Mapping[Side, StateHeld]) -> Iterator[Reason]:
    if retired is None:
        return
    known = {one for side in Side for one in state[side].ssids[-1:]}
    if retired.ssid not in known or len(known) < 2:
        yield Reason(
            "not-their-ssid",
            "The SSID that the state is said to have retired is none of the two.",
            Owner.CLERK,
            "Choose one of the two.",
        )
    if retired.on > clock.today():
        yield Reason(
            "retired-in-future",
            f"{retired.on:%m/%d/%Y} is still to come: what the state has not done yet is not recorded.",
            Owner.CLERK,
            "Enter the day on which the state has retired it.",
        )
    if not retired.source:
        yield Reason(
            "no-source",
            "Where it is known from that the state has retired the SSID: not said.",
            Owner.CLERK,
            "One line is enough, such as “CALPADS, SSID history of 11/20/2026”.",
        )


def _notes(held: Mapping[str, Sequence[Held]]) -> Iterator[Reason]:
    """What is to be done elsewhere after a merge."""
    today = clock.today()
    local: dict[str, set[str]] = {}
    for one in held["enrollment"]:
        for row in (*one.stays, *one.other):
            if row.effective_to is None or row.effective_to >= today:
                local.setdefault(row.lea_code, set()).add(row.local_student_id)  # type: ignore[attr-defined]
    for ids in local.values():
        if len(ids - {""}) > 1:
            yield Reason(
                "two-in-sis",
                f"The SIS has the student twice, with the local IDs {' and '.join(sorted(ids - {''}))}.",
                Owner.SIS,
                "End one of the two in the SIS; until then each file brings both enrollments.",
            )


def _digest(stays: Student, other: Student, choices: Choices, retired: Retired | None) -> str:
    """Equal as long as nothing is stated of, or added to, either record, and the same is chosen."""
    seen = [
        [one.pk, one.name_key, one.local_sped_id, str(one.birth_on), one.gender_code, believed_keys(one.pk)]
        + [[holder.table, holder.rows(one.pk).count()] for holder in holders(Fate.MOVES)]
        for one in (stays, other)
    ]
    told = [sorted(choices.items()), str(retired)]
    return hashlib.sha256(json.dumps([seen, told], sort_keys=True).encode()).hexdigest()[:32]


@transaction.atomic
def merge_students(
    *, actor: Actor, pair: DuplicatePair, asked: Asked, reason: str, seen: str
) -> tuple[Merge, bool]:
    """Put the two records of ``pair`` together, and say whether that was done now: of two submits the second finds the
    first. ``seen`` is the digest of the preview. Raises ``NotMerged``."""
    with whole_installation(_WHY_WHOLE):
        # Nobody makes students, and nobody takes them in, until this is done.
        hold_register()
        lock_students([pair.student_id, pair.other_id])
        standing = standing_merge(pair.student_id, pair.other_id)
        if standing is not None:
            if standing.by_id == actor.user_id:
                return standing, False
            raise NotMerged([_merged_meanwhile(standing)])
        look = _look(actor, pair, asked)
        refusals = list(look.blockers)
        if look.seen != seen:
            refusals.append(_changed())
        if not reason.strip():
            refusals.append(_no_reason())
        if (
            pair.settled_at is not None
            or DuplicatePair.objects.filter(pk=pair.pk, settled_at__isnull=False).exists()
        ):
            refusals.append(_said_two())
        if refusals:
            raise NotMerged(refusals)
        at = clock.now()
        merge = Merge.objects.create(
            student=look.stays,
            other=look.other,
            agency_code=actor.agency_code,
            strength=pair.strength,
            because=pair.because,
            reason=reason.strip()[:300],
            choices={key: str(side) for key, side in look.choices.items()},
            made_at=at,
            by_id=actor.user_id,
        )
        merge.written = _carry_out(actor, look, asked, f"merge:{merge.pk}", at)
        merge.save(update_fields=["written"])
        DuplicatePair.objects.filter(pk=pair.pk).delete()
        for one, beside in ((look.stays, look.other), (look.other, look.stays)):
            log_change(
                actor=actor,
                action="merge_students",
                student_id=one.pk,
                subject=merge,
                reason=merge.reason,
                detail={"student": beside.pk, "stays": look.stays.pk},
            )
    return merge, True


def _carry_out(actor: Actor, look: Preview, asked: Asked, cause: str, at: datetime) -> dict[str, Any]:
    stays, other = look.stays, look.other
    retired_on = asked.retired.on if asked.retired else clock.today()
    before, names = keep_state([stays.pk, other.pk]), keep_names(stays.pk, other.pk)
    written = put_together(
        stays=stays,
        other=other,
        held=look.held,
        choices=look.choices,
        retired_on=retired_on,
        by_id=actor.user_id,
        cause=cause,
        at=at,
    )
    written["moved"] = {one.table: move_rows(one, other.pk, stays.pk) for one in holders(Fate.MOVES)}
    give_up_names(written["moved"]["students_namekey"], at)
    written["names"] = names
    written["pairs"] = carry_words(stays.pk, other.pk)
    written["state"] = before
    if asked.retired is not None:
        ssids = {one for side in Side for one in look.state[side].ssids[-1:]} - {asked.retired.ssid}
        row = SsidRetirement.objects.create(
            student=stays,
            ssid=asked.retired.ssid,
            replaced_by=next(iter(ssids), ""),
            kind="merged",
            retired_on=asked.retired.on,
            source=asked.retired.source[:200],
            at=at,
            by_id=actor.user_id,
        )
        written["retirement"] = row.pk
    _count_anew(stays.pk, other.pk)
    written["newest"] = newest_keys(stays.pk)
    return written


def _count_anew(*ids: int) -> None:
    refresh_clocks(list(ids))
    students_changed(ids)
    reconcile_students(ids)


def standing_merge(*ids: int) -> Merge | None:
    """The merge by which one of these is empty now."""
    found = Merge.objects.filter(other_id__in=ids, undone_at__isnull=True).select_related("by")
    return found.order_by("-pk").first()


def why_not_undo(merge: Merge) -> list[Reason]:
    """What stands against taking a merge back: whatever somebody would lose by it."""
    if merge.undone_at is not None:
        return [
            Reason(
                "undone-already",
                "The merge has been taken back already.",
                Owner.CLERK,
                "Nothing is left to do.",
            )
        ]
    with whole_installation(_WHY_WHOLE):
        return list(_why_not_undo(merge))


def _why_not_undo(merge: Merge) -> Iterator[Reason]:
    written, stays_id = merge.written, merge.student_id
    if kinds := changed_since(written, stays_id, merge.other_id):
        yield _new_since("facts", f"facts were stated since ({', '.join(kinds)})")
    newest = newest_keys(stays_id)
    by_table = {one.table: one.words for one in holders(Fate.MOVES)}
    for table, known in written["newest"].items():
        if newest[table] > known:
            yield _new_since(table, f"there is a new {by_table[table]}")
    for table, keys in written["moved"].items():
        holder = next(one for one in holders(Fate.MOVES) if one.table == table)
        if table != "exchange_staterecord" and len(keys) != holder.rows(stays_id).filter(pk__in=keys).count():
            yield _new_since(table, f"one {holder.words} is another's now, or gone")
    if has_waiting_lines([stays_id]):
        yield _new_since("lines", "lines are on their way to the state")
    if state_held([stays_id])[stays_id].learned_after(merge.made_at):
        yield _new_since("state", "an extract of the state was read since")


def _new_since(what: str, words: str) -> Reason:
    return Reason(
        f"new-since-{what}",
        f"It can be taken back no longer: {words}, and nobody could say of which of the two that is.",
        Owner.COORDINATOR,
        "Work on with this record. If they are two people after all, enter the second one anew.",
    )


@transaction.atomic
def undo_merge(*, actor: Actor, merge: Merge) -> bool:
    """Make two of the record again, each as it was; ``False`` where that was done already. Raises ``NotMerged``."""
    with whole_installation(_WHY_WHOLE):
        hold_register()
        lock_students([merge.student_id, merge.other_id])
        merge = (
            Merge.objects.select_for_update(of=("self",)).select_related("student", "other").get(pk=merge.pk)
        )
        if merge.undone_at is not None:
            return False
        reasons = list(_why_not_undo(merge))
        if reasons:
            raise NotMerged(reasons)
        at, written = clock.now(), merge.written
        for one in holders(Fate.MOVES):
            give_back_rows(one, written["moved"].get(one.table, []), merge.other_id)
        DuplicatePair.objects.filter(pk__in=written["pairs"]).delete()
        take_apart(written=written, stays=merge.student, other=merge.other, at=at)
        bring_back_names(written["names"], merge.student_id, merge.other_id)
        if "retirement" in written:
            SsidRetirement.objects.filter(pk=written["retirement"]).update(
                undone_at=at, undone_by_id=actor.user_id
            )
        bring_back_state(written["state"])
        low, high = sorted((merge.student_id, merge.other_id))
        DuplicatePair.objects.get_or_create(
            student_id=low,
            other_id=high,
            defaults={"strength": merge.strength, "because": merge.because, "found_at": at},
        )
        merge.undone_at, merge.undone_by_id = at, actor.user_id
        merge.save(update_fields=["undone_at", "undone_by_id"])
        _count_anew(merge.student_id, merge.other_id)
        bring_back_state(written["state"], is_outbox=True)
        for student_id in (merge.student_id, merge.other_id):
            log_change(actor=actor, action="undo_merge", student_id=student_id, subject=merge)
    return True


def _gone(pair: DuplicatePair) -> Reason:
    merge = standing_merge(pair.student_id, pair.other_id)
    return _merged_meanwhile(merge) if merge is not None else _changed()


def _merged_meanwhile(merge: Merge) -> Reason:
    at = merge.made_at.astimezone(clock.CALIFORNIA)
    return Reason(
        "merged-meanwhile",
        f"{merge.by.name} has put the two records together at {at:%I:%M %p on %m/%d/%Y}.",
        Owner.COORDINATOR,
        "Look at what was done; it can be taken back there.",
        values={"merge": str(merge.public_id)},
    )


def _changed() -> Reason:
    return Reason(
        "changed-since",
        "Something of the two records has changed since you looked, or you have chosen otherwise.",
        Owner.CLERK,
        "Look at what comes of it below, then put them together; what you had chosen is still chosen.",
    )


def _no_reason() -> Reason:
    return Reason(
        "no-reason",
        "Why the two are one student: not said.",
        Owner.CLERK,
        "One line is enough, such as “both parents and birth certificate the same”.",
    )


def _said_two() -> Reason:
    return Reason(
        "said-to-be-two",
        "Somebody has said that these are two people.",
        Owner.CLERK,
        "Ask again first, on the page of possible duplicates.",
    )
