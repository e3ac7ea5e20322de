"""Reading rows of several tables in one statement: a page about one student needs few rows of very many tables.

A statement costs a round trip and a plan of its own whether it finds twelve rows or none. :func:`read_together` asks
for all of them in one, each table's rows as they would come alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import QuerySet
from django.db.models.expressions import Col
from django.db.models.query import ModelIterable, ValuesListIterable
from django.utils.dateparse import parse_datetime

# What a function of PostgreSQL takes at the most.
MOST_COLUMNS = 100
_ARRAY = {"postgresql": "json_build_array", "sqlite": "json_array"}
_TEXT = {"postgresql": "::text", "sqlite": ""}


def read_together(*querysets: QuerySet[Any, Any]) -> None:
    """Fetch all of ``querysets`` in one statement; each then has its rows as if it had been evaluated alone, in its
    order, and asks no more.

    They are of models (deferred columns stay deferred) or lists of values. Raises ``TypeError`` for one with rows of
    other models beside, of more than ``MOST_COLUMNS`` columns, or with bytes among them.
    """
    statement = Together(querysets)
    for queryset, rows in zip(querysets, statement.rows(statement.params), strict=True):
        queryset._result_cache = rows


class Together:
    """The one statement of :func:`read_together`, with its parameters."""

    def __init__(self, querysets: Sequence[QuerySet[Any, Any]]) -> None:
        parts: list[str] = []
        names: list[str] = []
        self.params: list[Any] = []
        self._readers = [_reader(queryset) for queryset in querysets]
        for number, reader in enumerate(self._readers):
            if reader is None:
                continue
            columns = ", ".join(f"c{position}" for position in range(len(reader.names)))
            # Each is planned by itself: thirty of them planned as one take the database three times as long.
            names.append(f"p{number}({columns}) AS MATERIALIZED ({reader.sql})")
            array = f"{_ARRAY[connection.vendor]}({columns}){_TEXT[connection.vendor]}"
            parts.append(f"SELECT {number}, {array} FROM p{number}")
            self.params += reader.params
        # A SELECT from its first word: PostgreSQL lets nothing be written further inside.
        together = f"WITH {', '.join(names)} {' UNION ALL '.join(parts)}"
        self._sql = f"SELECT * FROM ({together}) AS together" if parts else ""

    @property
    def is_empty(self) -> bool:
        """None of the querysets can have rows: nothing is asked."""
        return not self._sql

    def rows(self, params: Sequence[Any]) -> list[list[Any]]:
        """The rows of each queryset, asked with these parameters in place of ``params``."""
        found: list[list[Any]] = [[] for _ in self._readers]
        if not self._sql:
            return found
        with connection.cursor() as cursor:
            cursor.execute(self._sql, params)
            for number, text in cursor.fetchall():
                reader = self._readers[number]
                if reader is not None:
                    found[number].append(reader.row(json.loads(text)))
        return found


@dataclass(frozen=True, slots=True)
class _Reader:
    """How the rows of one queryset are read. ``model`` is ``None`` for tuples of values; ``read`` is how each column's
    values are."""

    sql: str
    params: Sequence[Any]
    model: type[models.Model] | None
    names: list[str]
    read: list[Callable[[Any], Any] | None]

    def row(self, raw: list[Any]) -> Any:
        values = [
            one if one is None or read is None else read(one)
            for read, one in zip(self.read, raw, strict=True)
        ]
        if self.model is None:
            return tuple(values)
        return self.model.from_db(connection.alias, self.names, values)


def _reader(queryset: QuerySet[Any, Any]) -> _Reader | None:
    """``None`` for a queryset that can have no rows."""
    compiler = queryset.query.get_compiler(connection=connection)
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        return None
    if connection.vendor == "sqlite" and not queryset.query.is_sliced:
        # Without a limit SQLite may leave out the order of a part of a statement.
        sql += " LIMIT -1"
    named = queryset.model.__name__
    is_values = issubclass(queryset._iterable_class, ValuesListIterable)
    columns = [column[0] for column in compiler.select]
    if not (is_values or queryset._iterable_class is ModelIterable):
        raise TypeError(f"rows of {named} that are neither of the model nor values")
    if any(not isinstance(column, Col) for column in columns):
        raise TypeError(f"a column of {named} that is reckoned")
    if not is_values and (compiler.klass_info is None or compiler.klass_info.get("related_klass_infos")):
        raise TypeError(f"rows of other models beside {named}")
    fields = [column.target for column in columns]
    if len(fields) > MOST_COLUMNS or any(isinstance(field, models.BinaryField) for field in fields):
        raise TypeError(f"more than {MOST_COLUMNS} columns of {named}, or one of bytes: defer some")
    model = None if is_values else queryset.model
    return _Reader(sql, params, model, [field.attname for field in fields], [*map(_read_of, fields)])


# Fields whose values JSON has as they are.
_AS_THEY_ARE = (models.CharField.to_python, models.TextField.to_python, models.IntegerField.to_python)


def _read_of(field: models.Field[Any, Any]) -> Callable[[Any], Any] | None:
    """How a value of JSON becomes what the field would have read from its column; ``None``: it is that already."""
    if isinstance(field, models.JSONField):
        # SQLite keeps it as text, which is text in the array as well.
        return partial(json.loads, cls=field.decoder) if connection.vendor == "sqlite" else None
    if isinstance(field, models.DateTimeField):
        return _instant
    if isinstance(field, models.ForeignKey):
        return _read_of(field.target_field)
    return None if type(field).to_python in _AS_THEY_ARE else field.to_python


def _instant(raw: str) -> datetime:
    found = parse_datetime(raw)
    if found is None:
        raise ValueError("not an instant")
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
