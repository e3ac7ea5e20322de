"""Queries whose SQL is put together once and asked often.

To compose the query of a scope and to write it as SQL takes Django several times as long as the database takes to
answer. The text depends on who asks for what on which day, so whoever makes a :class:`KeptQuery` keeps it under exactly
these (an ``lru_cache`` whose arguments they are). Only text is kept: no row, and nothing of a student, outlives the
asking.

A scope is kept otherwise (``students.scope``): it is filtered further by each page, so that it is kept as it was
composed, before it is text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Aggregate, Expression, QuerySet, Value


class Told(Expression):
    """A value that is said only when the query is asked; in parameters of ``RawSQL`` it stands for itself."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]


class KeptQuery:
    """The SQL of ``rows``, which are ``values_list(...)`` in the order of its fields."""

    def __init__(self, rows: QuerySet) -> None:
        compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        self._sql, self._params = "", ()
        self._converters: list[tuple[int, Sequence[Callable[..., Any]], Any]] = []
        try:
            self._sql, self._params = compiler.as_sql()
        except EmptyResultSet:
            # A scope of nobody: there is nothing to ask.
            return
        if compiler.select:
            found = compiler.get_converters([one for one, *_ in compiler.select])
            self._converters = [(place, convert, one) for place, (convert, one) in found.items()]

    def ask(self, **told: Any) -> list[tuple[Any, ...]]:
        """Every row. ``told``: the value of each ``Told``, by its name."""
        if not self._sql:
            return []
        params = [told[one.name] if isinstance(one, Told) else one for one in self._params]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, params)
            rows = cursor.fetchall()
        return [self._converted(row) for row in rows] if self._converters else rows

    def _converted(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for place, convert, expression in self._converters:
            for one in convert:
                values[place] = one(values[place], expression, connection)
        return tuple(values)


class Reckoned(KeptQuery):
    """``what`` over all of ``rows``: ``QuerySet.aggregate``, kept."""

    def __init__(self, rows: QuerySet, **what: Aggregate) -> None:
        over_all = rows.order_by().annotate(over_all=Value(1)).values("over_all")
        super().__init__(over_all.annotate(**what).values_list(*what))
        self._of_nothing = tuple(one.empty_result_set_value for one in what.values())

    def one(self, **told: Any) -> tuple[Any, ...]:
        """The values, in the order of ``what``."""
        return next(iter(self.ask(**told)), self._of_nothing)
