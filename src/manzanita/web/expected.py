"""A student who was planned to come and is in no SIS file yet: who planned it, what ends it, and that it is not so."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.rollover import expecting_on
from manzanita.domain.statuses import KINDS, Kind
from manzanita.meetings.actions import NotPossible
from manzanita.orgs.queries import agency_names, school_names
from manzanita.platform import clock
from manzanita.procedures.expected import place_of, withdraw_place
from manzanita.students.models import Student
from manzanita.students.queries import facts_of, get_student
from manzanita.ui.formats import us_date
from manzanita.web.access import requires
from manzanita.web.meanwhile import FIELD, alone_with, meanwhile_fix, stamp_of, status_of
from manzanita.web.reasons_told import told


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.ASSIGN_STUDENTS)
def expected(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """What is known of the plan; a POST with a reason takes it back, and with it the sight of the record."""
    student = get_student(request.actor, public_id)
    log_reads(actor=request.actor, student_ids=[student.pk], what="student.expected")
    reason = " ".join(request.POST.get("reason", "").replace("\0", "").split())[:200]
    refusals = []
    if request.method == "POST" and reason:
        try:
            with alone_with(request, student):
                place = place_of(request.actor, student)
                if place is None:
                    return _is_not(request, student)
                withdraw_place(actor=request.actor, place=place, reason=reason)
        except NotPossible as refused:
            refusals = refused.reasons
        else:
            messages.success(
                request,
                "Recorded: the student is not expected here any more, and the record is not seen by it.",
            )
            return redirect("students_to_settle")
    return _page(request, student, reason, refusals)


def _is_not(request: HttpRequest, student: Student) -> HttpResponse:
    messages.info(
        request, "The student is not expected here: no plan of last school year waits for an enrollment."
    )
    return redirect("student", student.public_id)


def _page(request: HttpRequest, student: Student, reason: str, refusals: list) -> HttpResponse:
    place, expecting = place_of(request.actor, student), expecting_on(clock.today())
    if place is None or expecting is None:
        return _is_not(request, student)
    newest = max(facts_of(student).enrollments, key=lambda one: one.started_on, default=None)
    agencies = agency_names({place.agency_code, newest.lea_code if newest else ""} - {""})
    school = school_names({place.school_code} - {""}).get(place.school_code, place.school_code)
    planner = user_names({place.by_id} if place.by_id else set()).get(place.by_id or 0, "")
    district = agencies.get(place.agency_code, place.agency_code)
    record = KINDS[Kind.EXPECTED]
    is_lacking = request.method == "POST" and not reason
    context = {
        "student": student,
        "facts": [
            ("Planned place", f"{school}, {district}" if school else f"{district}, school not known yet"),
            ("Planned", us_date(place.recorded_at) + (f", by {planner}" if planner else "")),
            ("Comes from", agencies.get(newest.lea_code, newest.lea_code) if newest else ""),
            ("Whose job", str(record.owner)),
            ("What ends it", record.ends),
            ("Seen here until", f"{us_date(expecting.last)}, Census Day, at the latest"),
        ],
        "reason": reason,
        "error": "Say in a sentence how you know." if is_lacking else "",
        "reasons": told(refusals, meanwhile_fix(student)),
        "field": FIELD,
        "stamp": stamp_of(request.actor, student),
    }
    status = 422 if is_lacking else status_of(refusals)
    return render(request, "web/students/expected.html", context, status=status)


urlpatterns = [path("students/<uuid:public_id>/expected", expected, name="expected")]
