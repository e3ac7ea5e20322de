"""Who a student is, as the SIS says it: what it said before, and what it says of a student whom it does not fit."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from manzanita.platform.ids import new_public_id


class IdentityChange(models.Model):
    """Name, birth date or gender of a student became another. ``was`` and ``became`` hold what moved, as text by name
    of the column (dates as in ISO 8601); ``cause`` is what stated it, as on a fact."""

    student = models.ForeignKey("students.Student", on_delete=models.CASCADE, related_name="+")
    recorded_at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True, blank=True)
    cause = models.CharField(max_length=80)
    was = models.JSONField(default=dict)
    became = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["student", "id"], name="identity_changes_of_student"),
            models.Index(fields=["recorded_at", "student"], name="identity_news"),
        ]

    def __str__(self) -> str:
        return f"change of identity {self.pk}"


class IdentityConflict(models.Model):
    """Lines of an LEA's SIS that name ``student`` by number and somebody else by identity: they are set aside.

    ``digest`` is of the identity and the local ID that the lines state, so that a question is asked once. ``parts`` is
    what speaks against one student (``domain.same_person``). ``is_by_ssid``: the SSID named the student, else the local
    ID. ``decision`` is what somebody has found; ``ended_at`` is set when the SIS does not say it any more. ``record``,
    ``line`` and ``cause`` say where it was seen last.
    """

    DECISIONS = [("", "Open"), ("same", "The same student"), ("other", "Another student")]

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    student = models.ForeignKey("students.Student", on_delete=models.CASCADE, related_name="+")
    lea_code = models.CharField(max_length=7)
    digest = models.CharField(max_length=32)
    ssid = models.CharField(max_length=10, blank=True)
    local_id = models.CharField(max_length=40, blank=True)
    is_by_ssid = models.BooleanField(default=True)
    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    birth_on = models.DateField(null=True, blank=True)
    parts = models.JSONField(default=list)
    words = models.CharField(max_length=300)
    record = models.CharField(max_length=4)
    line = models.PositiveIntegerField()
    cause = models.CharField(max_length=80)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    decision = models.CharField(max_length=5, choices=DECISIONS, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    reason = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["student", "lea_code", "digest"], name="one_identity_conflict_of_lea"
            ),
            models.CheckConstraint(
                name="identity_conflict_decision", condition=Q(decision__in=["", "same", "other"])
            ),
        ]
        indexes = [
            models.Index(
                fields=["lea_code", "found_at"],
                name="identity_conflicts_open",
                condition=Q(ended_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"identity conflict {self.public_id}"
