"""Putting students in an order that no index has: by grade, school, when the plan is reviewed, or as pasted.

One statement goes through all students of a list and what decides their place. Whose place is decided by nothing stand
last, in either direction; equal students stand by name.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL
from django.http import Http404

from manzanita.domain.access import Actor
from manzanita.domain.codes import code_set
from manzanita.domain.narrowing import AS_PASTED, Order, grade_places
from manzanita.orgs.models import School
from manzanita.students.by_name import NAME_ORDER
from manzanita.students.models import PastedLine, ScopedQuerySet
from manzanita.students.scope import visible_to
from manzanita.students.shown import newest_enrollments, under_review

Sql = tuple[str, Sequence[Any]]
NAMED = tuple(f'"{column}"' for column in NAME_ORDER)


def keys_in_order(
    students: ScopedQuerySet,
    actor: Actor,
    order: Order,
    *,
    after: str = "",
    limit: int | None = None,
    is_long: bool = False,
) -> tuple[list[int], int]:
    """Database keys of ``students`` in this order: all, or ``limit`` of those that follow the row of the token
    ``after``; and how many students there are. Raises ``Http404`` for a token that is none; of a student out of reach
    nothing follows.

    ``is_long``: they are most students of the actor's agencies."""
    place: Sql = ("", ())
    if after:
        last = _place_of(actor, order, after)
        if last is None:
            return [], 0
        place = _behind(order, *last)
    rows = _rows(students, actor, order, place, limit, is_long=is_long)
    return [row[0] for row in rows if row[0] is not None], rows[0][-1] if rows else 0


def public_id_of(token: str) -> uuid.UUID:
    """The public id that the token of a page is: names and dates stay out of addresses. Raises ``Http404``."""
    try:
        return uuid.UUID(token)
    except ValueError as error:
        raise Http404("no such page") from error


def _place_of(actor: Actor, order: Order, token: str) -> tuple[Any, ...] | None:
    """What decides the place of the row, and its name and key."""
    one = visible_to(actor).filter(public_id=public_id_of(token))
    rows = _rows(one, actor, order, ("", ()), 1, is_long=False)
    if not rows or rows[0][0] is None:
        return None
    pk, decides, last_name, first_name, _ = rows[0]
    return decides, (last_name, first_name), pk


def _behind(order: Order, decides: Any, name: Sequence[str], pk: int) -> Sql:
    behind = f"({', '.join(NAMED)}) > (%s, %s, %s)"
    named = [*name, pk]
    if decides is None:
        return f'WHERE "decides" IS NULL AND {behind}', named
    sign = "<" if order.is_descending else ">"
    return (
        f'WHERE "decides" {sign} %s OR ("decides" = %s AND {behind}) OR "decides" IS NULL',
        [decides, decides, *named],
    )


def _rows(
    students: ScopedQuerySet, actor: Actor, order: Order, place: Sql, limit: int | None, *, is_long: bool
) -> list[tuple[Any, ...]]:
    """Key, what decides, last and first name of each, in order, and beside each how many students there are in all:
    that stands in a row without a key where there is none in this place.

    Students and facts are each read in one go and then joined: asked for one student after the other, the facts of
    25,000 would take three times as long.
    """
    students._require_scope()
    way = _WAYS[order.key](actor, order)
    facts = way.facts
    if not (is_long and way.is_of_agencies and actor.record_leas is not None):
        table = facts.model._meta.db_table
        listed = RawSQL(
            f'"{table}"."student_id" IN (SELECT "one"."id" FROM "one")', (), output_field=BooleanField()
        )
        facts = facts.filter(listed)
    try:
        asked = sql_of(students.order_by().values_list("id", "last_name", "first_name", "plan_review_due_on"))
        told = sql_of(facts.order_by().values_list("student_id", *way.columns))
    except EmptyResultSet:
        return []
    where, given = place
    direction = "DESC" if order.is_descending else "ASC"
    sql = f"""
        WITH "one" AS MATERIALIZED ({asked[0]}), "fact" AS MATERIALIZED ({told[0]}), "placed" AS (
            SELECT "one"."id" AS "id", "one"."last_name" AS "last_name", "one"."first_name" AS "first_name",
                   {way.decides[0]} AS "decides"
              FROM "one" LEFT JOIN "fact" ON "fact"."student_id" = "one"."id" {way.joined}
        )
        SELECT "id", "decides", "last_name", "first_name", "size"
          FROM (SELECT COUNT(*) AS "size" FROM "one") AS "whole"
          LEFT JOIN (SELECT * FROM "placed" {where}) AS "there" ON TRUE
        ORDER BY "decides" IS NULL, "decides" {direction}, {", ".join(NAMED)}
        {"" if limit is None else f"LIMIT {int(limit)}"}
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, [*asked[1], *told[1], *way.decides[1], *given])
        return cursor.fetchall()


def sql_of(rows: QuerySet) -> Sql:
    """As a part of a statement. Raises ``EmptyResultSet`` where there can be no rows."""
    return rows.query.get_compiler(connection=connection).as_sql()


@dataclass(frozen=True, slots=True)
class _Way:
    """How an order comes about: rows of facts with the ``columns`` of which it goes, and what decides, as SQL.
    ``is_of_agencies``: of the actor's agencies the rows are found by themselves."""

    facts: QuerySet
    columns: tuple[str, ...]
    decides: Sql
    joined: str = ""
    is_of_agencies: bool = False


def _by_grade(actor: Actor, order: Order) -> _Way:
    places = grade_places(code_set("GradeLevel").codes)
    whens = " ".join("WHEN %s THEN %s" for _ in places)
    given = [value for pair in places.items() for value in pair]
    decides = f'CASE "fact"."grade_code" {whens} END'
    return _Way(newest_enrollments(actor), ("grade_code",), (decides, given), is_of_agencies=True)


def _by_school(actor: Actor, order: Order) -> _Way:
    """By the names that the rows show, whatever the case of their letters."""
    school = f'LEFT JOIN "{School._meta.db_table}" AS "school" ON "school"."code" = "fact"."school_code"'
    decides = """LOWER(COALESCE("school"."name", NULLIF("fact"."school_code", '')))"""
    return _Way(newest_enrollments(actor), ("school_code",), (decides, ()), school, is_of_agencies=True)


def _by_review(actor: Actor, order: Order) -> _Way:
    decides = 'CASE WHEN "fact"."student_id" IS NOT NULL THEN "one"."plan_review_due_on" END'
    return _Way(under_review(actor), (), (decides, ()))


def _as_pasted(actor: Actor, order: Order) -> _Way:
    return _Way(PastedLine.objects.filter(pasted=order.of), ("number",), ('"fact"."number"', ()))


_WAYS = {"grade": _by_grade, "school": _by_school, "review": _by_review, AS_PASTED: _as_pasted}
