"""The question why: asked once for each student and day of people who open a student off their caseload."""

from __future__ import annotations

import uuid
from datetime import datetime, time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from manzanita.auditing.actions import log_reads
from manzanita.auditing.kinds import PURPOSES
from manzanita.auditing.queries import purpose_given
from manzanita.domain.access import Actor, Capability
from manzanita.platform import clock
from manzanita.students.models import Student
from manzanita.students.queries import get_student, is_on_caseload
from manzanita.web.access import requires

LONGEST_NOTE = 200


def purpose_for(actor: Actor, student: Student) -> str | None:
    """The purpose to note with a look at this student: empty where none is asked for, ``None`` where it must be given.

    The office of a district is not asked: reading its students' records is its duty.
    """
    if not actor.perspective.asks_purpose or is_on_caseload(actor, student):
        return ""
    midnight = datetime.combine(clock.today(), time(), clock.CALIFORNIA)
    return purpose_given(actor.user_id, student.pk, midnight) or None


def purpose_first(request: HttpRequest, public_id: uuid.UUID) -> tuple[str, HttpResponse | None]:
    """The purpose to note with a look at this student; and where it must be given first, the page that asks for it.

    The student is read here only for whom a purpose may be asked.
    """
    if not request.actor.perspective.asks_purpose:
        return "", None
    student = get_student(request.actor, public_id)
    given = purpose_for(request.actor, student)
    return ("", ask_purpose(request, student)) if given is None else (given, None)


def ask_purpose(
    request: HttpRequest, student: Student, *, error: str = "", note: str = "", chosen: str = ""
) -> HttpResponse:
    """The page that asks, with no more of the student than the list that led here. Showing it is logged as a read."""
    log_reads(actor=request.actor, student_ids=[student.pk], what="student.purpose-asked")
    tab = request.POST.get("tab", "") or request.GET.get("tab", "")
    context = {
        "student": student,
        "purposes": PURPOSES.values(),
        "tab": tab if tab.isalpha() else "",
        "error": error,
        "note": note,
        "chosen": chosen,
    }
    answer = render(request, "web/students/purpose.html", context, status=422 if error else 200)
    if request.htmx:
        # A part of a page cannot ask; the student's own page does.
        answer = HttpResponse(status=204)
        answer.headers["HX-Redirect"] = reverse("student", args=[student.public_id])
    return answer


@require_POST
@requires(Capability.READ_STUDENT)
def give_purpose(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Note why, and go on to the student's page."""
    student = get_student(request.actor, public_id)
    chosen = request.POST.get("purpose", "")
    note = " ".join(request.POST.get("note", "").split())[:LONGEST_NOTE]
    purpose = PURPOSES.get(chosen)
    if purpose is None:
        return ask_purpose(request, student, error="Choose one of the purposes.", note=note)
    if purpose.needs_words and not note:
        return ask_purpose(request, student, error="Say in a few words what it is for.", chosen=chosen)
    log_reads(
        actor=request.actor,
        student_ids=[student.pk],
        what="student.purpose",
        purpose_code=purpose.key,
        purpose_note=note if purpose.needs_words else "",
    )
    tab = request.POST.get("tab", "")
    here = reverse("student", args=[public_id])
    return redirect(f"{here}?tab={tab}" if tab.isalpha() else here)


urlpatterns = [path("students/<uuid:public_id>/purpose", give_purpose, name="give_purpose")]
