"""Leavings: why and when a student stops being a special education student of an LEA; what teachers report of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import models
from django.db.models import Q

from manzanita.domain.leaving import NO_SHOW, REASONS, REPORTED, LeavingReason
from manzanita.leaving.batch_models import LeavingBatch as LeavingBatch
from manzanita.leaving.batch_models import LeavingItem as LeavingItem
from manzanita.platform.ids import new_public_id


class ParticipationReport(models.Model):
    """What somebody who works with the student says: it stops taking part. The coordinator's list has it until it
    leads to a leaving (``done``), is answered without one (``declined``), or the reporter takes it back (``undone``).

    ``lea_code`` is the LEA whose coordinator is told: the reporter's own, or of a nonpublic one the student's.

    ``reason_key`` is what the reporter thinks it is, a key of ``domain.leaving.REPORTED``; ``last_on`` the last day
    known to the reporter, if any.
    """

    STATES = [
        ("open", "Not looked at yet"),
        ("done", "Recorded"),
        ("declined", "Not so"),
        ("undone", "Taken back"),
    ]

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    lea_code = models.CharField(max_length=7)
    reason_key = models.CharField(max_length=20)
    last_on = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=8, choices=STATES, default="open")
    reported_at = models.DateTimeField()
    reported_by_id = models.BigIntegerField()
    answer = models.CharField(max_length=300, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            # Who reports the same again adds nothing; the one that stands is shown.
            models.UniqueConstraint(
                name="one_open_report", fields=["student", "lea_code"], condition=Q(state="open")
            )
        ]
        indexes = [
            models.Index(fields=["reported_by_id", "-id"], name="reports_of_person"),
            models.Index(fields=["lea_code", "id"], name="reports_open", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"report of participation {self.public_id}"

    @property
    def reason(self) -> LeavingReason:
        return REPORTED[self.reason_key]

    @property
    def is_reason_known(self) -> bool:
        """Whether a leaving can be recorded with what was reported."""
        return self.reason_key in REASONS


class Leaving(models.Model):
    """One leaving of one student from one LEA. ``leaves_on`` is the day by which the state counts it.

    ``planned``: its day is still to come, and a nightly job carries it out; ``problem`` is then what kept the job from
    it, as reasons. ``done`` may be taken back (``undone``) until the state was told. ``papers`` maps a key of
    ``domain.leaving.PAPERS`` to the day it was given and a note. ``letter_on`` and ``letter_by``: the rights holder of
    that name revoked consent by a letter of that day.

    ``closed`` and ``kept`` are what taking back needs: by kind of fact, the keys of the versions that it closed, and of
    all versions believed after it. ``canceled_meetings`` are keys of meetings that it canceled.
    """

    STATES = [("planned", "Planned"), ("done", "Done"), ("canceled", "Canceled"), ("undone", "Taken back")]

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    lea_code = models.CharField(max_length=7)
    reason_key = models.CharField(max_length=20)
    leaves_on = models.DateField()
    state = models.CharField(max_length=8, choices=STATES)
    note = models.CharField(max_length=300)
    papers = models.JSONField(default=dict)
    letter_on = models.DateField(null=True, blank=True)
    letter_by = models.CharField(max_length=200, blank=True)
    report = models.ForeignKey(
        ParticipationReport, null=True, blank=True, on_delete=models.PROTECT, related_name="leavings"
    )
    archive_id = models.BigIntegerField(null=True, blank=True)
    adopted_archive_id = models.BigIntegerField(null=True, blank=True)
    closed: Any = models.JSONField(default=dict)
    kept: Any = models.JSONField(default=dict)
    canceled_meetings: Any = models.JSONField(default=list)
    problem: Any = models.JSONField(default=list)
    asked_at = models.DateTimeField()
    asked_by_id = models.BigIntegerField()
    grant_id = models.BigIntegerField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_planned_leaving", fields=["student", "lea_code"], condition=Q(state="planned")
            ),
            models.CheckConstraint(
                name="done_leaving_has_instant", condition=~Q(state="done") | Q(done_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["student", "-leaves_on"], name="leavings_of_student"),
            models.Index(fields=["leaves_on", "id"], name="leavings_planned", condition=Q(state="planned")),
            models.Index(fields=["lea_code", "state", "-leaves_on"], name="leavings_of_lea"),
        ]

    def __str__(self) -> str:
        return f"leaving {self.public_id}"

    @property
    def reason(self) -> LeavingReason:
        return REASONS[self.reason_key]

    @property
    def last_day_here(self) -> date:
        """Who never came was not here on the day itself."""
        return self.leaves_on - timedelta(days=1) if self.reason_key == NO_SHOW else self.leaves_on
