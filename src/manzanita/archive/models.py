"""Immutable dated snapshots of what was, or will be, reported. An archive knows student ids, not models."""

from __future__ import annotations

from typing import Any

from django.db import models

from manzanita.platform.ids import new_public_id


class Immutable(Exception):
    """An archive is never changed: a correction is a new archive that supersedes it."""


class AppendOnlyQuerySet(models.QuerySet):
    def update(self, **kwargs: Any) -> int:
        raise Immutable("archives are never updated")

    def delete(self) -> Any:
        raise Immutable("archives are never deleted")


class Archive(models.Model):
    """One snapshot. ``document`` is canonical JSON as bytes; ``digest`` is SHA-256 over exactly those bytes."""

    CAUSES = [
        ("meeting", "Meeting finalized"),
        ("pending", "Evaluation reported as pending"),
        ("procedure", "Recorded without a meeting"),
        ("correction", "Correction"),
        ("take_over", "Taken over from the state's extract"),
    ]

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    student_id = models.BigIntegerField(db_index=True)
    lea_code = models.CharField(max_length=7)
    event_on = models.DateField()
    cause = models.CharField(max_length=20, choices=CAUSES)
    cause_id = models.BigIntegerField(null=True, blank=True)
    title = models.CharField(max_length=120)
    document = models.BinaryField()
    digest = models.CharField(max_length=64)
    schema_version = models.PositiveSmallIntegerField()
    recorded_at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="archive_once_per_meeting",
                fields=["cause", "cause_id"],
                condition=models.Q(cause="meeting"),
            )
        ]
        indexes = [models.Index(fields=["student_id", "event_on"], name="archive_of_student")]

    def __str__(self) -> str:
        return f"archive {self.public_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise Immutable("archives are never updated")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise Immutable("archives are never deleted")


class ArchivedRecord(models.Model):
    """One SWDS, MEET, PLAN or SERV line of an archive, projected from its document and rebuildable.

    ``values`` maps every state field number of the layout to its text; ``key_on`` is the date of the key.
    """

    archive = models.ForeignKey(Archive, on_delete=models.PROTECT, related_name="records")
    student_id = models.BigIntegerField()
    lea_code = models.CharField(max_length=7)
    record = models.CharField(max_length=4)
    record_key = models.CharField(max_length=120)
    key_on = models.DateField()
    values = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="archived_record_once", fields=["archive", "record_key"]),
            models.CheckConstraint(
                name="archived_record_type", condition=models.Q(record__in=["SWDS", "MEET", "PLAN", "SERV"])
            ),
        ]
        indexes = [models.Index(fields=["student_id", "record_key"], name="archived_record_of_student")]
