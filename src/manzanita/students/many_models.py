"""What every batch of students has that are done together: looked at first, each whole or not by a job, taken back."""

from __future__ import annotations

from typing import Any

from django.db import models


class StudentBatch(models.Model):
    """Students who were started together: by whom, and how far it is. They are its ``items``.

    ``public_id`` is given by the preview, so that the same form sent twice is one batch.
    """

    STATES = [
        ("waiting", "Waiting"),
        ("running", "Running"),
        ("undoing", "Being taken back"),
        ("done", "Done"),
    ]

    public_id = models.UUIDField(unique=True, editable=False)
    lea_code = models.CharField(max_length=7)
    state = models.CharField(max_length=7, choices=STATES, default="waiting")
    job_id = models.BigIntegerField(null=True, blank=True)
    by_id = models.BigIntegerField()
    grant_id = models.BigIntegerField()
    made_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        abstract = True


class StudentItem(models.Model):
    """One student of a ``batch``. Its ``state`` is ``waiting``, a word for done, ``refused`` or ``undone``; ``reasons``
    say why nothing was done, or why it was not taken back."""

    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    reasons: Any = models.JSONField(default=list)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
