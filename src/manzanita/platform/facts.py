"""Append-only facts that can be asked "as of": the base every dated fact table shares.

A concrete fact names its ``slot`` (fields that say *of what* the fact is: the student, or the student and
one enrollment) and its ``content`` (fields that say *what*). Within a slot the believed versions
(``superseded_at IS NULL``) never overlap: PostgreSQL holds that by an exclusion constraint, SQLite by the
action below, and both by a property test.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from django.db import connection, models, transaction
from django.db.models import F, Q

from manzanita.domain.effective import Span, give_back, replace_all, restate
from manzanita.platform import clock
from manzanita.platform.changed import students_changed


class FactQuerySet(models.QuerySet):
    def as_of(self, *, effective: date | None = None, known: datetime | None = None) -> FactQuerySet:
        """Versions that held on the day ``effective`` as we believed at the instant ``known``.

        ``effective`` ``None`` leaves the first axis open (all days); ``known`` ``None`` means now.
        """
        facts = self
        if effective is not None:
            facts = facts.filter(
                Q(effective_to__isnull=True) | Q(effective_to__gte=effective), effective_from__lte=effective
            )
        if known is None:
            return facts.filter(superseded_at__isnull=True)
        return facts.filter(
            Q(superseded_at__isnull=True) | Q(superseded_at__gt=known), recorded_at__lte=known
        )

    def believed(self) -> FactQuerySet:
        """What we hold true now, for all days."""
        return self.as_of()

    def update(self, **kwargs: Any) -> int:
        raise TypeError("facts are append-only: state the new fact with state_fact")

    def delete(self) -> Any:
        raise TypeError("facts are append-only: state that nothing holds with state_fact(values=None)")


class Fact(models.Model):
    """One version of one fact. ``cause`` says what stated it (``sis-import:12``, ``meeting:7``)."""

    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)
    by_id = models.BigIntegerField(null=True, blank=True)
    cause = models.CharField(max_length=80)

    objects = FactQuerySet.as_manager()

    slot: ClassVar[tuple[str, ...]] = ()
    content: ClassVar[tuple[str, ...]] = ()
    # Whether clocks of the law count from it: who is told then is whoever ``platform.changed`` knows.
    is_counted_from: ClassVar[bool] = False

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_ends_after_start",
                condition=Q(effective_to__isnull=True) | Q(effective_to__gte=F("effective_from")),
            ),
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_superseded_later",
                condition=Q(superseded_at__isnull=True) | Q(superseded_at__gte=F("recorded_at")),
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk and not self._state.adding:
            raise TypeError("facts are append-only: state the new fact with state_fact")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("facts are append-only: state that nothing holds with state_fact(values=None)")


@dataclass(frozen=True, slots=True)
class Statement:
    """``values`` hold in ``slot`` from ``effective_from`` to ``effective_to``; ``values`` ``None``: nothing does.

    ``is_whole_slot`` says that the slot holds nothing on any other day (see ``domain.effective.replace_all``).
    """

    slot: Mapping[str, Any]
    values: Mapping[str, Any] | None
    effective_from: date
    effective_to: date | None = None
    is_whole_slot: bool = False


def state_fact(
    model: type[Fact],
    *,
    slot: Mapping[str, Any],
    values: Mapping[str, Any] | None,
    effective_from: date,
    effective_to: date | None = None,
    is_whole_slot: bool = False,
    by_id: int | None,
    cause: str,
    at: datetime | None = None,
) -> list[Fact]:
    """State one fact and return the inserted versions; see :func:`state_facts`."""
    statement = Statement(slot, values, effective_from, effective_to, is_whole_slot)
    return state_facts(model, [statement], by_id=by_id, cause=cause, at=at)


def state_facts(
    model: type[Fact],
    statements: Sequence[Statement],
    *,
    by_id: int | None,
    cause: str,
    at: datetime | None = None,
) -> list[Fact]:
    """State many facts in one transaction, in order; return the inserted versions.

    What is contradicted is closed at ``at`` (default now) and what remains of it is inserted again; stating
    what is believed already writes nothing. Three queries for any number of statements that share their
    first slot field (the student). Raises ``ValueError`` for an end before the start and for slot or value
    fields that the fact does not have or that are left out; ``ConcurrentStatement`` when somebody else
    restated the same fact at the same moment.
    """
    for statement in statements:
        _check_names(model, statement)
    if not statements:
        return []
    with transaction.atomic():
        _lock_slots(model, statements)
        # One instant for all of it: asked as of any moment, either the old versions hold or the new ones.
        at = at or clock.now()
        timelines = _believed_timelines(model, statements)
        closed: list[int] = []
        changed: set[int] = set()
        for statement in statements:
            timeline = timelines.setdefault(_slot_key(model, statement.slot), {})
            stated = None
            if statement.values is not None:
                stated = tuple(statement.values[name] for name in model.content)
            change = (replace_all if statement.is_whole_slot else restate)(
                sorted(timeline, key=lambda span: span.start),
                start=statement.effective_from,
                end=statement.effective_to,
                value=stated,
            )
            if change.close or change.insert:
                changed.add(statement.slot[model.slot[0]])
            for span in change.close:
                primary_key = timeline.pop(span).pk
                # None: stated and restated within this very call, so it was never believed by anybody.
                if primary_key is not None:
                    closed.append(primary_key)
            for span in change.insert:
                timeline[span] = model(
                    **statement.slot,
                    **dict(zip(model.content, span.value, strict=True)),
                    effective_from=span.start,
                    effective_to=span.end,
                    recorded_at=at,
                    by_id=by_id,
                    cause=cause,
                )
        rows = [row for timeline in timelines.values() for row in timeline.values() if row.pk is None]
        if closed:
            # Whoever closed a version first wins: a count that differs means that we were second.
            still_believed = model._base_manager.filter(pk__in=closed, superseded_at__isnull=True)
            if still_believed.update(superseded_at=at) != len(closed):
                raise ConcurrentStatement(model.__name__)
        model._base_manager.bulk_create(rows, batch_size=500)
        if model.is_counted_from:
            students_changed(changed)
        return rows


@dataclass(frozen=True, slots=True)
class WayBack:
    """What comes back in one slot: ``close`` are believed versions, ``parts`` versions with the days on which they are
    believed again."""

    close: Sequence[int]
    parts: Sequence[tuple[int, date, date | None]]


def way_back(now: Sequence[Fact], before: Sequence[Fact], *, start: date, end: date | None) -> WayBack:
    """How ``before``, versions of one slot, holds again on the days from ``start`` to ``end``; ``now`` are the believed
    versions of that slot."""
    spans, closed = ({span_of(row): row for row in rows} for rows in (now, before))
    change = give_back(list(spans), list(closed), start=start, end=end)
    sources = {**closed, **{span: spans[span] for span in change.close}}
    return WayBack(
        [spans[span].pk for span in change.close],
        [
            (next(row.pk for whole, row in sources.items() if whole.contains(span)), span.start, span.end)
            for span in change.insert
        ],
    )


def span_of(row: Fact) -> Span[tuple[Any, ...]]:
    """The version's days and content."""
    return Span(row.effective_from, row.effective_to, tuple(getattr(row, name) for name in row.content))


def bring_back(
    model: type[Fact],
    *,
    slots: Sequence[Mapping[str, Any]],
    close: Sequence[int],
    again: Sequence[int] = (),
    parts: Sequence[tuple[int, date, date | None]] = (),
    at: datetime,
) -> list[Fact]:
    """Take back what was stated: the believed versions ``close`` end, and versions ``again`` that they took the place
    of are believed anew, with who had stated them; ``parts`` (key, first and last day) on these days only. ``slots``
    are those concerned, to be locked.

    Raises ``ConcurrentStatement`` where one of ``close`` is believed no longer.
    """
    with transaction.atomic():
        _lock_slots(model, [Statement(slot, None, date.min) for slot in slots])
        still_believed = model._base_manager.filter(pk__in=list(close), superseded_at__isnull=True)
        if still_believed.update(superseded_at=at) != len(close):
            raise ConcurrentStatement(model.__name__)
        olds = model._base_manager.in_bulk({*again, *(pk for pk, _, _ in parts)})
        days = [(pk, olds[pk].effective_from, olds[pk].effective_to) for pk in sorted(again)]
        rows = []
        for pk, first, last in (*days, *parts):
            values = {
                field.attname: getattr(olds[pk], field.attname) for field in model._meta.concrete_fields
            }
            values |= {"id": None, "recorded_at": at, "superseded_at": None}
            rows.append(model(**values | {"effective_from": first, "effective_to": last}))
        model._base_manager.bulk_create(rows, batch_size=500)
        if model.is_counted_from:
            students_changed({slot[model.slot[0]] for slot in slots})
        return rows


def believed_as(model: type[Fact], keys: Collection[int]) -> dict[int, int]:
    """By key of a version the key of the believed one that says the same, of the same days and by the same cause:
    itself, or what :func:`bring_back` made of it. Without those that are believed no longer; two queries."""
    names = (*model.slot, *model.content, "effective_from", "effective_to", "by_id", "cause")
    olds = dict(_said(model._base_manager.filter(pk__in=keys), names))
    firsts = {said[0] for said in olds.values()}
    rows = model._base_manager.filter(superseded_at__isnull=True, **{f"{model.slot[0]}__in": firsts})
    now = {said: pk for pk, said in _said(rows, names)}
    return {pk: now[said] for pk, said in olds.items() if said in now}


def _said(rows: models.QuerySet[Any, Any], names: Sequence[str]) -> Iterator[tuple[int, tuple[Any, ...]]]:
    for pk, *said in rows.values_list("pk", *names):
        yield pk, tuple(said)


def hold_facts(models: Sequence[type[Fact]], key: int) -> None:
    """Let nobody else state these facts of one student (``key``, their first slot field) until the transaction ends:
    what is then stated at one instant comes after everything that is believed."""
    for model in sorted(models, key=lambda one: one._meta.db_table):
        _lock_slots(model, [Statement({model.slot[0]: key}, None, date.min)])


def _slot_key(model: type[Fact], slot: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(slot[name] for name in model.slot)


def _believed_timelines(
    model: type[Fact], statements: Sequence[Statement]
) -> dict[tuple[Any, ...], dict[Span[Any], Fact]]:
    first = model.slot[0]
    wanted = {_slot_key(model, statement.slot) for statement in statements}
    rows = model._base_manager.filter(
        superseded_at__isnull=True, **{f"{first}__in": {statement.slot[first] for statement in statements}}
    )
    timelines: dict[tuple[Any, ...], dict[Span[Any], Fact]] = {}
    for row in rows:
        key = tuple(getattr(row, name) for name in model.slot)
        if key in wanted:
            timelines.setdefault(key, {})[span_of(row)] = row
    return timelines


class ConcurrentStatement(Exception):
    """Somebody else restated the same fact in the same moment; the caller's transaction must end."""


def _check_names(model: type[Fact], statement: Statement) -> None:
    if set(statement.slot) != set(model.slot):
        raise ValueError(f"{model.__name__} needs the slot fields {model.slot}, got {tuple(statement.slot)}")
    if statement.values is not None and set(statement.values) != set(model.content):
        raise ValueError(f"{model.__name__} needs the values {model.content}, got {tuple(statement.values)}")


def _lock_slots(model: type[Fact], statements: Sequence[Statement]) -> None:
    """Serialize writers of the same student. SQLite's IMMEDIATE transactions already do; PostgreSQL takes
    advisory locks, because the first version of a slot has no row yet that could be locked."""
    if connection.vendor != "postgresql":
        return
    names = sorted({f"{model._meta.db_table}:{statement.slot[model.slot[0]]}" for statement in statements})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(key) FROM"
            " (SELECT DISTINCT hashtextextended(name, 0) AS key FROM unnest(%s::text[]) AS name ORDER BY 1) AS keys",
            [names],
        )


def no_overlap_sql(model_table: str, slot_columns: tuple[str, ...]) -> str:
    """SQL of the PostgreSQL exclusion constraint over the believed versions of one fact table.

    It has the student as a sum, so that no read finds a student's rows by its index: the planner takes that to be as
    good as the others, and it takes seven times as long.
    """
    student, *others = slot_columns
    equal = ", ".join(f"{column} WITH =" for column in (f"({student} + 0)", *others))
    return (
        f"ALTER TABLE {model_table} ADD CONSTRAINT {model_table}_no_overlap EXCLUDE USING gist ({equal}, "
        "daterange(effective_from, effective_to, '[]') WITH &&) WHERE (superseded_at IS NULL)"
    )
