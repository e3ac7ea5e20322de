"""The technical logs: who saw which students, and who changed what.

They hold ids, codes and words of roles; no name and no value of a student. Keys of other apps stand here as
plain numbers, because this app is below them and a log outlives what it tells of.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from manzanita.auditing.disclosure_models import Disclosure
from manzanita.auditing.export_models import ExportedStudent, ExportState, ListExport
from manzanita.auditing.kinds import ContentClass, ReadKind
from manzanita.auditing.log_rows import AppendOnlyError, AppendOnlyQuerySet, LogRow
from manzanita.auditing.news_models import NewsMark
from manzanita.auditing.seal_models import LogSeal, SealCheck, SealHead, Unsealed
from manzanita.auditing.viewing_models import ViewingBlock, ViewingCount, ViewingDay

__all__ = [
    "AppendOnlyError",
    "AppendOnlyQuerySet",
    "ChangeEvent",
    "Disclosure",
    "ExportState",
    "ExportedStudent",
    "ListExport",
    "LogSeal",
    "NewsMark",
    "ReadEvent",
    "SealCheck",
    "SealHead",
    "Unsealed",
    "ViewingBlock",
    "ViewingCount",
    "ViewingDay",
]


class ReadEvent(LogRow):
    """One person saw a page, a list, a print or an export: ``student_ids`` are all students on it.

    ``what`` is a short code of what was seen (``student.record``), ``filter_codes`` how a list was cut, in codes
    and never in words of a search. ``size_bytes`` is that of the file given out. "Who saw this student" is
    answered by an index over ``student_ids``: GIN on PostgreSQL, a side table kept by triggers on SQLite
    (migration 0002); read it through ``auditing.queries``.
    """

    actor_user_id = models.BigIntegerField()
    viewed_as_user_id = models.BigIntegerField(null=True, blank=True)
    grant_id = models.BigIntegerField(null=True, blank=True)
    perspective = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=ReadKind.choices, default=ReadKind.PAGE)
    what = models.CharField(max_length=60)
    student_ids = models.JSONField(default=list)
    student_count = models.PositiveIntegerField(default=0)
    filter_codes = models.CharField(max_length=200, blank=True, default="")
    content_class = models.CharField(max_length=20, choices=ContentClass.choices, blank=True, default="")
    size_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    purpose_code = models.CharField(max_length=30, blank=True, default="")
    purpose_note = models.CharField(max_length=200, blank=True, default="")

    log: ClassVar[str] = "read"

    class Meta:
        constraints = [
            models.CheckConstraint(name="auditing_read_kind_known", condition=Q(kind__in=ReadKind.values)),
        ]
        indexes = [
            models.Index(name="auditing_read_by_user", fields=["actor_user_id", "-at"]),
            models.Index(name="auditing_read_of_lea", fields=["lea_code", "-at"]),
        ]

    def __str__(self) -> str:
        return f"{self.what} of {self.student_count} students by user {self.actor_user_id}"


class ChangeEvent(LogRow):
    """One act that changed something: ``action`` is its verb, ``subject`` the row that it is about.

    ``actor_user_id`` is null where the system acted. ``detail`` holds ids and field numbers, no values.
    """

    actor_user_id = models.BigIntegerField(null=True, blank=True)
    viewed_as_user_id = models.BigIntegerField(null=True, blank=True)
    actor_label = models.CharField(max_length=60)
    action = models.CharField(max_length=60)
    student_id = models.BigIntegerField(null=True, blank=True)
    subject_type = models.CharField(max_length=60, blank=True, default="")
    subject_id = models.BigIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True, default="")
    detail = models.JSONField(default=dict, blank=True)

    log: ClassVar[str] = "change"

    class Meta:
        indexes = [
            # Serves "newest first", and also stands for an index on the student alone.
            models.Index(name="auditing_change_of_student", fields=["student_id", "-at"]),
            models.Index(name="auditing_change_by_user", fields=["actor_user_id", "-at"]),
            models.Index(name="auditing_change_of_subject", fields=["subject_type", "subject_id"]),
            # What changed since somebody last looked, whoever the student is.
            models.Index(
                name="auditing_change_news",
                fields=["at", "student_id"],
                condition=Q(student_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type} {self.subject_id or ''}".strip()
