"""Counting whom people look at, and stopping the pages of somebody who looks at far too many."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from manzanita.platform.clock import now


class ViewingCount(models.Model):
    """What one person has looked at lately: never less than the truth, and the truth near a limit.

    A row holds two clock hours, so that any 60 minutes lie within it, and the California day. ``per_day`` is the
    limit of that day, from the person's own days before; null for somebody without a habit yet.
    """

    user_id = models.BigIntegerField(unique=True)
    hour_at = models.DateTimeField()
    hour_count = models.PositiveIntegerField(default=0)
    hour_before_count = models.PositiveIntegerField(default=0)
    day = models.DateField()
    day_count = models.PositiveIntegerField(default=0)
    per_day = models.PositiveIntegerField(null=True, blank=True)
    # What was looked at before counts no more: a block was lifted then.
    counted_from = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"viewing of user {self.user_id}"


class ViewingDay(models.Model):
    """How many different students one person looked at on a California day that is over."""

    user_id = models.BigIntegerField()
    day = models.DateField()
    student_count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(name="auditing_viewing_day_once", fields=["user_id", "day"])]

    def __str__(self) -> str:
        return f"viewing of user {self.user_id} on {self.day}"


class ViewingBlock(models.Model):
    """The student pages of one person are stopped, from ``since`` until somebody else lifts it with a word."""

    user_id = models.BigIntegerField()
    agency_code = models.CharField(max_length=7)
    perspective_key = models.CharField(max_length=40)
    since = models.DateTimeField(default=now)
    reason = models.CharField(max_length=20)
    student_count = models.PositiveIntegerField()
    alerted_at = models.DateTimeField(null=True, blank=True)
    lifted_by_id = models.BigIntegerField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    word = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="auditing_viewing_block_once", fields=["user_id"], condition=Q(lifted_at__isnull=True)
            ),
            models.CheckConstraint(
                name="auditing_viewing_block_lifted_by_another",
                condition=Q(lifted_by_id__isnull=True) | ~Q(lifted_by_id=models.F("user_id")),
            ),
        ]

    def __str__(self) -> str:
        return f"viewing block {self.pk} of user {self.user_id}"
