"""What caseloads are planned with, and what was planned: rooms and interpreters, limits, dates of reviews to come."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from manzanita.platform.ids import new_public_id


class PlanningSupply(models.Model):
    """A room or an interpreter of an LEA, on ``weekdays`` (digits, Monday is 1) from ``first_on`` to ``last_on``.

    A room without a school is for all of them; an interpreter has none. Who is no longer there keeps the row, with
    ``ended_at``: what was planned with it still names it.
    """

    KINDS = [("room", "Room"), ("interpreter", "Interpreter")]

    kind = models.CharField(max_length=12, choices=KINDS)
    lea_code = models.CharField(max_length=7)
    school_code = models.CharField(max_length=7, blank=True)
    name = models.CharField(max_length=60)
    language = models.CharField(max_length=30, blank=True)
    weekdays = models.CharField(max_length=5, default="12345")
    first_on = models.DateField(null=True, blank=True)
    last_on = models.DateField(null=True, blank=True)
    by_id = models.BigIntegerField(null=True, blank=True)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "planning supplies"
        indexes = [models.Index(fields=["lea_code", "kind"], name="planning_supply_of_lea")]
        constraints = [
            models.CheckConstraint(
                name="planning_supply_kind",
                condition=Q(kind="room", language="")
                | (Q(kind="interpreter", school_code="") & ~Q(language="")),
            ),
            models.CheckConstraint(
                name="planning_supply_days",
                condition=Q(first_on__isnull=True) | Q(last_on__isnull=True) | Q(last_on__gte=F("first_on")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} of {self.lea_code}"


class PlanningLimits(models.Model):
    """How one case manager plans. ``times`` are beginnings, ``08:00 13:30``; nothing is planned more than
    ``days_before`` days before it is due. Without a row the defaults hold."""

    user_id = models.BigIntegerField(unique=True)
    per_day = models.PositiveSmallIntegerField(default=2)
    per_week = models.PositiveSmallIntegerField(default=4)
    notice_days = models.PositiveSmallIntegerField(default=10)
    days_before = models.PositiveSmallIntegerField(default=60)
    minutes = models.PositiveSmallIntegerField(default=60)
    times = models.CharField(max_length=60, default="08:00 13:30 15:00")
    needs_room = models.BooleanField(default=True)
    by_id = models.BigIntegerField(null=True, blank=True)
    at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "planning limits"

    def __str__(self) -> str:
        return f"planning limits of {self.user_id}"


class PlanBatch(models.Model):
    """What was planned together, so that it can be taken back together. ``token`` is that of the form: the same form
    sent twice makes one batch. ``undoes`` is the batch that this one took back."""

    KINDS = [
        ("plan", "Planned"),
        ("move", "Moved"),
        ("lock", "Locked"),
        ("remove", "Taken out"),
        ("undo", "Undone"),
    ]

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    token = models.UUIDField(unique=True)
    lea_code = models.CharField(max_length=7)
    manager_id = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=KINDS)
    made_on = models.DateField()
    made_at = models.DateTimeField()
    by_id = models.BigIntegerField()
    undoes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="undone_by")

    class Meta:
        verbose_name_plural = "plan batches"
        indexes = [models.Index(fields=["lea_code", "manager_id", "-id"], name="plan_batch_newest")]

    def __str__(self) -> str:
        return f"plan batch {self.public_id}"


class PlannedMeeting(models.Model):
    """A day on which one student's review is planned; no meeting yet, and nothing that the state hears of.

    Never changed: who moves it ends the row (``ended_by``) and makes another. ``clock`` says which dates the meeting
    would meet; ``due_on`` is the earlier of them when it was planned: once the review was held the student's date is
    another, and the row counts no more. A locked one stays when the rest is planned anew.
    """

    CLOCKS = [
        ("plan-review", "Annual review"),
        ("triennial", "Triennial"),
        ("both", "Triennial and annual review"),
    ]

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    lea_code = models.CharField(max_length=7)
    manager_id = models.BigIntegerField()
    clock = models.CharField(max_length=12, choices=CLOCKS)
    due_on = models.DateField()
    planned_on = models.DateField()
    starts_at = models.TimeField()
    minutes = models.PositiveSmallIntegerField()
    room = models.ForeignKey(PlanningSupply, null=True, on_delete=models.PROTECT, related_name="+")
    interpreter = models.ForeignKey(PlanningSupply, null=True, on_delete=models.PROTECT, related_name="+")
    is_locked = models.BooleanField(default=False)
    made_by = models.ForeignKey(PlanBatch, on_delete=models.PROTECT, related_name="made")
    ended_by = models.ForeignKey(PlanBatch, null=True, on_delete=models.PROTECT, related_name="ended")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="planned_meeting_one_stands", fields=["student"], condition=Q(ended_by__isnull=True)
            ),
            models.CheckConstraint(
                name="planned_meeting_clock", condition=Q(clock__in=["plan-review", "triennial", "both"])
            ),
        ]
        indexes = [
            models.Index(
                fields=["lea_code", "planned_on"],
                name="planned_meetings_of_lea",
                condition=Q(ended_by__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"planned meeting {self.public_id}"
