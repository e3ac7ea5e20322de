"""Students who left for one and the same reason, recorded together: each whole or not, taken back together."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from manzanita.domain.leaving import REASONS, LeavingReason
from manzanita.students.many_models import StudentBatch, StudentItem


class LeavingBatch(StudentBatch):
    """Leavings recorded together: the reason and the papers that all of them have; ``papers`` is as on ``Leaving``."""

    reason_key = models.CharField(max_length=20)
    note = models.CharField(max_length=300)
    papers = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["lea_code", "-id"], name="leaving_batches_of_lea")]

    def __str__(self) -> str:
        return f"leavings {self.public_id}"

    @property
    def reason(self) -> LeavingReason:
        return REASONS[self.reason_key]


class LeavingItem(StudentItem):
    """One student, who leaves on a day of his own."""

    STATES = [
        ("waiting", "Waiting"),
        ("recorded", "Recorded"),
        ("refused", "Not recorded"),
        ("undone", "Taken back"),
    ]

    batch = models.ForeignKey(LeavingBatch, on_delete=models.PROTECT, related_name="items")
    lea_code = models.CharField(max_length=7)
    leaves_on = models.DateField()
    state = models.CharField(max_length=8, choices=STATES, default="waiting")
    leaving = models.ForeignKey(
        "leaving.Leaving", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="leaving_one_at_work", fields=["student", "lea_code"], condition=Q(state="waiting")
            )
        ]
        indexes = [models.Index(fields=["batch", "state", "id"], name="leaving_items_of_batch")]

    def __str__(self) -> str:
        return f"leaving of student {self.student_id} in batch {self.batch_id}"
