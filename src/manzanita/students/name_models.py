"""Under what a student is found by name, and who may be one student entered twice."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from manzanita.domain.likeness import Strength


class NameKey(models.Model):
    """One sound under which a student is found (``domain.name_sounds.sound_keys``), with the name and the birth date
    that it is of. ``students.name_keys`` keeps the rows in the transaction that changes a student's name.

    The rows of a name or birth date that was given up stay: under it the student may still be known elsewhere.
    """

    student = models.ForeignKey("students.Student", on_delete=models.CASCADE, related_name="+")
    sound = models.TextField()
    first_name = models.CharField(max_length=255)
    last_name = models.CharField(max_length=255)
    birth_on = models.DateField(null=True)
    given_up_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["birth_on"], name="names_by_birth"),
            models.Index(fields=["sound", "birth_on"], name="names_by_sound"),
        ]


class DuplicatePair(models.Model):
    """Two students who may be one. ``student`` was entered first.

    ``because`` says what speaks for it, in words without any value. ``settled_at`` is set when somebody has said that
    they are two people, with the reason; such a pair is not asked about again.
    """

    student = models.ForeignKey("students.Student", on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey("students.Student", on_delete=models.CASCADE, related_name="+")
    strength = models.PositiveSmallIntegerField(choices=[(one.value, one.name.title()) for one in Strength])
    because = models.CharField(max_length=300)
    found_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["student", "other"], name="one_pair_of_two"),
            models.CheckConstraint(name="pair_is_of_two", condition=Q(other_id__gt=F("student_id"))),
        ]
        indexes = [
            models.Index(
                fields=["strength", "id"], name="pairs_to_settle", condition=Q(settled_at__isnull=True)
            )
        ]
