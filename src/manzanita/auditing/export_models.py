"""Exports of lists: who asked for which, who agreed, what became of the file. Rows stay; files go after a week."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from manzanita.platform.clock import now
from manzanita.platform.files import new_stored_name
from manzanita.platform.ids import new_public_id


class ExportState(models.TextChoices):
    WAITING = "waiting", "Waits for approval"
    MAKING = "making", "Being made"
    READY = "ready", "Ready"
    REFUSED = "refused", "Refused"
    LAPSED = "lapsed", "Not approved in time"
    WITHDRAWN = "withdrawn", "Not made"
    PURGED = "purged", "File removed"


class ListExport(models.Model):
    """One list, asked for as one file by one person in one scope.

    It holds no student data: a list is named by its key, a search only by the students that it found
    (:class:`ExportedStudent`). ``view``, ``school_code`` and ``grant_id`` are the scope in which it was asked.
    """

    FORMS = [("xlsx", "Excel workbook"), ("csv", "CSV file")]

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    by_id = models.BigIntegerField()
    grant_id = models.BigIntegerField()
    perspective_key = models.CharField(max_length=40)
    agency_code = models.CharField(max_length=7)
    view = models.CharField(max_length=20)
    school_code = models.CharField(max_length=7, blank=True, default="")
    school_name = models.CharField(max_length=120, blank=True, default="")
    list_key = models.CharField(max_length=160)
    # The list and what it is narrowed to, as one sentence.
    title = models.CharField(max_length=400)
    scope_line = models.CharField(max_length=300)
    form = models.CharField(max_length=4, choices=FORMS)
    # Made by the page that asks, once: the same form sent twice is one export.
    ask_key = models.CharField(max_length=40)
    asked_at = models.DateTimeField(default=now)
    # The California day whose limit it counts against.
    asked_on = models.DateField()
    asked_count = models.PositiveIntegerField()
    why = models.CharField(max_length=300, blank=True, default="")
    # Without a second person; these count against the limits.
    is_alone = models.BooleanField()
    # Texts of the reasons for which a second person is needed.
    approval_reasons = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=ExportState.choices)
    lapses_at = models.DateTimeField(null=True, blank=True)
    decided_by_id = models.BigIntegerField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_word = models.CharField(max_length=300, blank=True, default="")
    # Why it was not made, as {"text", "owner", "way_out"}.
    end_reason = models.JSONField(default=dict, blank=True)
    job_id = models.BigIntegerField(null=True, blank=True)
    stored_name = models.CharField(max_length=40, default=new_stored_name)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    size_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    made_at = models.DateTimeField(null=True, blank=True)
    made_count = models.PositiveIntegerField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="auditing_export_asked_once", fields=["by_id", "ask_key"]),
            models.CheckConstraint(
                name="auditing_export_state_known", condition=Q(state__in=ExportState.values)
            ),
            models.CheckConstraint(
                name="auditing_export_second_person",
                condition=Q(decided_by_id__isnull=True) | ~Q(decided_by_id=F("by_id")),
            ),
        ]
        indexes = [
            models.Index(name="auditing_exports_by_person", fields=["by_id", "-asked_at"]),
            models.Index(
                name="auditing_exports_waiting", fields=["agency_code"], condition=Q(state="waiting")
            ),
        ]

    def __str__(self) -> str:
        return f"export {self.public_id}"


class ExportedStudent(models.Model):
    """A student on a list that was asked for. The file holds of these those whom the person may see when it is made."""

    export = models.ForeignKey(ListExport, on_delete=models.CASCADE, related_name="students")
    student_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="auditing_exported_student_once", fields=["export", "student_id"])
        ]

    def __str__(self) -> str:
        return f"student {self.student_id} in export {self.export_id}"
