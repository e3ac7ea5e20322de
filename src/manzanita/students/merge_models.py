"""Two records that were one student, put together; and SSIDs that the state has retired."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from manzanita.domain.likeness import Strength
from manzanita.platform.ids import new_public_id


class Merge(models.Model):
    """``other`` was entered a second time and is empty now; ``student`` is the record that stays.

    ``written`` is what the merge did, enough to take it back exactly (what ``students.merging.put_together`` returns,
    and the keys of the rows that moved); ``choices`` which record won where the two differed (``student`` or ``other``
    by key).
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    other = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    agency_code = models.CharField(max_length=7)
    strength = models.PositiveSmallIntegerField(choices=[(one.value, one.name.title()) for one in Strength])
    because = models.CharField(max_length=300)
    reason = models.CharField(max_length=300)
    choices = models.JSONField(default=dict)
    written = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="merged_away_once", fields=["other"], condition=Q(undone_at__isnull=True)
            ),
            models.CheckConstraint(name="merge_is_of_two", condition=~Q(other_id=F("student_id"))),
        ]
        indexes = [models.Index(fields=["student", "-id"], name="merge_of_student")]

    def __str__(self) -> str:
        return f"merge {self.public_id}"


class SsidRetirement(models.Model):
    """The state has retired an SSID of the student, on the word of somebody here.

    ``kind``: ``merged`` (what the state held under it stands under ``replaced_by`` now) or ``withdrawn`` (the state
    holds nothing under it any more). ``retired_on`` is the first day on which it does not count.
    """

    KINDS = [("merged", "Merged into another SSID"), ("withdrawn", "Withdrawn")]

    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    ssid = models.CharField(max_length=10)
    replaced_by = models.CharField(max_length=10, blank=True)
    kind = models.CharField(max_length=9, choices=KINDS)
    retired_on = models.DateField()
    source = models.CharField(max_length=200)
    at = models.DateTimeField()
    by_id = models.BigIntegerField()
    # What it wrote, by which it is taken back: see ``procedures.ssids``.
    written = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="ssid_retired_once", fields=["student", "ssid"], condition=Q(undone_at__isnull=True)
            ),
            models.CheckConstraint(
                name="ssid_retirement_kind", condition=Q(kind__in=["merged", "withdrawn"])
            ),
        ]

    def __str__(self) -> str:
        return f"SSID retirement {self.pk}"
