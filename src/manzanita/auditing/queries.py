"""Reading the two logs."""

from django.db.models import Model

from manzanita.auditing.models import AppendOnlyQuerySet, ChangeEvent, ReadEvent


def reads_of_student(student_id: int) -> AppendOnlyQuerySet:
    """Who saw this student, newest first. ``student_id`` is our database key."""
    return ReadEvent.objects.filter(student_id=student_id).order_by("-at", "-pk")


def changes_of_student(student_id: int) -> AppendOnlyQuerySet:
    """What was done about this student, newest first. ``student_id`` is our database key."""
    return ChangeEvent.objects.filter(student_id=student_id).order_by("-at", "-pk")


def reason_of(action: str, subject: Model) -> str:
    """The words a person gave for the newest ``action`` on ``subject``, or empty text."""
    events = ChangeEvent.objects.filter(
        action=action, subject_type=subject._meta.label_lower, subject_id=subject.pk
    )
    return events.order_by("-at", "-pk").values_list("reason", flat=True).first() or ""
