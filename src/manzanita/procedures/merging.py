"""Putting two records of one student together: looked at first, then done in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from manzanita.arrivals.actions import settle_as_merged
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.findings import Reason
from manzanita.domain.merging import Side
from manzanita.exchange.merging import (
    StateHeld,
    keep_state,
    state_held,
)
from manzanita.exchange.models import Operation
from manzanita.platform import clock
from manzanita.platform.holders import Fate, Holder, holders, keys_of, move_all, newest_keys
from manzanita.platform.reach import whole_installation
from manzanita.procedures.merging_base import (
    WHY_WHOLE,
    Asked,
    NotMerged,
    Retired,
    count_anew,
    look_at_arrivals,
    standing_merge,
)
from manzanita.procedures.merging_reasons import (
    blockers_of,
    changed,
    chosen_otherwise,
    gone,
    merged_meanwhile,
    no_reason,
    notes_of,
    said_two,
    two_leas,
)
from manzanita.students.assignment_actions import lock_students
from manzanita.students.matching import hold_register
from manzanita.students.merging import believed_keys, carry_words, give_up_names, keep_names, put_together
from manzanita.students.merging_differences import Difference, differences
from manzanita.students.merging_held import Choices, Held, held_by
from manzanita.students.models import DuplicatePair, Merge, SsidRetirement, Student
from manzanita.students.scope import visible_to, with_last_day


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
    with whole_installation(WHY_WHOLE):
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
        raise NotMerged([gone(pair)])
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
    moving = holders(Fate.MOVES)
    keys = keys_of(moving, stays.pk, other.pk)
    moves = [(one, len(keys[one.table][other.pk])) for one in moving if one.words]
    blockers = list(blockers_of(stays, other, asked, choices, held, of_side))
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
        notes=[*two_leas(held["enrollment"], choices), *notes_of(held)],
        seen=_digest(stays, other, choices, asked.retired, keys),
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


def _digest(
    stays: Student,
    other: Student,
    choices: Choices,
    retired: Retired | None,
    keys: Mapping[str, Mapping[int, Sequence[int]]],
) -> str:
    """Equal as long as nothing is stated of, or added to, either record, and the same is chosen: two digests."""
    seen = [
        [one.pk, one.name_key, one.local_sped_id, str(one.birth_on), one.gender_code, believed_keys(one.pk)]
        + [[table, len(of_table[one.pk])] for table, of_table in keys.items()]
        for one in (stays, other)
    ]
    told = [stays.pk, sorted(choices.items()), str(retired)]
    seen.sort()
    return "-".join(
        hashlib.sha256(json.dumps(one, sort_keys=True).encode()).hexdigest()[:32] for one in (seen, told)
    )


@transaction.atomic
def merge_students(
    *, actor: Actor, pair: DuplicatePair, asked: Asked, reason: str, seen: str
) -> tuple[Merge, bool]:
    """Put the two records of ``pair`` together, and say whether that was done now: of two submits the second finds the
    first. ``seen`` is the digest of the preview. Raises ``NotMerged``."""
    with whole_installation(WHY_WHOLE):
        # Nobody makes students, and nobody takes them in, until this is done.
        hold_register()
        lock_students([pair.student_id, pair.other_id])
        standing = standing_merge(pair.student_id, pair.other_id)
        if standing is not None:
            if standing.by_id == actor.user_id:
                return standing, False
            raise NotMerged([merged_meanwhile(standing)])
        look = _look(actor, pair, asked)
        refusals = list(look.blockers)
        if look.seen != seen:
            # Of the two halves the first is of the records, the second of the choices.
            is_same_records = look.seen.partition("-")[0] == seen.partition("-")[0]
            refusals.append(chosen_otherwise() if is_same_records else changed())
        if not reason.strip():
            refusals.append(no_reason())
        if (
            pair.settled_at is not None
            or DuplicatePair.objects.filter(pk=pair.pk, settled_at__isnull=False).exists()
        ):
            refusals.append(said_two())
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
        look_at_arrivals(look.stays.pk)
        moved = merge.written["moved"].get("arrivals_arrival", [])
        settle_as_merged(other_id=look.other.pk, moved=moved, since=at)
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
    written["moved"] = move_all(other.pk, stays.pk)
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
    count_anew(stays.pk, other.pk)
    written["newest"] = newest_keys(stays.pk)
    return written
