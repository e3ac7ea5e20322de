"""Meetings: events with their answers and the family's decisions."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from manzanita.meetings.plan_models import PlanBatch as PlanBatch
from manzanita.meetings.plan_models import PlannedMeeting as PlannedMeeting
from manzanita.meetings.plan_models import PlanningLimits as PlanningLimits
from manzanita.meetings.plan_models import PlanningSupply as PlanningSupply
from manzanita.platform.ids import new_public_id


class Meeting(models.Model):
    """One event of one student, from opening to archive.

    ``due_on`` is the due date of the plan review that the meeting would be, ``evaluation_due_on`` that of the
    evaluation. ``conclusion_key`` is what the team recorded as its end (``domain.scenarios``), ``concluded_on``
    the day of the family's decision where that is not the day of the meeting, ``conclusion_note`` why services of an
    enrolled student start later.

    ``state``: ``open`` (being prepared), ``held``, ``finalized``, ``canceled``. Meetings taken over from the
    state's extract are finalized and carry no answers.
    """

    STATES = [("open", "Open"), ("held", "Held"), ("finalized", "Finalized"), ("canceled", "Canceled")]

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    event_key = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=STATES, default="open")
    lea_code = models.CharField(max_length=7)
    due_on = models.DateField(null=True, blank=True)
    evaluation_due_on = models.DateField(null=True, blank=True)
    referred_on = models.DateField(null=True, blank=True)
    referred_by_code = models.CharField(max_length=2, blank=True)
    consent_on = models.DateField(null=True, blank=True)
    conclusion_key = models.CharField(max_length=20, blank=True)
    concluded_on = models.DateField(null=True, blank=True)
    conclusion_note = models.CharField(max_length=300, blank=True)
    held_on = models.DateField(null=True, blank=True)
    pending_on = models.DateField(null=True, blank=True)
    delay_code = models.CharField(max_length=2, blank=True)
    evaluation_type_code = models.CharField(max_length=2, blank=True)
    is_plan_review = models.BooleanField(default=False)
    outcome_code = models.CharField(max_length=2, blank=True)
    outcome_key = models.CharField(max_length=20, blank=True)
    plan_starts_on = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=20, default="meeting")
    opened_at = models.DateTimeField()
    opened_by_id = models.BigIntegerField(null=True, blank=True)
    finalized_at = models.DateTimeField(null=True, blank=True)
    finalized_by_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="meeting_state", condition=Q(state__in=["open", "held", "finalized", "canceled"])
            ),
            models.CheckConstraint(
                name="meeting_held_has_date", condition=~Q(state="held") | Q(held_on__isnull=False)
            ),
            models.CheckConstraint(
                name="meeting_finalized_has_instant",
                condition=~Q(state="finalized") | Q(finalized_at__isnull=False),
            ),
            # Two open plan meetings of one student would each be back-dated over the other.
            models.UniqueConstraint(
                name="meeting_one_open", fields=["student"], condition=Q(state__in=["open", "held"])
            ),
        ]
        indexes = [
            models.Index(fields=["student", "held_on"], name="meeting_of_student"),
            # Few of very many: whoever was found eligible to start later is looked for whenever home is drawn.
            models.Index(
                fields=["lea_code", "student"],
                name="meeting_starts_later",
                condition=Q(state="finalized", outcome_key="starts_later"),
            ),
        ]

    def __str__(self) -> str:
        return f"meeting {self.public_id}"


class Answer(models.Model):
    """One revision of one field of a meeting's form. The newest revision is the value; the rest is history.

    ``field_key`` is ``plan.23.20`` for a plan field, ``service.2.25.15`` for a field of service 2, and
    ``service.2.offer`` for what the team offers of it: ``keep``, ``add`` or ``remove``.
    """

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="answers")
    field_key = models.CharField(max_length=40)
    revision = models.PositiveIntegerField()
    value = models.TextField(blank=True)
    by_id = models.BigIntegerField()
    by_name = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="answer_revision_once", fields=["meeting", "field_key", "revision"])
        ]


class Decision(models.Model):
    """What the rights holder decided on one item of the offer. Changing it before finalizing keeps one row;
    each change stands in the change log."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="decisions")
    item_key = models.CharField(max_length=40)
    is_agreed = models.BooleanField()
    decided_by = models.CharField(max_length=120)
    decided_on = models.DateField()
    recorded_by_id = models.BigIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="decision_once", fields=["meeting", "item_key"])]
