"""Why a student of many was left out, as the row says it: the rule or policy, whose job it is, where it is mended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse

from manzanita.arrivals.models import Arrival
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Reason, reason_of
from manzanita.procedures.left_out import LEFT, NOT_ENDED, NOT_FOR_GOOD
from manzanita.students.models import Student
from manzanita.students.pasted import NOT_HERE
from manzanita.web.reasons_told import Told, Way, told, ways_on_record
from manzanita.web.step_links import address_of_step, step_fixes

Documents = Iterable[Mapping[str, Any]]


def reasons_of(documents: Documents) -> list[Reason]:
    """Reasons as they are kept on the item of a batch."""
    return [reason_of(one) for one in documents]


def told_of_arrival(actor: Actor, arrival: Arrival, reasons: Iterable[Reason]) -> list[Told]:
    """Why a plan was not adopted with others, or not taken back."""
    student = arrival.student
    record, enrollments = _record(student), _enrollments(student)
    meetings = reverse("meeting_new", args=[student.public_id]), "All kinds of meetings"
    ways = {
        **dict.fromkeys(("arrival-gone", "arrival-still-enrolled", "arrival-left"), enrollments),
        **dict.fromkeys(("arrival-taken-up", "arrival-changes-later", "arrival-later-plan"), record),
        "adoption-built-on": (address_of_step("take_back", student), "Show what was done since"),
        "plan-starts-that-day": record,
        "arrival-rejected": meetings if actor.may(Capability.HOLD_MEETING) else record,
        "arrival-no-ssid": (reverse("student_ssids", args=[student.public_id]), "Show the SSIDs"),
        "adoption-sent": (
            reverse("change", args=[student.public_id, "never_came"]),
            "Adopted, but never came",
        ),
    }
    return _told(
        actor, student, reasons, ways, (reverse("arrival", args=[arrival.public_id]), "Open the arrival")
    )


def told_of_leaving(actor: Actor, student: Student, reasons: Iterable[Reason]) -> list[Told]:
    """Why a leaving was not recorded with others, or not taken back."""
    changes = reverse("changes", args=[student.public_id]), "Change without a meeting"
    meetings = f"{reverse('student', args=[student.public_id])}?tab=meetings", "Show the meetings"
    ways = {
        **dict.fromkeys(("sent", "later-facts"), changes),
        **dict.fromkeys(("meeting-held", "meeting-pending"), meetings),
        **dict.fromkeys(("already-corrected", "later-status"), _record(student)),
    }
    return _told(
        actor,
        student,
        reasons,
        ways,
        (reverse("leaving", args=[student.public_id]), "Open this one alone"),
    )


def told_of_edit(actor: Actor, student: Student, document: Mapping[str, Any]) -> list[Told]:
    """Why a field was not changed with others, or not taken back."""
    anew = reverse("batch_new"), "Paste it again"
    assign = reverse("assign"), "Assign students"
    ways = {
        **dict.fromkeys(("no-value", "id-taken"), anew),
        "not-here": _enrollments(student),
        "other-school": assign,
        "cannot-hold": (reverse("admin"), "People") if actor.may(Capability.MANAGE_PEOPLE) else assign,
    }
    return _told(actor, student, reasons_of([document] if document else []), ways, _record(student))


def told_left_out(actor: Actor, student: Student, reason: Reason) -> list[Told]:
    """Why a page does not show a student of a pasted list (``procedures.left_out``)."""
    leaving = reverse("leaving", args=[student.public_id]), "Show the leaving"
    alone = reverse("leaving", args=[student.public_id]), "Record it alone"
    ways = {NOT_HERE: _enrollments(student)}
    if actor.may(Capability.CORRECT_RECORD):
        ways |= {LEFT: leaving, **dict.fromkeys((NOT_ENDED, NOT_FOR_GOOD), alone)}
    return _told(actor, student, [reason], ways, _record(student))


def told_of_line(actor: Actor, reason: Reason) -> list[Told]:
    """Why a pasted line changes nobody."""
    return told([reason], {}, (reverse("students"), "Find the student"))


def _told(
    actor: Actor, student: Student, reasons: Iterable[Reason], ways: Mapping[str, Way], otherwise: Way
) -> list[Told]:
    reasons = list(reasons)
    own = reverse("why"), "What you may do"
    known = {
        **ways_on_record(actor, student),
        **step_fixes(reasons, student),
        **dict.fromkeys(("no-capability", "may-not", "may-not-assign", "grant-ended", "out-of-reach"), own),
        **ways,
    }
    return told(reasons, known, otherwise)


def _record(student: Student) -> Way:
    return reverse("student", args=[student.public_id]), "Show the record"


def _enrollments(student: Student) -> Way:
    return reverse("student_enrollments", args=[student.public_id]), "Show the enrollments"
