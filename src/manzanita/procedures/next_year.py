"""What is known of a student's next school year: planned here, or sent by the SIS. Nothing of it counts before its day.

From July 1 on, what was planned for the year that has begun is over (``domain.years.year_end``), and what the
SIS sent of it is an enrollment like any other. Whoever was planned and is in no SIS file is expected for a while
(``students.expected``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from manzanita.domain.access import Relationship
from manzanita.domain.years import year_end
from manzanita.platform import clock
from manzanita.platform.together import read_together
from manzanita.students.models import (
    AgencyRelation,
    CaseAssignment,
    Enrollment,
    NextSetting,
    NextYear,
    ScopedQuerySet,
    TeamMember,
)

_DAY = timedelta(days=1)


def next_first_day(today: date) -> date:
    """July 1 on which the next school year begins."""
    return year_end(today) + _DAY


@dataclass(frozen=True, slots=True)
class Planned:
    """Of one student: school, grade and program setting planned here, the enrollments to come that the SIS has sent,
    and whoever has the case or is on the team from a later day on, the next day first."""

    place: AgencyRelation | None
    grade: NextYear | None
    enrollments: Sequence[Enrollment]
    setting: NextSetting | None = None
    managers: Sequence[CaseAssignment] = ()
    team: Sequence[TeamMember] = ()

    @property
    def stated(self) -> list[AgencyRelation | NextYear | NextSetting | CaseAssignment | TeamMember]:
        """What was planned here."""
        found = [self.place, self.grade, self.setting, *self.managers, *self.team]
        return [one for one in found if one is not None]

    @property
    def differing(self) -> list[str]:
        """What the SIS sent otherwise than it was planned, in words; the SIS counts."""
        sent = min(self.enrollments, key=lambda one: one.started_on, default=None)
        if sent is None:
            return []
        found = []
        if self.place is not None:
            if self.place.agency_code != sent.lea_code:
                found.append("district")
            elif self.place.school_code and self.place.school_code != sent.school_code:
                found.append("school")
        if self.grade is not None and self.grade.grade_code != sent.grade_code:
            found.append("grade")
        return found


@dataclass(frozen=True, slots=True)
class NextYearRows:
    """The reads of it, for who reads more in the same query."""

    places: QuerySet[Any, Any]
    grades: QuerySet[Any, Any]
    enrollments: QuerySet[Any, Any]
    settings: QuerySet[Any, Any]
    managers: QuerySet[Any, Any]
    team: QuerySet[Any, Any]

    @property
    def querysets(self) -> list[QuerySet[Any, Any]]:
        return [self.places, self.grades, self.enrollments, self.settings, self.managers, self.team]

    def of(self, student_id: int) -> Planned:
        return Planned(
            next((one for one in self.places if one.student_id == student_id), None),
            next((one for one in self.grades if one.student_id == student_id), None),
            [one for one in self.enrollments if one.student_id == student_id],
            next((one for one in self.settings if one.student_id == student_id), None),
            [one for one in self.managers if one.student_id == student_id],
            [one for one in self.team if one.student_id == student_id],
        )


def next_year_rows(student_ids: Collection[int]) -> NextYearRows:
    today = clock.today()
    of = {"student_id__in": list(student_ids)}
    return NextYearRows(
        AgencyRelation.objects.as_of(effective=today).filter(relationship=str(Relationship.NEXT_YEAR), **of),
        NextYear.objects.as_of(effective=today).filter(**of),
        Enrollment.objects.believed().filter(started_on__gt=today, **of).order_by("started_on", "pk"),
        NextSetting.objects.as_of(effective=today).filter(**of),
        CaseAssignment.objects.believed()
        .filter(effective_from__gt=today, **of)
        .order_by("effective_from", "pk"),
        TeamMember.objects.believed().filter(effective_from__gt=today, **of).order_by("effective_from", "pk"),
    )


def next_years_of(student_ids: Collection[int]) -> dict[int, Planned]:
    """Of many students; one query."""
    rows = next_year_rows(student_ids)
    read_together(*rows.querysets)
    return {pk: rows.of(pk) for pk in student_ids}


def unplanned(students: ScopedQuerySet) -> ScopedQuerySet:
    """Of ``students`` those of whom nothing is planned and nothing was sent for the next school year."""
    today = clock.today()
    own = {"student": OuterRef("pk")}
    places = AgencyRelation.objects.as_of(effective=today).filter(
        relationship=str(Relationship.NEXT_YEAR), **own
    )
    known = (
        Q(Exists(places))
        | Q(Exists(NextYear.objects.as_of(effective=today).filter(**own)))
        | Q(Exists(Enrollment.objects.believed().filter(started_on__gt=today, **own)))
    )
    return students.exclude(known)
