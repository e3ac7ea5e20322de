"""Reading archives. Callers name students they have already been allowed to read."""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from manzanita.archive.models import Archive, ArchivedRecord


def archives_of(student_id: int) -> QuerySet[Archive]:
    """All archives of a student, newest event first, without their documents."""
    return Archive.objects.filter(student_id=student_id).defer("document").order_by("-event_on", "-id")


def document_of(archive: Archive) -> dict[str, Any]:
    """The snapshot's document as plain values."""
    document: dict[str, Any] = json.loads(bytes(archive.document))
    return document


def origins_of(archive: Archive, record_key: str) -> dict[str, str]:
    """Where each value of one archived line came from, in words."""
    for entry in document_of(archive)["records"]:
        if entry["key"] == record_key:
            return dict(entry["origins"])
    return {}


def standing_records(
    student_ids: Iterable[int],
    lea_code: str | None = None,
    *,
    is_left_out: Callable[[ArchivedRecord], bool] = lambda row: False,
) -> dict[int, list[ArchivedRecord]]:
    """Per student, the records of archives that no correction has superseded.

    Where two standing archives hold the same key the later recorded one stands. With ``lea_code`` only the
    records that LEA reports; a record ``is_left_out`` gives way to an older one of its key.
    """
    return standing_of(uncorrected_records(student_ids, lea_code), is_left_out)


def uncorrected_records(
    student_ids: Iterable[int], lea_code: str | None = None, *, known: datetime | None = None
) -> QuerySet[ArchivedRecord]:
    """The records of archives that no correction has superseded, in the order of recording; with ``known``, as it was
    at that instant."""
    rows = ArchivedRecord.objects.filter(student_id__in=list(student_ids))
    if known is None:
        rows = rows.filter(archive__superseded_by__isnull=True)
    else:
        rows = rows.filter(archive__recorded_at__lte=known)
        rows = rows.exclude(archive__superseded_by__recorded_at__lte=known)
    if lea_code is not None:
        rows = rows.filter(lea_code=lea_code)
    return rows.order_by("archive__recorded_at", "archive_id", "id")


def standing_of(
    rows: Iterable[ArchivedRecord], is_left_out: Callable[[ArchivedRecord], bool]
) -> dict[int, list[ArchivedRecord]]:
    """Of uncorrected ``rows`` in the order of recording, per student those that stand."""
    newest: dict[tuple[int, str], ArchivedRecord] = {}
    for row in rows:
        if not is_left_out(row):
            newest[row.student_id, row.record_key] = row
    standing: dict[int, list[ArchivedRecord]] = defaultdict(list)
    for (student_id, _), row in newest.items():
        standing[student_id].append(row)
    return standing


def archived_keys(student_ids: Iterable[int]) -> dict[int, set[str]]:
    """Per student, the key of every record that any archive, superseded or not, ever held."""
    keys: dict[int, set[str]] = defaultdict(set)
    rows = ArchivedRecord.objects.filter(student_id__in=list(student_ids))
    for student_id, key in rows.values_list("student_id", "record_key"):
        keys[student_id].add(key)
    return keys


def get_archive(public_id: uuid.UUID, lea_codes: Collection[str] | None) -> Archive | None:
    """The archive with this public id that one of ``lea_codes`` reports (``None``: any LEA). The caller asks
    whether its student may be seen."""
    found = Archive.objects.filter(public_id=public_id)
    if lea_codes is not None:
        found = found.filter(lea_code__in=lea_codes)
    return found.select_related("supersedes").first()


def newest_of(archive: Archive) -> Archive:
    """The archive itself, or the newest correction of it."""
    newer = superseded_by(archive)
    while newer is not None:
        archive, newer = newer, superseded_by(newer)
    return archive


def pending_archive(meeting_id: int) -> Archive | None:
    """The archive by which a meeting stands reported as pending, if it is."""
    return Archive.objects.filter(cause="pending", cause_id=meeting_id, superseded_by__isnull=True).first()


def archive_of_meeting(meeting_id: int) -> Archive | None:
    """The archive that stands for a meeting: its own, or the newest correction of it."""
    archive = Archive.objects.filter(cause="meeting", cause_id=meeting_id).first()
    return newest_of(archive) if archive else None


def superseded_by(archive: Archive) -> Archive | None:
    """The correction that replaced ``archive``, if there is one."""
    return Archive.objects.filter(supersedes_id=archive.pk).first()
