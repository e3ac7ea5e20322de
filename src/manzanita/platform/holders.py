"""What becomes of each table that holds a student when two records turn out to be one person's.

Each app says it of its own tables (``AppConfig.ready``), so that whoever adds a table decides it there; a test holds
that no table with a student in it is forgotten. ``procedures.merging`` acts on what is said here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet

from manzanita.platform.together import read_together

_AT_ONCE = 500


class Fate(Enum):
    """``FACTS`` are stated anew of the record that stays. ``MOVES``: the rows belong to it from then on. ``COUNTED``
    is counted anew from the rest. ``STAYS``: what was logged of a record stays logged of that record."""

    FACTS = "facts"
    MOVES = "moves"
    COUNTED = "counted"
    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class Holder:
    """One table. ``words`` are what one row is called, for people. Of two rows equal in ``once``, among those that
    ``where`` leaves, one student can have only one: the row of the record that stays stands, the other stays behind.
    ``is_new_work``: a new row is something that people would lose if a merge were taken back after it.
    """

    table: str
    fate: Fate
    words: str = ""
    once: tuple[str, ...] = ()
    where: Q | None = None
    is_new_work: bool = False

    @property
    def model(self) -> type[models.Model]:
        return next(one for one in apps.get_models() if one._meta.db_table == self.table)

    def rows(self, student_id: int) -> QuerySet[Any]:
        """Rows of a student, whatever the table's own manager would refuse."""
        return QuerySet(self.model).filter(student_id=student_id)


_holders: dict[str, Holder] = {}


def holds_students(holders: Iterable[Holder]) -> None:
    for one in holders:
        _holders[one.table] = one


def holders(*fates: Fate) -> list[Holder]:
    """In the order in which they were declared, those of ``fates``."""
    return [one for one in _holders.values() if one.fate in fates]


def keys_of(found: Sequence[Holder], *student_ids: int) -> dict[str, dict[int, list[int]]]:
    """By table and student the keys of their rows, ascending; one statement for all tables."""
    rows = [
        QuerySet(one.model).filter(student_id__in=student_ids).order_by("pk").values_list("pk", "student_id")
        for one in found
    ]
    read_together(*rows)
    keys: dict[str, dict[int, list[int]]] = {}
    for one, own in zip(found, rows, strict=True):
        of_table = keys[one.table] = {student_id: [] for student_id in student_ids}
        for pk, student_id in own:
            of_table[student_id].append(pk)
    return keys


def move_all(from_id: int, to_id: int) -> dict[str, list[int]]:
    """Give every row that moves of one student to another; returns their keys by table. What may not stand twice stays
    where it is."""
    moving = holders(Fate.MOVES)
    keys = keys_of(moving, from_id)
    return {one.table: _move_rows(one, from_id, to_id, set(keys[one.table][from_id])) for one in moving}


def _move_rows(holder: Holder, from_id: int, to_id: int, keys: set[int]) -> list[int]:
    if holder.once and keys:
        rows = holder.rows(from_id)
        standing = rows.filter(holder.where) if holder.where is not None else rows
        there = holder.rows(to_id)
        there = there.filter(holder.where) if holder.where is not None else there
        taken = set(there.values_list(*holder.once))
        keys -= {pk for pk, *values in standing.values_list("pk", *holder.once) if tuple(values) in taken}
    return _give(holder, sorted(keys), to_id)


def give_back_rows(holder: Holder, keys: Iterable[int], to_id: int) -> list[int]:
    return _give(holder, sorted(keys), to_id)


def _give(holder: Holder, keys: list[int], to_id: int) -> list[int]:
    for start in range(0, len(keys), _AT_ONCE):
        QuerySet(holder.model).filter(pk__in=keys[start : start + _AT_ONCE]).update(student_id=to_id)
    return keys


def newest_keys(student_id: int) -> Mapping[str, int]:
    """The newest row of a student in each table in which a new row is new work; 0 where there is none."""
    found = [one for one in holders(Fate.MOVES) if one.is_new_work]
    keys = keys_of(found, student_id)
    return {one.table: max(keys[one.table][student_id], default=0) for one in found}
