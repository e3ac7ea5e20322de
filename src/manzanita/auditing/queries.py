"""Reading the logs, and how far they are sealed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db import connection
from django.db.models import Count, Max, Min, Model, Q, Sum
from django.db.models.expressions import RawSQL

from manzanita.auditing.log_rows import AppendOnlyQuerySet
from manzanita.auditing.models import (
    ChangeEvent,
    Disclosure,
    ReadEvent,
    SealCheck,
    SealHead,
    Unsealed,
)
from manzanita.platform import clock


def _events_naming(*student_ids: int) -> AppendOnlyQuerySet:
    if connection.vendor == "postgresql":
        naming = reduce(or_, (Q(student_ids__contains=[one]) for one in student_ids))
        return ReadEvent.objects.filter(naming)
    # The side table of migration 0002; SQLite has no index over the members of a list.
    marks = ", ".join(["%s"] * len(student_ids))
    side = RawSQL(f"SELECT event_id FROM auditing_read_student WHERE student_id IN ({marks})", student_ids)
    return ReadEvent.objects.filter(pk__in=side)


def reads_of_student(*student_ids: int) -> AppendOnlyQuerySet:
    """Who saw this student, on a page or in a list, newest first. By our database key; of a student with whom another
    record was put together, by the keys of both (``students.queries.keys_of_person``)."""
    return _events_naming(*student_ids).order_by("-at", "-pk")


def changes_of_student(*student_ids: int) -> AppendOnlyQuerySet:
    """What was done about this student, newest first, by the same keys."""
    return ChangeEvent.objects.filter(student_id__in=student_ids).order_by("-at", "-pk")


def disclosures_of_student(*student_ids: int) -> list[Disclosure]:
    """Disclosures that stand, newest first, by the same keys: a corrected row is left out, its correction stands."""
    rows = list(Disclosure.objects.filter(student_id__in=student_ids).order_by("-disclosed_on", "-pk"))
    corrected = {row.corrects_id for row in rows}
    return [row for row in rows if row.pk not in corrected]


def reason_of(action: str, subject: Model) -> str:
    """The words a person gave for the newest ``action`` on ``subject``, or empty text."""
    events = ChangeEvent.objects.filter(
        action=action, subject_type=subject._meta.label_lower, subject_id=subject.pk
    )
    return events.order_by("-at", "-pk").values_list("reason", flat=True).first() or ""


def purpose_given(user_id: int, student_id: int, since: datetime) -> str:
    """The purpose that a person gave for looking at this student since then, or empty text."""
    given = _events_naming(student_id).filter(actor_user_id=user_id, at__gte=since).exclude(purpose_code="")
    return given.order_by("-at", "-pk").values_list("purpose_code", flat=True).first() or ""


def reads_between(
    *,
    lea_code: str,
    start: datetime,
    end: datetime,
    user_id: int | None = None,
    student_ids: Collection[int] | None = None,
    newest_first: bool = False,
) -> AppendOnlyQuerySet:
    """Reads of one LEA's people from ``start`` until before ``end``, oldest first unless the newest are wanted.
    ``student_ids`` are the keys of one student."""
    events = ReadEvent.objects.all() if student_ids is None else _events_naming(*student_ids)
    events = events.filter(lea_code=lea_code, at__gte=start, at__lt=end)
    if user_id is not None:
        events = events.filter(actor_user_id=user_id)
    return events.order_by("-at", "-pk") if newest_first else events.order_by("at", "pk")


def in_chunks(events: AppendOnlyQuerySet, size: int) -> Iterator[list[ReadEvent]]:
    """The events in lists of ``size``, so that what is looked up for them costs one query a list."""
    chunk: list[ReadEvent] = []
    for event in events.iterator(chunk_size=size):
        chunk.append(event)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


@dataclass(frozen=True, slots=True)
class Reading:
    """How much one person has read in a time, through one perspective; a student seen twice counts twice."""

    user_id: int
    perspective: str
    events: int
    students: int
    newest: datetime


def reads_by_person(lea_code: str, since: datetime) -> list[Reading]:
    """Who of an LEA's people has read how much since then, most students first."""
    counted = (
        ReadEvent.objects.filter(lea_code=lea_code, at__gte=since)
        .order_by()
        .values("actor_user_id", "perspective")
        .annotate(events=Count("pk"), students=Sum("student_count"), newest=Max("at"))
    )
    readings = [
        Reading(row["actor_user_id"], row["perspective"], row["events"], row["students"], row["newest"])
        for row in counted
    ]
    return sorted(readings, key=lambda one: (-one.students, one.user_id, one.perspective))


@dataclass(frozen=True, slots=True)
class SealState:
    """How far the log of one LEA is sealed. ``waiting_for`` is the age of the oldest row that waits."""

    sealed_count: int
    sealed_at: datetime | None
    waiting_count: int
    waiting_for: timedelta | None
    last_check: SealCheck | None


def seal_state(lea_code: str) -> SealState:
    """The state of one LEA's chain; the last verification is that of all chains."""
    head = SealHead.objects.filter(lea_code=lea_code).first()
    waiting = Unsealed.objects.filter(lea_code=lea_code).aggregate(count=Count("pk"), oldest=Min("at"))
    age = None if waiting["oldest"] is None else max(clock.now() - waiting["oldest"], timedelta(0))
    return SealState(
        sealed_count=head.sequence if head else 0,
        sealed_at=head.sealed_at if head else None,
        waiting_count=waiting["count"],
        waiting_for=age,
        last_check=last_check(),
    )


def last_check() -> SealCheck | None:
    """The newest verification."""
    return SealCheck.objects.order_by("-at", "-pk").first()


@dataclass(frozen=True, slots=True)
class Look:
    """One person saw something of one student. ``pk`` orders the looks, and is where a page of them goes on."""

    pk: int
    at: datetime
    what: str
    student_id: int


def looks_through(
    user_id: int,
    grant_ids: Iterable[int],
    *,
    student_id: int | None = None,
    before: int | None = None,
    limit: int = 200,
) -> list[Look]:
    """What a person saw through these grants, newest first: one for each student of each page and list.

    ``limit`` counts pages and lists, so that none is shown in part; go on with ``before`` the last ``pk``.
    """
    found = ReadEvent.objects.all() if student_id is None else _events_naming(student_id)
    found = found.filter(actor_user_id=user_id, grant_id__in=list(grant_ids))
    if before is not None:
        found = found.filter(pk__lt=before)
    return [
        Look(event.pk, event.at, event.what, one)
        for event in found.order_by("-pk")[:limit]
        for one in event.student_ids
        if student_id in (None, one)
    ]


def look_counts(user_ids: Iterable[int], grant_ids: Iterable[int]) -> dict[int, int]:
    """For each of these grants of these people how many looks ``looks_through`` lists; without a look, no entry."""
    found = ReadEvent.objects.filter(actor_user_id__in=list(user_ids), grant_id__in=list(grant_ids))
    counted = found.order_by().values("grant_id").annotate(count=Sum("student_count"))
    return {row["grant_id"]: row["count"] for row in counted}


def times_done(action: str, user_id: int, since: datetime) -> int:
    """How often a person did something since then."""
    return ChangeEvent.objects.filter(actor_user_id=user_id, action=action, at__gte=since).count()
