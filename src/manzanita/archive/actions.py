"""Writing archives. There is no changing them."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.domain import records
from manzanita.platform import clock

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class RecordDraft:
    """One state line to be archived: values by field number, and in words where each value came from."""

    record: str
    values: Mapping[str, str]
    origins: Mapping[str, str]

    @property
    def key(self) -> str:
        return records.record_key(self.record, self.values)


@dataclass(frozen=True, slots=True)
class ArchiveDraft:
    """Everything of one archive but its number. ``context`` is what belongs to the snapshot beside the state's
    lines: decisions, answers, services, as plain JSON values without floats."""

    student_id: int
    lea_code: str
    event_on: date
    cause: str
    cause_id: int | None
    title: str
    records: Sequence[RecordDraft]
    context: Mapping[str, Any]
    reason: str = ""


def canonical_bytes(document: Any) -> bytes:
    """JSON as bytes of which there is only one form: UTF-8 NFC, keys sorted, no spaces, no floats.

    Raises ``TypeError`` on a float: its text is not the same everywhere.
    """

    def normal(value: Any) -> Any:
        if isinstance(value, float):
            raise TypeError("an archive holds no floats")
        if isinstance(value, str):
            return unicodedata.normalize("NFC", value)
        if isinstance(value, Mapping):
            return {normal(str(key)): normal(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [normal(item) for item in value]
        return value

    return json.dumps(normal(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@transaction.atomic
def write_archives(
    drafts: Sequence[ArchiveDraft],
    *,
    by_id: int | None,
    at: datetime | None = None,
    supersedes: Archive | None = None,
) -> list[Archive]:
    """Store snapshots with their typed rows. ``supersedes`` is for the one draft of a correction.

    Raises ``IntegrityError`` when a meeting already has its archive or the old one is superseded already.
    """
    if supersedes is not None and len(drafts) != 1:
        raise ValueError("a correction supersedes one archive by one archive")
    recorded_at = at or clock.now()
    archives = []
    for draft in drafts:
        document = canonical_bytes(
            {
                "schema_version": SCHEMA_VERSION,
                "event_on": draft.event_on.isoformat(),
                "lea_code": draft.lea_code,
                "title": draft.title,
                "reason": draft.reason,
                "records": [
                    {"record": r.record, "key": r.key, "values": dict(r.values), "origins": dict(r.origins)}
                    for r in draft.records
                ],
                "context": draft.context,
            }
        )
        archives.append(
            Archive(
                student_id=draft.student_id,
                lea_code=draft.lea_code,
                event_on=draft.event_on,
                cause=draft.cause,
                cause_id=draft.cause_id,
                title=draft.title,
                document=document,
                digest=hashlib.sha256(document).hexdigest(),
                schema_version=SCHEMA_VERSION,
                recorded_at=recorded_at,
                by_id=by_id,
                reason=draft.reason,
                supersedes=supersedes,
            )
        )
    Archive.objects.bulk_create(archives, batch_size=500)
    ArchivedRecord.objects.bulk_create(
        [
            row
            for archive, draft in zip(archives, drafts, strict=True)
            for row in _typed_rows(archive, draft.records)
        ],
        batch_size=500,
    )
    return archives


def withdraw_archive(
    archive: Archive,
    *,
    by_id: int | None,
    reason: str,
    title: str = "Taken back",
    drafts: Sequence[RecordDraft] = (),
    context: Mapping[str, Any] | None = None,
) -> Archive:
    """An archive in the place of one that was taken back before the state was told, so that it stays readable: without
    ``drafts`` it tells nothing; with them, what stands again. Raises ``IntegrityError`` as ``write_archives`` does."""
    draft = ArchiveDraft(
        student_id=archive.student_id,
        lea_code=archive.lea_code,
        event_on=archive.event_on,
        cause="correction",
        cause_id=archive.pk,
        title=f"{title}: {archive.title}"[:120],
        records=drafts,
        context={**(context or {}), "taken_back": True},
        reason=f"Taken back before the state was told: {reason}"[:300],
    )
    (written,) = write_archives([draft], by_id=by_id, supersedes=archive)
    return written


def _typed_rows(archive: Archive, drafts: Sequence[RecordDraft]) -> list[ArchivedRecord]:
    return [
        ArchivedRecord(
            archive=archive,
            student_id=archive.student_id,
            lea_code=draft.values[records.LEA_FIELD[draft.record]],
            record=draft.record,
            record_key=draft.key,
            key_on=records.key_on(draft.record, draft.values),
            values=records.complete(draft.record, draft.values),
        )
        for draft in drafts
    ]
