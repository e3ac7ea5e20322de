"""One field of many students changed together: looked at first, applied by a job, taken back together."""

from __future__ import annotations

from django.db import models

from manzanita.platform.ids import new_public_id


class BatchEdit(models.Model):
    """``field_key`` is one of ``procedures.batch_fields``. ``state``: ``draft`` (looked at), ``waiting`` and
    ``running`` (to be applied), ``done``, ``undoing``, ``undone``, ``dropped``. ``problems`` are the lines of which
    no student is told, each with its number, text and reason."""

    STATES = [
        (one, one.title()) for one in ("draft", "waiting", "running", "done", "undoing", "undone", "dropped")
    ]

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    agency_code = models.CharField(max_length=7)
    field_key = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=STATES, default="draft")
    made_on = models.DateField()
    made_at = models.DateTimeField()
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    grant_id = models.BigIntegerField(null=True, blank=True)
    job_id = models.BigIntegerField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    problems = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="batch_edit_state",
                condition=models.Q(
                    state__in=["draft", "waiting", "running", "done", "undoing", "undone", "dropped"]
                ),
            )
        ]
        indexes = [models.Index(fields=["agency_code", "-made_at"], name="batch_edit_newest")]

    def __str__(self) -> str:
        return f"batch edit {self.public_id}"


class BatchLine(models.Model):
    """One student of a batch edit. ``state``: ``ready``, ``same`` (has the value already), ``refused``, ``done``,
    ``undone``, ``kept`` (not taken back, as somebody has changed it since). ``reason`` is why it was refused or kept.
    ``written`` are the versions that were stated, by which it is taken back."""

    STATES = [(one, one.title()) for one in ("ready", "same", "refused", "done", "undone", "kept")]

    batch = models.ForeignKey(BatchEdit, on_delete=models.CASCADE, related_name="lines")
    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    old = models.CharField(max_length=40, blank=True)
    new = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=7, choices=STATES, default="ready")
    reason = models.JSONField(default=dict)
    written = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="batch_line_once", fields=["batch", "student"]),
            models.CheckConstraint(
                name="batch_line_state",
                condition=models.Q(state__in=["ready", "same", "refused", "done", "undone", "kept"]),
            ),
        ]
        indexes = [models.Index(fields=["batch", "state", "position"], name="batch_line_by_state")]

    def __str__(self) -> str:
        return f"line {self.position} of batch edit {self.batch_id}"
