"""The two logs: who saw a student, and who changed what. Rows are added, never changed, never removed.

They hold ids, codes and words of roles; no name and no value of a student. Keys of other apps stand here as
plain numbers, because this app is below them and a log outlives what it tells of.
"""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models
from django.utils import timezone

from manzanita.auditing.export_models import ExportedStudent, ExportState, ListExport
from manzanita.auditing.viewing_models import ViewingBlock, ViewingCount, ViewingDay

__all__ = [
    "AppendOnlyError",
    "AppendOnlyQuerySet",
    "ChangeEvent",
    "ExportState",
    "ExportedStudent",
    "ListExport",
    "ReadEvent",
    "ViewingBlock",
    "ViewingCount",
    "ViewingDay",
]


class AppendOnlyError(TypeError):
    """Somebody tried to change or remove a row of a log."""


class AppendOnlyQuerySet(models.QuerySet):
    """Adds and reads; whatever would change or remove rows raises ``AppendOnlyError``."""

    def update(self, **values: Any) -> NoReturn:
        raise AppendOnlyError(f"{self.model.__name__} is append-only")

    def delete(self) -> NoReturn:
        raise AppendOnlyError(f"{self.model.__name__} is append-only")

    update.alters_data = True
    delete.alters_data = True
    delete.queryset_only = True

    def bulk_create(self, objs: Any, *args: Any, **options: Any) -> list[Any]:
        if options.get("update_conflicts"):
            raise AppendOnlyError(f"{self.model.__name__} is append-only")
        return super().bulk_create(objs, *args, **options)

    def bulk_update(self, *args: Any, **options: Any) -> NoReturn:
        raise AppendOnlyError(f"{self.model.__name__} is append-only")


class LogRow(models.Model):
    """A row that is written once."""

    at = models.DateTimeField(default=timezone.now)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError(f"{type(self).__name__} is append-only")
        # An INSERT even where somebody set a key by hand: Django would first try to update that row.
        options["force_insert"] = True
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> NoReturn:
        raise AppendOnlyError(f"{type(self).__name__} is append-only")


class ReadEvent(LogRow):
    """One person saw something of one student. ``what`` is a short code such as ``student.record``."""

    actor_user_id = models.BigIntegerField()
    grant_id = models.BigIntegerField(null=True, blank=True)
    perspective = models.CharField(max_length=40)
    student_id = models.BigIntegerField()
    what = models.CharField(max_length=60)
    request_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        indexes = [
            # Both serve "newest first"; the first also stands for an index on the student alone.
            models.Index(name="auditing_read_of_student", fields=["student_id", "-at"]),
            models.Index(name="auditing_read_by_user", fields=["actor_user_id", "-at"]),
        ]

    def __str__(self) -> str:
        return f"{self.what} of student {self.student_id} by user {self.actor_user_id}"


class ChangeEvent(LogRow):
    """One act that changed something: ``action`` is its verb, ``subject`` the row that it is about.

    ``actor_user_id`` is null where the system acted. ``detail`` holds ids and field numbers, no values.
    """

    actor_user_id = models.BigIntegerField(null=True, blank=True)
    actor_label = models.CharField(max_length=60)
    action = models.CharField(max_length=60)
    student_id = models.BigIntegerField(null=True, blank=True)
    subject_type = models.CharField(max_length=60, blank=True, default="")
    subject_id = models.BigIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True, default="")
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [
            models.Index(name="auditing_change_of_student", fields=["student_id", "-at"]),
            models.Index(name="auditing_change_by_user", fields=["actor_user_id", "-at"]),
            models.Index(name="auditing_change_of_subject", fields=["subject_type", "subject_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type} {self.subject_id or ''}".strip()
