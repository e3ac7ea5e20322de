"""What is read of one student, put together once and read of each student anew.

A page about one student asks some thirty tables in one statement (``platform.together``). To compose these querysets
and write them as SQL takes longer than to read them, and it comes to the same for every student: only the key differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet

from manzanita.platform.together import Together

T = TypeVar("T")
# Stands for the key of the student where the querysets are composed. No row has it.
STAND_IN = -7_700_000_000_077
# Where the rows of a queryset come.
_ROWS = object()


class KeptRows(Generic[T]):
    """``asked`` is a dataclass with querysets about the student whose key is ``STAND_IN``, also within dataclasses and
    lists in it. Whoever keeps one keeps it under what else the querysets depend on: who asks, the day."""

    def __init__(self, asked: T) -> None:
        found = list(_each(asked))
        # Without the querysets, which take ten times the room of their text.
        self._shape = _filled(asked, lambda _: _ROWS)
        for one in found:
            alone = Together([one])
            if hasattr(one.model, "student_id") and not alone.is_empty and STAND_IN not in alone.params:
                raise ValueError(f"rows of {one.model.__name__} that are not of the student")
        self._statement = Together(found)

    def read(self, key: int) -> T:
        """``asked`` with the rows of the student with this key, as lists, in place of the querysets. One query."""
        # The parameter may be of a kind of its own, which says how wide the column is.
        params = [type(one)(key) if one == STAND_IN else one for one in self._statement.params]
        rows = iter(self._statement.rows(params))
        return _filled(self._shape, lambda _: next(rows))


def read_once(asked: T) -> T:
    """The same of querysets that are asked only once, of whatever student."""
    rows = iter((statement := Together(list(_each(asked)))).rows(statement.params))
    return _filled(asked, lambda _: next(rows))


def _each(asked: Any) -> Iterator[QuerySet[Any, Any]]:
    found: list[QuerySet[Any, Any]] = []
    _filled(asked, found.append)
    return iter(found)


def _filled(asked: Any, rows_of: Callable[[Any], Any]) -> Any:
    """``asked`` with what ``rows_of`` gives in place of each queryset, always in the same order."""
    if asked is _ROWS or isinstance(asked, QuerySet):
        return rows_of(asked)
    if isinstance(asked, (list, tuple)):
        return [_filled(one, rows_of) for one in asked]
    if isinstance(asked, dict):
        return {key: _filled(one, rows_of) for key, one in asked.items()}
    if is_dataclass(asked) and not isinstance(asked, type):
        values = {field.name: _filled(getattr(asked, field.name), rows_of) for field in fields(asked)}
        return replace(asked, **values)
    return asked
