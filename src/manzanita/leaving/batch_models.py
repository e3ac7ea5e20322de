"""Students who left for one and the same reason, recorded together: each whole or not, taken back together."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from manzanita.domain.leaving import REASONS, LeavingReason


class LeavingBatch(models.Model):
    """Leavings recorded together: the reason and the papers that all of them have, who did it, and how far it is.

    ``public_id`` is given by the preview, so that the same form sent twice is one batch. ``papers`` is as on
    ``Leaving``.
    """

    STATES = [
        ("waiting", "Waiting"),
        ("running", "Running"),
        ("undoing", "Being taken back"),
        ("done", "Done"),
    ]

    public_id = models.UUIDField(unique=True, editable=False)
    lea_code = models.CharField(max_length=7)
    reason_key = models.CharField(max_length=20)
    note = models.CharField(max_length=300)
    papers = models.JSONField(default=dict)
    state = models.CharField(max_length=7, choices=STATES, default="waiting")
    job_id = models.BigIntegerField(null=True, blank=True)
    by_id = models.BigIntegerField()
    grant_id = models.BigIntegerField()
    made_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["lea_code", "-id"], name="leaving_batches_of_lea")]

    def __str__(self) -> str:
        return f"leavings {self.public_id}"

    @property
    def reason(self) -> LeavingReason:
        return REASONS[self.reason_key]


class LeavingItem(models.Model):
    """One student of a batch, who leaves on a day of his own. ``reasons`` say why nothing was recorded, or why it was
    not taken back."""

    STATES = [
        ("waiting", "Waiting"),
        ("recorded", "Recorded"),
        ("refused", "Not recorded"),
        ("undone", "Taken back"),
    ]

    batch = models.ForeignKey(LeavingBatch, on_delete=models.PROTECT, related_name="items")
    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    lea_code = models.CharField(max_length=7)
    leaves_on = models.DateField()
    state = models.CharField(max_length=8, choices=STATES, default="waiting")
    reasons: Any = models.JSONField(default=list)
    leaving = models.ForeignKey(
        "leaving.Leaving", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="leaving_one_at_work", fields=["student", "lea_code"], condition=Q(state="waiting")
            )
        ]
        indexes = [models.Index(fields=["batch", "state", "id"], name="leaving_items_of_batch")]

    def __str__(self) -> str:
        return f"leaving of student {self.student_id} in batch {self.batch_id}"
