"""What was assigned together, so that it can be taken back together."""

from django.db import models

from manzanita.platform.ids import new_public_id


class AssignmentBatch(models.Model):
    """One bulk assignment or hand-over: applied in one transaction, undone in one until the end of its day."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    agency_code = models.CharField(max_length=7)
    title = models.CharField(max_length=200)
    reason = models.CharField(max_length=200, blank=True)
    made_on = models.DateField()
    made_at = models.DateTimeField()
    by_id = models.BigIntegerField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "assignment batches"
        indexes = [models.Index(fields=["agency_code", "-made_at"], name="assignment_batch_newest")]

    def __str__(self) -> str:
        return f"assignment batch {self.public_id}"


class AssignmentChange(models.Model):
    """One student of a batch. ``kind`` is ``assignment`` (case manager) or ``team``.

    ``from_user_id`` had it before (``None``: nobody); ``to_user_id`` has it from ``starts_on`` to ``ends_on``.
    ``closed`` are the keys of the versions in whose place it was stated, by which it is taken back; ``None`` of one
    that was made before they were kept.
    """

    batch = models.ForeignKey(AssignmentBatch, on_delete=models.PROTECT, related_name="changes")
    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10)
    role = models.CharField(max_length=60, blank=True)
    from_user_id = models.BigIntegerField(null=True, blank=True)
    to_user_id = models.BigIntegerField(null=True, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    closed = models.JSONField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["student", "kind"], name="assignment_change_of_student")]

    def __str__(self) -> str:
        return f"{self.kind} of student {self.student_id}"
