"""Our groups beside those of the state's list of the same day, student by student."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from manzanita.domain.compliance.groups import MEASURES, Group, Judged, Measure
from manzanita.domain.compliance.state_file import StateRow


class Difference(StrEnum):
    ONLY_OURS = "only-ours"
    ONLY_THEIRS = "only-theirs"
    OTHER_GROUP = "other-group"
    SAME = "same"


DIFFERENCE_LABELS: Mapping[Difference, str] = {
    Difference.ONLY_OURS: "Only ours",
    Difference.ONLY_THEIRS: "Only the state's",
    Difference.OTHER_GROUP: "Other group",
    Difference.SAME: "The same",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """One student in one measure on both sides. ``judged`` is ``None`` for an SSID that is nobody here; its group may
    be “not counted”. ``row`` is ``None`` where the state does not list the student."""

    student_id: int | None
    judged: Judged | None
    row: StateRow | None
    difference: Difference


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of a group on each side. ``is_compared``: whether the state's file can be expected to list the group."""

    group: Group
    ours: int
    theirs: int
    is_compared: bool

    @property
    def difference(self) -> int:
        return self.ours - self.theirs


def pair_up(
    measure: Measure, ours: Mapping[int, Judged], rows: Iterable[StateRow], students: Mapping[str, int]
) -> list[Pair]:
    """Each student that one side names. ``ours`` by student, also those not counted; ``students`` is who has an SSID.

    A group that the state's file does not list at all (it may leave out who is on time) is compared with nothing.
    """
    of_measure = [row for row in rows if row.measure is measure]
    listed = {row.group for row in of_measure}
    pairs = []
    named: set[int] = set()
    for row in of_measure:
        student = students.get(row.ssid)
        judged = ours.get(student) if student is not None else None
        if student is not None:
            named.add(student)
        pairs.append(Pair(student, judged, row, _difference(judged, row)))
    for student, judged in ours.items():
        if student not in named and is_compared(judged.group, listed):
            pairs.append(Pair(student, judged, None, Difference.ONLY_OURS))
    return pairs


def is_compared(group: Group, listed: Iterable[Group]) -> bool:
    """Whether a student in our ``group`` should stand in a file that lists these groups. Who is overdue or was late
    always should; the other groups only where the file has any of them."""
    if group in (Group.OVERDUE, Group.HELD_LATE):
        return True
    return group is not Group.NOT_COUNTED and group is not Group.NO_MEETING and group in set(listed)


def _difference(judged: Judged | None, row: StateRow) -> Difference:
    if judged is None or judged.group is Group.NOT_COUNTED:
        return Difference.ONLY_THEIRS
    return Difference.SAME if judged.group is row.group else Difference.OTHER_GROUP


def counts_of(measure: Measure, ours: Iterable[Judged], rows: Iterable[StateRow]) -> list[Counts]:
    """Both sides' counts, group by group in the order of the report."""
    mine = Counter(one.group for one in ours)
    theirs = Counter(row.group for row in rows if row.measure is measure)
    return [
        Counts(group, mine[group], theirs[group], is_compared(group, theirs))
        for group in MEASURES[measure].groups
    ]
