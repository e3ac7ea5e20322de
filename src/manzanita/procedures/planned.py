"""Every change of students that stands with a day to come: each source is one small declared entry.

A page of them is one statement: it finds the students once, joins each source to them, and puts all in the order of
their days. The rows are then read of the page alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import DateField, Exists, F, Model, OuterRef, QuerySet, Value

from manzanita.domain.access import Actor, Relationship
from manzanita.leaving.models import Leaving
from manzanita.platform import clock
from manzanita.platform.facts import Fact
from manzanita.platform.together import read_together
from manzanita.procedures.next_year import next_first_day
from manzanita.students.by_rows import keys_listed
from manzanita.students.models import (
    AgencyRelation,
    CaseAssignment,
    Enrollment,
    NextSetting,
    NextYear,
    Plan,
    ScopedQuerySet,
    Service,
    SpecialEducationStatus,
    TeamMember,
)
from manzanita.students.ordering import sql_of
from manzanita.students.scope import lea_filter

PAGE_SIZE = 50
SOON = timedelta(days=30)
_NEXT = str(Relationship.NEXT_YEAR)
Rows = Callable[[Actor, date], QuerySet[Any, Any]]


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of change. ``rows`` are those that stand on a day, each with a student; ``day`` is the column with the
    day, empty where it is July 1. ``is_last``: the day is the last one before the change, not the first one after."""

    key: str
    label: str
    model: type[Model]
    rows: Rows
    day: str = ""
    is_last: bool = False


def _begins(key: str, label: str, model: type[Fact]) -> Source:
    """Versions that begin later."""
    return Source(
        key,
        label,
        model,
        lambda actor, today: model.objects.believed().filter(effective_from__gt=today),
        "effective_from",
    )


def _ends(key: str, label: str, model: type[Fact]) -> Source:
    """Versions of today with a last day, after which nothing in the same slot begins."""

    def rows(actor: Actor, today: date) -> QuerySet[Any, Any]:
        same = {name: OuterRef(name) for name in model.slot}
        later = model.objects.believed().filter(effective_from__gt=OuterRef("effective_to"), **same)
        return model.objects.as_of(effective=today).filter(~Exists(later), effective_to__isnull=False)

    return Source(key, label, model, rows, "effective_to", is_last=True)


def _stands(model: type[Fact], **values: str) -> Rows:
    """What is planned and holds until its day."""
    return lambda actor, today: model.objects.as_of(effective=today).filter(**values)


def _leavings(actor: Actor, today: date) -> QuerySet[Leaving, Leaving]:
    return Leaving.objects.filter(state="planned", **lea_filter(actor))


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        one.key: one
        for one in (
            Source("leaving", "Leaving", Leaving, _leavings, "leaves_on"),
            _begins("status", "Status", SpecialEducationStatus),
            _begins("plan", "Plan", Plan),
            _begins("service", "Service", Service),
            Source("setting", "Program setting", NextSetting, _stands(NextSetting), "starts_on"),
            Source("place", "Next school", AgencyRelation, _stands(AgencyRelation, relationship=_NEXT)),
            Source("grade", "Next grade", NextYear, _stands(NextYear)),
            _begins("enrollment", "Enrollment", Enrollment),
            _begins("manager", "Case manager", CaseAssignment),
            _ends("manager-ends", "Case manager ends", CaseAssignment),
            _begins("team", "Team", TeamMember),
            _ends("team-ends", "Team ends", TeamMember),
        )
    }
)
# What a nightly job does in the night to its day, and a coordinator has to know of: few rows, found by an index of
# their days.
AT_HOME = ("leaving", "setting")
LATE, WITHIN = "late", "30"
_ORDER = '"day", "student_id", "source", "pk"'
# Which days are asked for.
WHEN: Mapping[str, str] = MappingProxyType(
    {"": "Any day", WITHIN: "Next 30 days", LATE: "Day has come, not done"}
)


def is_late(source: str, day: date) -> bool:
    """Whether the night to the day has left it: what a job does is due on the day itself, and nothing else is."""
    return source in AT_HOME and day <= clock.today()


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One change: of which source, its row, its student's key, and the day."""

    source: Source
    row: Any
    student_id: int
    day: date


@dataclass(frozen=True, slots=True)
class PlannedPage:
    """``counts`` are those of each source on the days that are asked for; ``more`` says that a page follows."""

    changes: Sequence[PlannedChange]
    counts: Mapping[str, int]
    more: bool


def planned_counts(students: ScopedQuerySet, actor: Actor, when: str = "") -> dict[str, int]:
    """How many changes there are of each source; one query."""
    return _counts(students, actor, when)[0]


def planned_at_home(students: ScopedQuerySet, actor: Actor) -> tuple[dict[str, int], dict[str, int]]:
    """The same of the sources of ``AT_HOME``, for the days that have passed and for those within 30 days; one query."""
    late, soon = _counts(students, actor, LATE, WITHIN, only=AT_HOME)
    return late, soon


def _counts(
    students: ScopedQuerySet, actor: Actor, *whens: str, only: Collection[str] = ()
) -> list[dict[str, int]]:
    statement = _statement(students, actor, only)
    if statement is None:
        return [{} for _ in whens]
    sql, params = statement
    columns = []
    for when in whens:
        where, days = _between(when)
        columns.append(f"COUNT(CASE WHEN {where} THEN 1 END)")
        params += days
    with connection.cursor() as cursor:
        cursor.execute(
            f'{sql} SELECT "source", {", ".join(columns)} FROM "planned" GROUP BY "source"', params
        )
        found = cursor.fetchall()
    return [{key: counts[place] for key, *counts in found if counts[place]} for place in range(len(whens))]


def planned_page(
    students: ScopedQuerySet, actor: Actor, *, when: str = "", only: str = "", start: int = 0
) -> PlannedPage:
    """One page of the changes of these students, the earliest day first; ``only`` is the key of a source. Two
    queries: the changes are gathered once, for the page and for the counts."""
    statement = _statement(students, actor)
    if statement is None:
        return PlannedPage([], {}, False)
    sql, params = statement
    where, days = _between(when)
    cut = f'{where} AND "source" = %s' if only else where
    with connection.cursor() as cursor:
        cursor.execute(
            f"""{sql}
            SELECT * FROM (SELECT "source", "pk", "student_id", "day", 0 FROM "planned" WHERE {cut}
                           ORDER BY {_ORDER} LIMIT {PAGE_SIZE + 1} OFFSET {int(start)}) AS "page"
            UNION ALL
            SELECT "source", NULL, NULL, NULL, COUNT(*) FROM "planned" WHERE {where} GROUP BY "source"
            """,
            [*params, *days, *([only] if only else []), *days],
        )
        found = cursor.fetchall()
    counts = {key: count for key, *_, count in found if count}
    page = [row[:4] for row in found if not row[4]]
    rows = _read(page[:PAGE_SIZE])
    changes = [
        PlannedChange(SOURCES[key], rows[key][pk], student_id, _day(day))
        for key, pk, student_id, day in page[:PAGE_SIZE]
        if pk in rows[key]
    ]
    return PlannedPage(changes, counts, len(page) > PAGE_SIZE)


def with_planned(students: ScopedQuerySet, actor: Actor, *, when: str = "", only: str = "") -> set[int]:
    """Keys of those of ``students`` who have such a change; one query."""
    statement = _statement(students, actor, [only] if only else ())
    if statement is None:
        return set()
    sql, params = statement
    where, days = _between(when)
    with connection.cursor() as cursor:
        cursor.execute(f'{sql} SELECT DISTINCT "student_id" FROM "planned" WHERE {where}', [*params, *days])
        return {pk for (pk,) in cursor.fetchall()}


def _statement(
    students: ScopedQuerySet, actor: Actor, only: Collection[str] = ()
) -> tuple[str, list[Any]] | None:
    """The beginning of a statement with the table ``planned``; ``None`` where there can be nobody."""
    students._require_scope()
    today = clock.today()
    july = Value(next_first_day(today), output_field=DateField())
    try:
        listed, given = sql_of(keys_listed(students))
    except EmptyResultSet:
        return None
    tables, parts, params = [f'"listed" ("id") AS MATERIALIZED ({listed})'], [], list(given)
    for number, source in enumerate(one for one in SOURCES.values() if not only or one.key in only):
        rows = source.rows(actor, today)
        table = rows.model._meta.db_table
        # Joined, not asked by IN: the database does not see that each stands among them once, and would sort them out
        # anew for each source.
        own = rows.order_by().extra(tables=["listed"], where=[f'"listed"."id" = "{table}"."student_id"'])
        day = F(source.day) if source.day else july
        try:
            sql, asked = sql_of(own.annotate(on_day=day).values_list("pk", "student_id", "on_day"))
        except EmptyResultSet:
            continue
        name = f'"p{number}"'
        tables.append(f'{name} ("pk", "student_id", "day") AS ({sql})')
        parts.append(f"SELECT '{source.key}' AS \"source\", {name}.* FROM {name}")
        params += asked
    if not parts:
        return None
    tables.append(f'"planned" AS MATERIALIZED ({" UNION ALL ".join(parts)})')
    return f"WITH {', '.join(tables)}", params


def _between(when: str) -> tuple[str, list[date]]:
    """The condition of ``when`` on a row of ``planned``: ``LATE`` is :func:`is_late`, ``WITHIN`` what is not."""
    if not when:
        return "1 = 1", []
    today = clock.today()
    names = ", ".join(f"'{key}'" for key in AT_HOME)
    late = f'("source" IN ({names}) AND "day" <= %s)'
    if when == LATE:
        return late, [_as_param(today)]
    days = (today, today + SOON, today)
    return f'"day" >= %s AND "day" <= %s AND NOT {late}', [_as_param(day) for day in days]


def _as_param(day: date) -> Any:
    return connection.ops.adapt_datefield_value(day)


def _day(value: Any) -> date:
    """SQLite has days as text."""
    return value if isinstance(value, date) else date.fromisoformat(value)


def _read(found: Sequence[tuple[Any, ...]]) -> dict[str, dict[int, Model]]:
    """The rows of a page by source and key; one query."""
    keys: dict[str, list[int]] = defaultdict(list)
    for key, pk, *_ in found:
        keys[key].append(pk)
    rows = {key: SOURCES[key].model._base_manager.filter(pk__in=pks) for key, pks in keys.items()}
    read_together(*rows.values())
    return {key: {one.pk: one for one in of_source} for key, of_source in rows.items()}
