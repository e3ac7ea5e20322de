"""Which LEAs a student has left so long ago that they mend nothing any more of what they reported (F22)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Count, DateField, Exists, Max, OuterRef, Q, Value
from django.db.models.functions import Coalesce

from manzanita.domain.findings import Reason
from manzanita.domain.former_lea import may_amend, why_closed
from manzanita.platform import clock
from manzanita.students.former_reach import expected_back, left_in_open_year
from manzanita.students.models import Enrollment, SpecialEducationStatus
from manzanita.students.queries import StudentFacts


def closed_windows(student_ids: Iterable[int]) -> dict[tuple[int, str], date]:
    """By student and LEA the last day there, of each LEA whose amendment window has closed. One query, in no scope.

    An LEA that has the student again, or to come, is not among them, and neither is one that states the status of
    today: as long as no other reports the student, it still does. Nor is one that expects the student back.
    """
    today = clock.today()
    there = {"student": OuterRef("student_id"), "lea_code": OuterRef("lea_code")}
    reporting = SpecialEducationStatus.objects.as_of(effective=today).filter(**there)
    is_open = Q(effective_to__isnull=True) | left_in_open_year(today)
    rows = (
        Enrollment.objects.believed()
        .filter(student_id__in=list(student_ids))
        .order_by()
        .values("student_id", "lea_code")
        .annotate(
            last=Max(Coalesce("effective_to", Value(date.max, output_field=DateField()))),
            open_count=Count("pk", filter=is_open),
        )
        .filter(~Exists(reporting), open_count=0)
    )
    if (back := expected_back(today)) is not None:
        rows = rows.filter(~Exists(back.filter(**there)))
    return {(one["student_id"], one["lea_code"]): one["last"] for one in rows}


def is_reporting(student_id: int, lea_codes: Iterable[str]) -> bool:
    """Does one of these LEAs state the status of today? In no scope: what a former LEA is shown of statuses ends with
    its last day."""
    rows = SpecialEducationStatus.objects.as_of(effective=clock.today())
    return rows.filter(student_id=student_id, lea_code__in=list(lea_codes)).exists()


def closed_in(facts: StudentFacts, lea_code: str) -> list[Reason]:
    """The same as :func:`reasons_not_to_amend`, of a student whose facts are read: no query of whom the LEA has, or had
    lately. What is read of the others ends with the last day, and does not tell who reports them today."""
    today = clock.today()
    lasts = [one.effective_to for one in facts.enrollments if one.lea_code == lea_code]
    if not lasts or any(last is None or may_amend(last, today) for last in lasts):
        return []
    return reasons_not_to_amend(facts.student.pk, lea_code)


def reasons_not_to_amend(student_id: int, lea_code: str) -> list[Reason]:
    """Why ``lea_code`` mends nothing of this student any more; empty where it may."""
    left_on = closed_windows([student_id]).get((student_id, lea_code))
    return [] if left_on is None else [why_closed(left_on)]
