"""Reading the two logs."""

from manzanita.auditing.models import AppendOnlyQuerySet, ChangeEvent, ReadEvent


def reads_of_student(student_id: int) -> AppendOnlyQuerySet:
    """Who saw this student, newest first. ``student_id`` is our database key."""
    return ReadEvent.objects.filter(student_id=student_id).order_by("-at", "-pk")


def changes_of_student(student_id: int) -> AppendOnlyQuerySet:
    """What was done about this student, newest first. ``student_id`` is our database key."""
    return ChangeEvent.objects.filter(student_id=student_id).order_by("-at", "-pk")
