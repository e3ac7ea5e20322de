"""Several small reads in one query: of a page about one student, each table would otherwise be a trip of its own.

Each part is compiled as Django would run it; the database hands its rows over as JSON, and they are read back into the
same instances. For a few hundred rows of plain columns, not for lists: everything is held in memory twice.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import QuerySet, Window
from django.db.models.functions import RowNumber
from django.db.models.query import ValuesIterable

_PLACE = "place_in_part"
Convert = Callable[[Any], Any]

# Stands for the key of a student while a query is made; no row has it.
_STANDS_IN = -7_301_946_527
_MOST_KEPT = 32
_kept: dict[Hashable, Any] = {}


def fetch_together(parts: Mapping[str, QuerySet]) -> dict[str, list[Any]]:
    """The rows of each part: instances with their annotations, or dictionaries where it asks for ``values``. One query
    for all of them; in each part the order that it asks for.

    Raises ``TypeError`` for a part with ``select_related`` or a column whose value JSON cannot hold (bytes).
    """
    return _Compiled(parts).fetch({})


def fetch_of(
    key: Hashable, parts_of: Callable[[int], Mapping[str, QuerySet]], number: int
) -> dict[str, list[Any]]:
    """The same for parts that differ by one number alone, the key of a student: what Django makes of them is kept, as
    that takes longer than to ask. ``key`` names everything else that they hang on, such as the day."""
    known = (key, connection.vendor)
    compiled = _kept.get(known)
    if compiled is None:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        compiled = _kept[known] = _Compiled(parts_of(_STANDS_IN))
    return compiled.fetch({_STANDS_IN: number})


class _Compiled:
    """The one query of some parts, ready to be asked."""

    def __init__(self, parts: Mapping[str, QuerySet]) -> None:
        self.names = list(parts)
        self.parts: dict[str, _Part] = {}
        for name, rows in parts.items():
            try:
                self.parts[name] = _Part(rows)
            except EmptyResultSet:
                continue
        array = "json_build_array" if connection.vendor == "postgresql" else "json_array"
        tables, selects = [], []
        self.parameters: list[Any] = []
        for number, part in enumerate(self.parts.values()):
            columns = ", ".join(f"c{place}" for place in range(len(part.converts)))
            tables.append(f"p{number} ({columns}) AS ({part.sql})")
            selects.append(
                f"SELECT {number} AS part, CAST({array}({columns}) AS text) AS line FROM p{number}"
            )
            self.parameters += part.parameters
        self.sql = f"WITH {', '.join(tables)} {' UNION ALL '.join(selects)}"

    def fetch(self, instead: Mapping[int, int]) -> dict[str, list[Any]]:
        """Ask, with other numbers in the place of some parameters."""
        found: dict[str, list[Any]] = {name: [] for name in self.names}
        if not self.parts:
            return found
        parameters = [instead.get(value, value) if type(value) is int else value for value in self.parameters]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            lines = cursor.fetchall()
        read: dict[str, list[tuple[int, Any]]] = {name: [] for name in self.parts}
        names = list(self.parts)
        for number, line in lines:
            read[names[number]].append(self.parts[names[number]].row_of(json.loads(line)))
        for name, placed in read.items():
            found[name] = [row for _, row in sorted(placed, key=lambda one: one[0])]
        return found


class _Part:
    """One queryset with how its columns are read back."""

    def __init__(self, rows: QuerySet) -> None:
        if rows.query.select_related:
            raise TypeError("a part reads one table: add the others as parts of their own")
        order = list(rows.query.order_by)
        self.is_ordered = bool(order)
        if order:
            # No database promises an order through a union: the place of a row travels with it.
            rows = rows.order_by().annotate(**{_PLACE: Window(RowNumber(), order_by=order)})
        self.model = rows.model
        compiler = rows.query.get_compiler(connection=connection)
        self.sql, parameters = compiler.as_sql()
        self.parameters = list(parameters)
        self.converts = [_convert(column.output_field) for column, _, _ in compiler.select]
        self.is_values = rows._iterable_class is ValuesIterable
        if self.is_values:
            query = rows.query
            self.names = [*query.extra_select, *query.values_select, *query.annotation_select]
        else:
            self.fields = [
                compiler.select[place][0].target.attname for place in compiler.klass_info["select_fields"]
            ]
            self.annotations = compiler.annotation_col_map

    def row_of(self, values: list[Any]) -> tuple[int, Any]:
        """Its place, and the row."""
        read = [
            value if value is None else convert(value)
            for value, convert in zip(values, self.converts, strict=True)
        ]
        if self.is_values:
            row = dict(zip(self.names, read, strict=True))
            return (row.pop(_PLACE) if self.is_ordered else 0), row
        instance = self.model.from_db(connection.alias, self.fields, read[: len(self.fields)])
        for name, place in self.annotations.items():
            setattr(instance, name, read[place])
        return (instance.__dict__.pop(_PLACE) if self.is_ordered else 0), instance


def _same(value: Any) -> Any:
    return value


def _instant(value: str) -> datetime:
    """SQLite keeps instants as text of UTC without saying so."""
    read = datetime.fromisoformat(value)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _document(value: Any) -> Any:
    return json.loads(value) if connection.vendor != "postgresql" else value


def _convert(field: models.Field) -> Convert:
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    for kind, convert in _CONVERTS:
        if isinstance(field, kind):
            if convert is None:
                raise TypeError(f"{type(field).__name__} does not travel as JSON")
            return convert
    return _same


_CONVERTS: list[tuple[type[models.Field], Convert | None]] = [
    (models.DateTimeField, _instant),
    (models.DateField, date.fromisoformat),
    (models.UUIDField, uuid.UUID),
    (models.BooleanField, bool),
    (models.JSONField, _document),
    (models.BinaryField, None),
    (models.TimeField, None),
    (models.DecimalField, None),
]
