"""Where the steps of a student's record are taken: addresses for the keys of ``domain.statuses.steps``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.urls import reverse

from manzanita.domain.findings import Reason
from manzanita.domain.statuses import Left
from manzanita.domain.statuses.steps import STEPS
from manzanita.students.models import Student


def address_of_step(key: str, student: Student, meeting_path: str = "") -> str:
    """The page on which a step is taken; of a step of a meeting that of the open one (``meeting_path``), or the page of
    the student, which leads there."""
    step = STEPS[key]
    if not step.is_of_student:
        return reverse(step.page)
    if step.page in ("meeting_hold", "meeting_finalize"):
        return meeting_path or reverse("student", args=[student.public_id])
    if step.page == "student":
        return f"{reverse('student', args=[student.public_id])}?tab={step.page_key}"
    return reverse(step.page, args=[student.public_id, *([step.page_key] if step.page_key else [])])


def step_fixes(
    reasons: Iterable[Reason], student: Student, meeting_path: str = ""
) -> dict[str, tuple[str, str]]:
    """Address and label of the step that comes first, by the code of each reason that names one."""
    return {
        one.code: (address_of_step(one.link, student, meeting_path), STEPS[one.link].label)
        for one in reasons
        if one.link in STEPS
    }


def start_ways(student: Student, meeting_path: str = "") -> dict[str, tuple[str, str]]:
    """Address and label of where it is mended that agreed services cannot start, by the code of the refusal."""
    page = reverse("student", args=[student.public_id])
    known = (f"{page}?tab=history", "Show what is known")
    enrollments = (reverse("student_enrollments", args=[student.public_id]), "Show the enrollments")
    meeting = (reverse("meeting_new", args=[student.public_id]), "All kinds of meetings")
    return {
        **dict.fromkeys(("newer-plan", "later-status", "consent-day"), known),
        **dict.fromkeys(("not-enrolled", "not-yet", "too-early"), enrollments),
        **dict.fromkeys(("not-waiting", "nothing-agreed", "agreed-elsewhere", "evaluation-old"), meeting),
        "here": (address_of_step("undo_leave", student), STEPS["undo_leave"].label),
        "no-meeting-held": (meeting_path or page, STEPS["finalize"].label),
    }


def said_left(left: Left | None, student: Student) -> tuple[date, str] | None:
    """The day of a leaving that the status does not tell, and the page on which it is taken back."""
    return (left.on, address_of_step("undo_leave", student)) if left else None
