"""The state's monitoring lists as they were uploaded, and counts of our own that a job has made."""

from __future__ import annotations

from django.db import models

from manzanita.platform.ids import new_public_id


class StateReport(models.Model):
    """One uploaded list of the state, of one agency and one day. It is never changed: the next upload is another one.

    ``report`` is ``16.21``, ``16.25`` or ``16.26``; ``as_of_on`` the day for which the state made it.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    lea_code = models.CharField(max_length=7)
    report = models.CharField(max_length=5)
    as_of_on = models.DateField()
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    row_count = models.PositiveIntegerField()
    uploaded_at = models.DateTimeField()
    by_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="state_report_once", fields=["lea_code", "report", "as_of_on", "sha256"]
            ),
            models.CheckConstraint(
                name="state_report_known", condition=models.Q(report__in=["16.21", "16.25", "16.26"])
            ),
        ]
        indexes = [models.Index(fields=["lea_code", "report", "-as_of_on"], name="state_report_of_lea")]

    def __str__(self) -> str:
        return f"state report {self.public_id}"


class StateReportRow(models.Model):
    """One student in one measure of an uploaded list; see ``domain.compliance.StateRow``."""

    report = models.ForeignKey(StateReport, on_delete=models.CASCADE, related_name="rows")
    row = models.PositiveIntegerField()
    ssid = models.CharField(max_length=10)
    measure = models.CharField(max_length=12)
    group = models.CharField(max_length=12)
    category = models.CharField(max_length=120)
    delay_code = models.CharField(max_length=2, blank=True)
    last_on = models.DateField(null=True, blank=True)
    school_code = models.CharField(max_length=7, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="state_report_row_once", fields=["report", "measure", "ssid"])
        ]


class ComplianceRun(models.Model):
    """Our counts of one scope, where there are too many students to count while a page waits.

    ``key`` says whose students and which days: grant, view, school, and what was asked. ``counts`` is
    ``exchange.compliance.Counted`` as JSON and holds numbers only.
    """

    STATES = [("waiting", "Waiting"), ("done", "Done")]

    lea_code = models.CharField(max_length=7)
    grant_id = models.BigIntegerField()
    view = models.CharField(max_length=20)
    school_code = models.CharField(max_length=7, blank=True)
    school_name = models.CharField(max_length=120, blank=True)
    day = models.DateField()
    known_on = models.DateField(null=True, blank=True)
    trend = models.CharField(max_length=4)
    key = models.CharField(max_length=100)
    state = models.CharField(max_length=7, choices=STATES, default="waiting")
    counts = models.JSONField(default=dict)
    job_id = models.BigIntegerField(null=True, blank=True)
    by_id = models.BigIntegerField()
    asked_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # Somebody who asks twice waits for one count.
            models.UniqueConstraint(
                name="compliance_run_one_waiting", fields=["key"], condition=models.Q(state="waiting")
            )
        ]
        indexes = [models.Index(fields=["key", "-id"], name="compliance_run_of_key")]

    def __str__(self) -> str:
        return f"compliance run {self.pk}"
