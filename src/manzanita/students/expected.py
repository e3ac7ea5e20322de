"""Who was planned to come this school year, and whom no SIS has enrolled in it yet.

A place planned for the next school year holds until June 30. The enrollment comes weeks later, and meanwhile whoever is
to serve the student prepares. So the place goes on seeing the record after July 1, no longer than Census Day, and less:

- until any SIS enrolls the student in the new year, here or elsewhere: from then on enrollments say who sees what. A
  secondary enrollment is none, and neither is one elsewhere to which the student never came;
- until somebody plans or hands over anew, or says that the student does not come (``withdraw_place``);
- not of one who died, completed school or went to college.

One taken back before June 30 does not hold until then, and is none of these.
"""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from manzanita.domain.access import Relationship
from manzanita.domain.rollover import GONE_FOR_GOOD, expecting_on
from manzanita.domain.stays import NO_SHOW, SECONDARY
from manzanita.students.models import AgencyRelation, Enrollment

NEXT_YEAR = str(Relationship.NEXT_YEAR)


def expected_places(today: date) -> QuerySet[AgencyRelation, AgencyRelation] | None:
    """Places that still wait for their student, of every agency; ``None`` at the times of the year without any."""
    expecting = expecting_on(today)
    if expecting is None:
        return None
    own = Enrollment.objects.believed().filter(student=OuterRef("student"))
    is_here = Q(lea_code=OuterRef("agency_code"))
    enrolled = own.filter(is_here | ~Q(exit_reason_code=NO_SHOW), started_on__gte=expecting.first).exclude(
        status_code=SECONDARY
    )
    gone = own.filter(exit_reason_code__in=sorted(GONE_FOR_GOOD))
    stated_since = AgencyRelation.objects.believed().filter(
        student=OuterRef("student"), relationship=NEXT_YEAR, effective_from__gte=expecting.first
    )
    places = AgencyRelation.objects.believed().filter(
        relationship=NEXT_YEAR, effective_to=expecting.planned_until
    )
    return places.filter(~Exists(enrolled), ~Exists(gone), ~Exists(stated_since))
