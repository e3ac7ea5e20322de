"""What became of each thing of which two records said different things, after they were put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from manzanita.domain.findings import Reason
from manzanita.domain.merging import Side
from manzanita.procedures.merging_reasons import notes_of
from manzanita.students.merge_history import held_then
from manzanita.students.merging_differences import Difference, differences
from manzanita.students.merging_enrollments import enrolled_twice, has_days_left
from manzanita.students.merging_held import IDENTITY, Held
from manzanita.students.models import Merge
from manzanita.web.merge_words import LABELS, Words


def done_words(merge: Merge) -> tuple[list[tuple[str, str, str]], list[Reason]]:
    """Label, what stands and what became of the other, of everything that was chosen; and what is still to be done
    elsewhere, as it stood then."""
    held = held_then(merge)
    found = {one.key: one for one in differences(merge.student, merge.other, held)}
    return list(_chosen(merge, held, found)), list(notes_of(held))


def _chosen(
    merge: Merge, held: Mapping[str, Sequence[Held]], found: Mapping[str, Difference]
) -> Iterator[tuple[str, str, str]]:
    words = Words(held)
    twice = {one.key: one for one in enrolled_twice(held["enrollment"])}
    voided = {one.void_key for one in twice.values()}
    for key, said in merge.choices.items():
        side, one = Side(said), found.get(key)
        if key in IDENTITY:
            record = "that stays" if side is Side.STAYS else "that was put into it"
            yield LABELS[key], f"as on the record {record}", ""
        elif one is not None and key not in voided:
            a, b = (words.all_of(one.kind, rows) for rows in (one.stays, one.other))
            stands, other = (a, b) if side is Side.STAYS else (b, a)
            fate = "Not kept"
            if key in twice:
                is_void = merge.choices.get(twice[key].void_key) == Side.OTHER
                is_gone = is_void or not has_days_left(twice[key], side)
                fate = "Taken away, all its days" if is_gone else "Only its own days stay"
            yield LABELS[one.kind], stands, f"{fate}: {other}"
