"""Students by rows that tie them, as conditions and as keys: one student is looked up, many are gathered, a page of
very many is walked to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import BooleanField, Exists, Expression, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import In, IsNull

from manzanita.students.models import ScopedQuerySet, Student


def having(rows: list[QuerySet]) -> ScopedQuerySet:
    """The students who have a row in one of ``rows``, for one of them, or a few."""
    students = Student.objects.scoped()
    return students.filter(has_one_of(rows)) if rows else students.none()


def has_one_of(rows: list[QuerySet]) -> Q:
    """The student has a row in one of ``rows``. For one student, or few: each is looked up."""
    return reduce(or_, (Q(Exists(one.filter(student=OuterRef("pk")))) for one in rows))


def listed(rows: list[QuerySet]) -> ScopedQuerySet:
    """The students who have a row in one of ``rows``, for lists."""
    students = Student.objects.scoped()
    return students.filter(Tied(rows)) if rows else students.none()


class Tied(Expression):
    """The student has a row in one of ``rows``. Two ways to find that out, and a list knows which one suits it.

    Usually the keys of all such rows are gathered, and their students looked up. Of very many
    (``ScopedQuerySet.walked``) a page is had at once by going through everybody in the order of the list, and looking
    for rows of each until the page is full. The database would not choose that by itself: it does not see that whom
    no agency's row names is passed over before anything is looked for.
    """

    conditional = True

    def __init__(self, rows: list[QuerySet]) -> None:
        super().__init__(output_field=BooleanField())
        self.rows = rows
        self.gathered: Any = In(F("pk"), each_key_of(rows).query)

    def get_source_expressions(self) -> list[Any]:
        return [self.gathered]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        (self.gathered,) = expressions

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        query, chosen = compiler.query, self.gathered
        if getattr(query, "is_walked", False):
            # Put together only here: a list that is not walked would pay for it in vain.
            chosen = query.build_where(reduce(or_, (Q(_row_of_student(one)) for one in self.rows)))
        sql, params = compiler.compile(chosen)
        return f"({sql})", params


def _row_of_student(rows: QuerySet) -> IsNull:
    """A scalar sub-select, because PostgreSQL would turn EXISTS into one look at the rows of everybody."""
    own = rows.filter(student=OuterRef("pk")).order_by().values("student_id")
    return IsNull(Subquery(own[:1]), False)


def sole_ties(students: ScopedQuerySet) -> list[QuerySet] | None:
    """The rows that tie these students to the actor, where nothing else is asked of the students; else ``None``."""
    where = students.query.where
    asked = [getattr(one, "lhs", None) for one in where.children]
    return asked[0].rows if len(asked) == 1 and isinstance(asked[0], Tied) and not where.negated else None


def keys_of(rows: list[QuerySet]) -> QuerySet:
    """Database keys of the students of ``rows``, as often as there are rows."""
    first, *rest = (one.order_by().values_list("student_id", flat=True) for one in rows)
    return first.union(*rest, all=True) if rest else first


def each_key_of(rows: list[QuerySet]) -> QuerySet:
    """Database keys of the students of ``rows``, each once: that also keeps PostgreSQL from asking row by row."""
    first, *rest = (one.order_by().values("student_id") for one in rows)
    return first.union(*rest) if rest else first.distinct()


def keys_listed(students: ScopedQuerySet) -> QuerySet:
    """Database keys of a list, each once: a tie says that there is a student, and nobody needs to be looked up."""
    ties = sole_ties(students)
    return each_key_of(ties) if ties else students.order_by().values("pk")
