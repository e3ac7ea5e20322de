"""Which LEAs a student has left so long ago that they mend nothing any more of what they reported (F22)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import DateField, Exists, Max, OuterRef, Value
from django.db.models.functions import Coalesce

from manzanita.domain.findings import Reason
from manzanita.domain.former_lea import first_last_day, why_closed
from manzanita.platform import clock
from manzanita.students.models import Enrollment, SpecialEducationStatus
from manzanita.students.queries import StudentFacts


def closed_windows(student_ids: Iterable[int]) -> dict[tuple[int, str], date]:
    """By student and LEA the last day there, of each LEA whose amendment window has closed. One query, in no scope.

    An LEA that has the student again, or to come, is not among them, and neither is one that states the status of
    today: as long as no other reports the student, it still does.
    """
    today = clock.today()
    reporting = SpecialEducationStatus.objects.as_of(effective=today).filter(
        student=OuterRef("student_id"), lea_code=OuterRef("lea_code")
    )
    rows = (
        Enrollment.objects.believed()
        .filter(student_id__in=list(student_ids))
        .order_by()
        .values("student_id", "lea_code")
        .annotate(last=Max(Coalesce("effective_to", Value(date.max, output_field=DateField()))))
        .filter(~Exists(reporting), last__lt=first_last_day(today))
    )
    return {(one["student_id"], one["lea_code"]): one["last"] for one in rows}


def closed_in(facts: StudentFacts, lea_code: str) -> list[Reason]:
    """The same as :func:`reasons_not_to_amend`, without a query, of a student whose facts are read."""
    today = clock.today()
    status = facts.status_on(today)
    lasts = [one.effective_to or date.max for one in facts.enrollments if one.lea_code == lea_code]
    if not lasts or max(lasts) >= first_last_day(today) or (status and status.lea_code == lea_code):
        return []
    return [why_closed(max(lasts))]


def reasons_not_to_amend(student_id: int, lea_code: str) -> list[Reason]:
    """Why ``lea_code`` mends nothing of this student any more; empty where it may."""
    left_on = closed_windows([student_id]).get((student_id, lea_code))
    return [] if left_on is None else [why_closed(left_on)]
