"""Two records that were put together become two again: exactly, until something new was recorded or sent."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.findings import BUILT_ON, Owner, Reason
from manzanita.domain.statuses.steps import lack
from manzanita.exchange.merging import bring_back_state, has_waiting_lines, state_held
from manzanita.platform import clock
from manzanita.platform.holders import Fate, give_back_rows, holders, newest_keys
from manzanita.platform.reach import whole_installation
from manzanita.procedures.merging_base import WHY_WHOLE, NotMerged, count_anew, look_at_arrivals
from manzanita.students.assignment_actions import lock_students
from manzanita.students.matching import hold_register
from manzanita.students.merging import bring_back_names, changed_since, take_apart
from manzanita.students.models import DuplicatePair, Merge, SsidRetirement


def why_not_undo(merge: Merge) -> list[Reason]:
    """What stands against taking a merge back: whatever somebody would lose by it."""
    if merge.undone_at is not None:
        return [lack("merged")]
    with whole_installation(WHY_WHOLE):
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
        source=BUILT_ON,
    )


@transaction.atomic
def undo_merge(*, actor: Actor, merge: Merge) -> bool:
    """Make two of the record again, each as it was; ``False`` where that was done already. Raises ``NotMerged``."""
    with whole_installation(WHY_WHOLE):
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
        take_apart(
            written=written,
            stays=merge.student,
            other=merge.other,
            by_id=actor.user_id,
            cause=f"merge-undo:{merge.pk}",
            at=at,
        )
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
        count_anew(merge.student_id, merge.other_id)
        look_at_arrivals(merge.student_id, merge.other_id)
        bring_back_state(written["state"], is_outbox=True)
        for student_id in (merge.student_id, merge.other_id):
            log_change(actor=actor, action="undo_merge", student_id=student_id, subject=merge)
    return True
