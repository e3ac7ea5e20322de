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
    ``inputs`` is a digest of whatever the dates depend on: equal means that nothing needs to be counted. ``before`` is
    what the row said until it was counted anew, and why (``domain.due_moves.Before``); empty of one counted once.
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
    before = models.JSONField(default=dict)
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


class DelayReason(models.Model):
    """Why a clock is late, said before there is a meeting that could say it ("archive active").

    It stands beside the due date. Another reason withdraws the one before; nothing is overwritten.

    ``code`` is one of the state's reasons of delay (MEET 24.18); ``due_on`` the date that was, or will be, missed.
    """

    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    lea_code = models.CharField(max_length=7)
    clock = models.CharField(max_length=30)
    due_on = models.DateField()
    code = models.CharField(max_length=2)
    planned_on = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    by_id = models.BigIntegerField()
    by_name = models.CharField(max_length=120)
    at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="delay_reason_one_stands",
                fields=["student", "clock", "due_on"],
                condition=models.Q(withdrawn_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"delay reason {self.pk}"


class ContactAttempt(models.Model):
    """One attempt to reach the family about a meeting: when, how, with what result, and who tried. Never changed."""

    HOW = [
        ("phone", "Telephone"),
        ("letter", "Letter"),
        ("email", "Email"),
        ("text", "Text message"),
        ("visit", "Home visit"),
        ("person", "In person"),
    ]
    RESULTS = [
        ("reached", "Reached, agreed to a day"),
        ("asked_later", "Reached, asked for another day"),
        ("declined", "Reached, declined to attend"),
        ("message", "Left a message"),
        ("none", "No answer"),
        ("returned", "Returned, not delivered"),
    ]

    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    meeting = models.ForeignKey(
        "meetings.Meeting", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    lea_code = models.CharField(max_length=7)
    tried_on = models.DateField()
    how = models.CharField(max_length=6, choices=HOW)
    result = models.CharField(max_length=11, choices=RESULTS)
    note = models.CharField(max_length=300, blank=True)
    by_id = models.BigIntegerField()
    by_name = models.CharField(max_length=120)
    at = models.DateTimeField()
    # What the form sent along, so that the same click twice is one attempt.
    ask_key = models.CharField(max_length=24, unique=True)

    class Meta:
        indexes = [models.Index(fields=["student", "-tried_on", "-id"], name="attempts_of_student")]

    def __str__(self) -> str:
        return f"attempt {self.pk}"


class HeldLate(models.Model):
    """The newest meeting of a clock of one student, where it was held after the state's day (``domain.dinc``).

    Kept with the due dates; gone when the next meeting of its clock is held, or its dates are corrected.
    """

    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    list_key = models.CharField(max_length=20)
    lea_code = models.CharField(max_length=7)
    school_code = models.CharField(max_length=7, blank=True)
    started_on = models.DateField()
    due_on = models.DateField()
    held_on = models.DateField()
    delay_code = models.CharField(max_length=2, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="held_late_once", fields=["student", "list_key"])]
        indexes = [models.Index(fields=["lea_code", "list_key", "-held_on", "id"], name="held_late_of_lea")]

    def __str__(self) -> str:
        return f"held late {self.pk}"


class DincCount(models.Model):
    """How many students of a school stood on a list at the end of a day, by what was believed when it was counted."""

    lea_code = models.CharField(max_length=7)
    school_code = models.CharField(max_length=7, blank=True)
    list_key = models.CharField(max_length=20)
    on = models.DateField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="dinc_count_once", fields=["lea_code", "school_code", "list_key", "on"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.list_key} of {self.lea_code} on {self.on}"
