"""By which enrollments an LEA that has them, or had them lately, reads and mends: the one condition of the scope, of
what may be mended, and of what is said of a record that is read no more (F22)."""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from manzanita.domain.former_lea import first_last_day, opened_again
from manzanita.domain.leaving import EXPECTED_BACK
from manzanita.domain.rollover import expecting_on
from manzanita.domain.stays import NO_SHOW, SECONDARY
from manzanita.students.models import Enrollment, SpecialEducationStatus


def left_in_open_year(today: date) -> Q:
    """On enrollments with an end: it lies in an academic year that may still be amended, or is to come. The SQL of
    ``domain.former_lea.may_amend``; a property test holds the two equal."""
    found = Q(effective_to__gte=first_last_day(today))
    for july, june in opened_again(today):
        found |= Q(effective_to__range=(july, june))
    return found


def expected_back(today: date) -> QuerySet[Enrollment, Enrollment] | None:
    """Enrollments that the SIS ended in the last school year with a reason that expects the student back, while nobody
    has said anything else since: no enrollment lasts longer, and no other LEA reports the student. ``None`` from
    the day after Census Day to June 30 (decision 0030), when whoever is anywhere is in a SIS file.

    The SIS ends each year, also of who comes back, and a child who was only referred has no status by which its LEA
    would be the one that reports.
    """
    expecting = expecting_on(today)
    if expecting is None:
        return None
    of_student = {"student": OuterRef("student")}
    longer = Q(effective_to__isnull=True) | Q(effective_to__gt=OuterRef("effective_to"))
    enrolled = (
        Enrollment.objects.believed()
        .filter(longer, **of_student)
        .exclude(status_code=SECONDARY)
        .exclude(exit_reason_code=NO_SHOW)
    )
    reported = (
        SpecialEducationStatus.objects.believed()
        .filter(longer, **of_student)
        .exclude(lea_code=OuterRef("lea_code"))
    )
    return Enrollment.objects.believed().filter(
        ~Exists(enrolled),
        ~Exists(reported),
        effective_to__gte=date(expecting.first.year - 1, 7, 1),
        effective_to__lte=expecting.planned_until,
        exit_reason_code__in=sorted(EXPECTED_BACK),
    )
