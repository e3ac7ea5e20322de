"""What the enrollments of both sides say of a transfer: in no scope, and only days and codes leave this module."""

from __future__ import annotations

from datetime import date

from manzanita.platform import clock
from manzanita.platform.reach import whole_installation
from manzanita.students.models import Enrollment, SpecialEducationStatus

# Causes that say "the SIS of this LEA stated it", as procedures write them.
SIS_CAUSE = "sis-import:"

_both_sides = whole_installation("a transfer has two sides, and each is told what the other's SIS shows")


@_both_sides
def enrolled_by_sis(student_id: int, lea_code: str) -> date | None:
    """First day of the enrollment at the LEA that its own SIS states, today or to come; ``None`` without one. What
    somebody typed is no evidence."""
    rows = (
        _of(student_id, lea_code).filter(cause__startswith=SIS_CAUSE).exclude(effective_to__lt=clock.today())
    )
    return rows.order_by("started_on").values_list("started_on", flat=True).first()


@_both_sides
def school_by_sis(student_id: int, lea_code: str) -> str:
    """Code of the school of that enrollment; empty text without one."""
    rows = (
        _of(student_id, lea_code).filter(cause__startswith=SIS_CAUSE).exclude(effective_to__lt=clock.today())
    )
    return rows.order_by("started_on").values_list("school_code", flat=True).first() or ""


@_both_sides
def enrolled_from(student_id: int, lea_code: str) -> date | None:
    """First day of the enrollment at the LEA that holds today, whoever stated it."""
    rows = _of(student_id, lea_code).as_of(effective=clock.today())
    return rows.order_by("-started_on").values_list("started_on", flat=True).first()


@_both_sides
def left_by_sis(student_id: int, lea_code: str) -> date | None:
    """Last day at the LEA by its own SIS, past or to come; ``None`` while an enrollment there has no end, or where the
    SIS never stated one."""
    rows = list(_of(student_id, lea_code).values_list("effective_to", "cause"))
    if not rows or any(last is None for last, _ in rows):
        return None
    last, cause = max(rows)
    return last if cause.startswith(SIS_CAUSE) else None


@_both_sides
def has_status(student_id: int) -> bool:
    """Is a special education status stated for today?"""
    return (
        SpecialEducationStatus.objects.as_of(effective=clock.today()).filter(student_id=student_id).exists()
    )


@_both_sides
def record_holder(student_id: int, other_than: str) -> str:
    """Code of the LEA that has the record, other than ``other_than``: where else the student is enrolled today, who
    states the status, or where the student was last; empty text for none."""
    today = clock.today()
    rows = Enrollment.objects.filter(student_id=student_id).exclude(lea_code=other_than)
    here = rows.as_of(effective=today).order_by("status_code", "-started_on")
    status = SpecialEducationStatus.objects.as_of(effective=today).filter(student_id=student_id)
    found = (
        here.values_list("lea_code", flat=True).first(),
        status.exclude(lea_code=other_than).values_list("lea_code", flat=True).first(),
        rows.believed().order_by("-started_on").values_list("lea_code", flat=True).first(),
    )
    return next((code for code in found if code), "")


def _of(student_id: int, lea_code: str):
    return Enrollment.objects.believed().filter(student_id=student_id, lea_code=lea_code)
