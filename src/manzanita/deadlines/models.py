"""Due dates of the clocks that run, stored so that a list of them is one index scan; counted anew when facts change."""

from __future__ import annotations

from django.db import models


class DueDate(models.Model):
    """One running clock of one student (``domain.running_clocks``). A clock that ends takes its row with it: what was
    late is told by the meetings, not by this table.

    ``clock`` is a key of ``domain.clocks.CLOCKS``; ``about`` tells two of the same clock apart, and ``meeting`` is the
    open meeting that it is about or that would end it. ``due_on``, by which lists are ordered, is the earlier of the
    law's date and the state's. Where it cannot be counted, ``problem`` says why and how to mend it. ``given`` are the
    inputs as ISO days, of which the trace is counted again when somebody asks. ``lea_code`` and ``school_code`` say by
    whose calendar it counts and whose job it is; the case manager is joined, as assignments change without the clocks.
    ``inputs`` is a digest of whatever the dates depend on: equal means that nothing needs to be counted.
    """

    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    clock = models.CharField(max_length=30)
    about = models.CharField(max_length=40, blank=True)
    lea_code = models.CharField(max_length=7)
    school_code = models.CharField(max_length=7, blank=True)
    meeting = models.ForeignKey(
        "meetings.Meeting", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    given = models.JSONField(default=dict)
    started_on = models.DateField(null=True, blank=True)
    statutory_due_on = models.DateField(null=True, blank=True)
    state_due_on = models.DateField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    confidence = models.CharField(max_length=12, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    inputs = models.CharField(max_length=32)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="due_date_once", fields=["student", "clock", "about"]),
            models.CheckConstraint(
                name="due_date_or_problem", condition=models.Q(due_on__isnull=False) | ~models.Q(problem="")
            ),
        ]
        indexes = [
            models.Index(fields=["lea_code", "due_on", "id"], name="due_date_of_lea"),
            models.Index(fields=["due_on", "id"], name="due_date_by_day"),
            models.Index(fields=["lea_code", "clock", "due_on", "id"], name="due_date_of_clock"),
        ]

    def __str__(self) -> str:
        return f"due date {self.pk} of {self.clock}"


class StaleStudent(models.Model):
    """Something that this student's clocks count from has changed at ``at``. Gone once they are counted anew."""

    student_id = models.BigIntegerField(unique=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at", "student_id"], name="stale_student_oldest")]

    def __str__(self) -> str:
        return f"student {self.student_id}, clocks to count"


class StaleCalendar(models.Model):
    """The calendar of this LEA, or its SELPA's reading, has changed at ``at``. Gone once its clocks are counted."""

    lea_code = models.CharField(max_length=7, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"LEA {self.lea_code}, calendar to count by"
