"""Reading the two logs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Model

from manzanita.auditing.models import AppendOnlyQuerySet, ChangeEvent, ReadEvent


def reads_of_student(student_id: int) -> AppendOnlyQuerySet:
    """Who saw this student, newest first. ``student_id`` is our database key."""
    return ReadEvent.objects.filter(student_id=student_id).order_by("-at", "-pk")


def changes_of_student(student_id: int) -> AppendOnlyQuerySet:
    """What was done about this student, newest first. ``student_id`` is our database key."""
    return ChangeEvent.objects.filter(student_id=student_id).order_by("-at", "-pk")


def reason_of(action: str, subject: Model) -> str:
    """The words a person gave for the newest ``action`` on ``subject``, or empty text."""
    events = ChangeEvent.objects.filter(
        action=action, subject_type=subject._meta.label_lower, subject_id=subject.pk
    )
    return events.order_by("-at", "-pk").values_list("reason", flat=True).first() or ""


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
    """What a person saw through these grants, newest first: one for each student of each page and list."""
    found = ReadEvent.objects.filter(actor_user_id=user_id, grant_id__in=list(grant_ids))
    if student_id is not None:
        found = found.filter(student_id=student_id)
    if before is not None:
        found = found.filter(pk__lt=before)
    return [Look(event.pk, event.at, event.what, event.student_id) for event in found.order_by("-pk")[:limit]]


def look_counts(user_ids: Iterable[int], grant_ids: Iterable[int]) -> dict[int, int]:
    """For each of these grants of these people how many looks ``looks_through`` lists; without a look, no entry."""
    found = ReadEvent.objects.filter(actor_user_id__in=list(user_ids), grant_id__in=list(grant_ids))
    counted = found.order_by().values("grant_id").annotate(count=Count("pk"))
    return {row["grant_id"]: row["count"] for row in counted}


def times_done(action: str, user_id: int, since: datetime) -> int:
    """How often a person did something since then."""
    return ChangeEvent.objects.filter(actor_user_id=user_id, action=action, at__gte=since).count()
