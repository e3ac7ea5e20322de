"""Findings of our rules as work: each opened once, closed when its cause is gone, with whoever settles it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class ChangedStudent(models.Model):
    """The rules have not judged this student since something changed at ``at``. Gone once they have."""

    student_id = models.BigIntegerField(unique=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at", "student_id"], name="changed_student_oldest")]

    def __str__(self) -> str:
        return f"student {self.student_id} changed"


class RuleFinding(models.Model):
    """What one rule says of one record of a student, for as long as it says it.

    ``identity`` names rule, student, record and fields; ``inputs`` is a digest of the values that the rule read.
    ``state``: ``open``, ``dismissed`` (a person has said why nothing is to be mended, of ``dismissed_inputs``), or
    ``closed`` (the rule says it no longer). What was said stays when the state changes: an open finding with a
    ``dismissed_at`` was dismissed before, of other values. ``school_code`` is the student's school at that LEA when the
    rule last spoke. ``not_evaluated`` as severity means that the rule could not decide.
    """

    STATES = [("open", "Open"), ("dismissed", "Dismissed"), ("closed", "Closed")]
    SEVERITIES = [
        ("fatal", "Fatal"),
        ("warning", "Warning"),
        ("info", "Remark"),
        ("not_evaluated", "Not evaluated"),
    ]

    identity = models.CharField(max_length=32, unique=True)
    rule_code = models.CharField(max_length=30)
    severity = models.CharField(max_length=13, choices=SEVERITIES)
    phase = models.CharField(max_length=10)
    kind = models.CharField(max_length=20)
    owner = models.CharField(max_length=20)
    student_id = models.BigIntegerField()
    lea_code = models.CharField(max_length=7)
    school_code = models.CharField(max_length=7, blank=True)
    record = models.CharField(max_length=6)
    record_key = models.CharField(max_length=120)
    fields = models.JSONField(default=list)
    group = models.CharField(max_length=16, blank=True)
    values = models.JSONField(default=dict)
    inputs = models.CharField(max_length=32)
    message = models.CharField(max_length=600)
    state = models.CharField(max_length=9, choices=STATES, default="open")
    first_seen_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    assignee_id = models.BigIntegerField(null=True, blank=True)
    asked_of_id = models.BigIntegerField(null=True, blank=True)
    asked_by_id = models.BigIntegerField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    question = models.CharField(max_length=300, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=300, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by_id = models.BigIntegerField(null=True, blank=True)
    dismissed_reason = models.CharField(max_length=300, blank=True)
    dismissed_inputs = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="rule_finding_state", condition=Q(state__in=["open", "dismissed", "closed"])
            ),
            models.CheckConstraint(
                name="rule_finding_closed",
                condition=Q(state="closed", closed_at__isnull=False)
                | (~Q(state="closed") & Q(closed_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="rule_finding_only_warnings_dismissed",
                condition=~Q(state="dismissed") | Q(severity="warning", dismissed_inputs=models.F("inputs")),
            ),
        ]
        indexes = [
            models.Index(fields=["lea_code", "state", "opened_at", "id"], name="rule_finding_oldest"),
            models.Index(fields=["student_id", "state"], name="rule_finding_of_student"),
            models.Index(fields=["rule_code", "lea_code", "state"], name="rule_finding_of_rule"),
        ]

    def __str__(self) -> str:
        return f"finding {self.pk} of {self.rule_code}"


class FindingEvent(models.Model):
    """What happened to a finding, never changed: the statistics of rules are counted from these.

    ``returned``: a dismissed finding is open again, as the values have changed. ``lapsed``: one closed while dismissed;
    ``resumed``: it is said again of the very values of its dismissal. ``by_id`` is who did it, ``None`` for
    the rules themselves; ``about_id`` whom it was given to or who was asked; ``text`` their words.
    """

    KINDS = [
        ("opened", "Opened"),
        ("closed", "Closed"),
        ("dismissed", "Dismissed"),
        ("returned", "Returned"),
        ("assigned", "Assigned"),
        ("asked", "Asked"),
        ("answered", "Answered"),
        ("lapsed", "Closed while dismissed"),
        ("resumed", "Dismissed again"),
    ]

    finding = models.ForeignKey(RuleFinding, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=9, choices=KINDS)
    at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True, blank=True)
    about_id = models.BigIntegerField(null=True, blank=True)
    text = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["finding", "id"], name="finding_event_of_finding"),
            models.Index(fields=["at", "kind"], name="finding_event_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}, finding {self.finding_id}"
