"""Who is held from the rollover: asked of the database who might be, and of ``domain.rollover`` who is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner
from manzanita.domain.leaving import EXPECTED_BACK
from manzanita.domain.rollover import held_since, last_day_before_summer, school_begins
from manzanita.domain.scenarios import PARTICIPATING
from manzanita.domain.statuses import Enrolled, Kind, Unsettled
from manzanita.domain.years import academic_year_of, year_start
from manzanita.orgs.calendars import load_calendars
from manzanita.platform import clock
from manzanita.students.models import Enrollment, Plan, SpecialEducationStatus
from manzanita.students.scope import in_reach, lea_filter


def ended_in_june(actor: Actor, student_ids: Sequence[int] | None) -> QuerySet[Enrollment, Enrollment]:
    """Enrollments that ended in the June before this school year, with a reason that expects the student back, of
    whoever has a status and a plan and is enrolled nowhere today or later: in July that is still everybody, of whom
    nobody is held."""
    today = clock.today()
    july = year_start(today)
    of_student = {"student": OuterRef("student_id")}
    lasts = Q(effective_to__isnull=True) | Q(effective_to__gte=today)
    rows = Enrollment.objects.believed().filter(
        effective_to__gte=date(july.year, 6, 1),
        effective_to__lt=july,
        exit_reason_code__in=EXPECTED_BACK,
        **lea_filter(actor),
    )
    if student_ids is None:
        rows = rows.filter(in_reach(actor))
    else:
        rows = rows.filter(student_id__in=student_ids)
    return rows.filter(
        Exists(
            SpecialEducationStatus.objects.as_of(effective=today).filter(
                status_code=PARTICIPATING, **of_student
            )
        ),
        Exists(Plan.objects.as_of(effective=today).filter(**of_student)),
        ~Exists(Enrollment.objects.believed().filter(lasts, **of_student)),
    )


def held(rows: Iterable[Enrollment]) -> Iterator[tuple[int, str, Unsettled]]:
    """Of those whose enrollment ended in June, who is held. No query where nobody's did."""
    ended = list(rows)
    if not ended:
        return
    today = clock.today()
    calendars = load_calendars({one.lea_code for one in ended})
    known: dict[int, list[Enrolled]] = defaultdict(list)
    for row in Enrollment.objects.believed().filter(student_id__in={one.student_id for one in ended}):
        known[row.student_id].append(
            Enrolled(row.lea_code, row.started_on, row.effective_to, row.exit_reason_code)
        )
    year = academic_year_of(today)
    for one in ended:
        begins = school_begins(calendars.calendar(one.lea_code, one.school_code), year)
        since = held_since(known[one.student_id], one.lea_code, today, begins)
        last = last_day_before_summer(known[one.student_id], one.lea_code, year)
        if since is not None and last is not None and one.effective_to == last:
            is_known = calendars.has_terms(one.lea_code, year)
            told = (
                f"Enrolled until {last:%m/%d/%Y}, and in no SIS file since school began on {since:%m/%d/%Y}"
                + ("." if is_known else ", as is counted where no calendar is loaded.")
            )
            yield one.student_id, one.lea_code, Unsettled(Kind.HELD, since, Owner.COORDINATOR, told)
