"""Students who arrive: each stay that begins at an LEA and wants something done, and what was done about it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from manzanita.platform.ids import new_public_id
from manzanita.students.many_models import StudentBatch, StudentItem


class Arrival(models.Model):
    """One student who came to an LEA, for as long as nobody has settled it and afterward.

    There is one for each student, LEA and first day of a stay (``domain.stays``); looking again changes an open one
    and makes no second. ``evidence`` is an ``domain.arrivals.Evidence``: codes and days, no name. ``answers`` are
    those of the four questions where a person knew better, given last by ``answered_by_id``. ``settled_how`` is a key
    of ``HOWS``; the last four are of the radar itself (``settled_by_id`` ``None``), and such an arrival opens again
    where its cause is gone.
    """

    KINDS = [
        ("arriving", "Arriving with a plan"),
        ("returning", "Returning to us"),
        ("unserved", "Eligible, without a plan"),
        ("look", "Needs a look"),
    ]
    HOWS = [
        ("adopted", "Plan adopted"),
        ("inactive", "Arrived inactive"),
        ("nothing", "Nothing to do"),
        ("taken-up", "Taken up by a meeting or a change"),
        ("gone", "The enrollment is gone"),
        ("known-otherwise", "Not an arrival after all"),
        ("merged", "Put together with another record"),
    ]

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    lea_code = models.CharField(max_length=7)
    enrolled_on = models.DateField()
    kind = models.CharField(max_length=10, choices=KINDS)
    is_safe = models.BooleanField(default=False)
    evidence = models.JSONField(default=dict)
    answers = models.JSONField(default=dict)
    answered_by_id = models.BigIntegerField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    # What found it: an import, the night, a person.
    found_by = models.CharField(max_length=80)
    found_by_id = models.BigIntegerField(null=True, blank=True)
    found_at = models.DateTimeField()
    looked_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_how = models.CharField(max_length=16, choices=HOWS, blank=True)
    settled_by_id = models.BigIntegerField(null=True, blank=True)
    settled_reason = models.CharField(max_length=300, blank=True)
    archive_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="arrival_once", fields=["student", "lea_code", "enrolled_on"]),
            models.CheckConstraint(
                name="arrival_kind", condition=Q(kind__in=["arriving", "returning", "unserved", "look"])
            ),
            models.CheckConstraint(
                name="arrival_settled_somehow",
                condition=Q(settled_at__isnull=True, settled_how="")
                | (Q(settled_at__isnull=False) & ~Q(settled_how="")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["lea_code", "enrolled_on", "id"],
                name="arrivals_open",
                condition=Q(settled_at__isnull=True),
            ),
            models.Index(fields=["student", "lea_code"], name="arrivals_of_student"),
            models.Index(fields=["found_at", "student"], name="arrivals_news"),
        ]

    def __str__(self) -> str:
        return f"arrival {self.public_id}"


class LookMark(models.Model):
    """An import has touched an enrollment of this student at this LEA, and the radar has not looked since."""

    student = models.ForeignKey("students.Student", on_delete=models.CASCADE, related_name="+")
    lea_code = models.CharField(max_length=7)
    cause = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(name="look_mark_once", fields=["student", "lea_code"])]
        indexes = [models.Index(fields=["lea_code", "id"], name="look_marks_of_lea")]

    def __str__(self) -> str:
        return f"look at student {self.student_id}"


class RecordsAsked(models.Model):
    """The records of an arriving student, asked for at the former agency: when, of whom, and when they came.

    ``agency_code`` is blank for an agency that this installation does not know; ``agency_name`` says which it is.
    """

    arrival = models.ForeignKey(Arrival, on_delete=models.PROTECT, related_name="records_asked")
    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    lea_code = models.CharField(max_length=7)
    agency_code = models.CharField(max_length=7, blank=True)
    agency_name = models.CharField(max_length=120)
    contact_name = models.CharField(max_length=120, blank=True)
    asked_on = models.DateField()
    follow_up_on = models.DateField()
    received_on = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    asked_by_id = models.BigIntegerField()
    asked_at = models.DateTimeField()
    received_by_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="records_received_after_asked",
                condition=Q(received_on__isnull=True) | Q(received_on__gte=models.F("asked_on")),
            )
        ]
        indexes = [models.Index(fields=["arrival", "id"], name="records_of_arrival")]

    def __str__(self) -> str:
        return f"records asked for, arrival {self.arrival_id}"


class AdoptionBatch(StudentBatch):
    """Plans adopted together, and why."""

    reason = models.CharField(max_length=300)
    # One student whom somebody has looked at; of several only those are adopted that are safe without a look.
    is_alone = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["lea_code", "-id"], name="adoption_batches_of_lea")]

    def __str__(self) -> str:
        return f"adoption {self.public_id}"


class AdoptionItem(StudentItem):
    """``before`` names the versions of facts that were believed from the day on, by kind: what an undo states again."""

    STATES = [
        ("waiting", "Waiting"),
        ("adopted", "Adopted"),
        ("refused", "Not adopted"),
        ("undone", "Taken back"),
    ]

    batch = models.ForeignKey(AdoptionBatch, on_delete=models.PROTECT, related_name="items")
    arrival = models.ForeignKey(Arrival, on_delete=models.PROTECT, related_name="adoptions")
    adopt_on = models.DateField()
    # A day on which the plan was in force, where none is in force on the first day here.
    plan_known_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=7, choices=STATES, default="waiting")
    before = models.JSONField(default=dict)
    archive_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="adoption_one_at_work", fields=["arrival"], condition=Q(state="waiting")
            )
        ]
        indexes = [models.Index(fields=["batch", "state", "id"], name="adoption_items_of_batch")]

    def __str__(self) -> str:
        return f"adoption of arrival {self.arrival_id}"
