"""Lists of students that somebody pasted, kept for that person for a few days: pages can be narrowed to them."""

from __future__ import annotations

from django.db import models

from manzanita.platform.ids import new_public_id


class PastedSet(models.Model):
    """One pasted list of one person. ``line_count`` lines were not blank, ``student_count`` of them are a student's
    (``PastedLine``). Of the others ``counts`` says how many there are by code of the reason, ``problems`` each with its
    number, text and reason; ``first_problems`` are the first few, so that a page need not read a long list of them.
    When it has ended, nothing of what was pasted is kept."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    agency_code = models.CharField(max_length=7)
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    line_count = models.PositiveIntegerField()
    student_count = models.PositiveIntegerField()
    counts = models.JSONField(default=dict)
    first_problems = models.JSONField(default=list)
    problems = models.JSONField(default=list)

    class Meta:
        indexes = [
            models.Index(fields=["by", "-made_at"], name="pasted_set_newest"),
            models.Index(fields=["ends_at"], name="pasted_set_ends"),
        ]

    def __str__(self) -> str:
        return f"pasted set {self.public_id}"


class PastedLine(models.Model):
    """The student of one line; ``number`` is its place in the list."""

    pasted = models.ForeignKey(PastedSet, on_delete=models.CASCADE, related_name="lines")
    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(name="pasted_line_once", fields=["pasted", "student"])]

    def __str__(self) -> str:
        return f"line {self.number} of pasted set {self.pasted_id}"
