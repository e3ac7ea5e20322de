"""Infants whom an LEA serves before any SIS enrolls them: the SQL of ``domain.stays.infant_stays``. A property test
holds the two equal."""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, OuterRef, QuerySet

from manzanita.domain.scenarios import PARTICIPATING
from manzanita.domain.stays import IFSP, NO_SHOW, SECONDARY
from manzanita.students.models import Enrollment, Plan, SpecialEducationStatus


def infant_plans(today: date) -> QuerySet[Plan, Plan]:
    """IFSPs in force of every agency, of children who take part at its LEA and whom no SIS has enrolled."""
    of_child = {"student": OuterRef("student")}
    taking_part = SpecialEducationStatus.objects.as_of(effective=today).filter(
        status_code=PARTICIPATING, lea_code=OuterRef("lea_code"), **of_child
    )
    enrolled = (
        Enrollment.objects.believed()
        .filter(effective_from__lte=today, **of_child)
        .exclude(status_code=SECONDARY)
        .exclude(exit_reason_code=NO_SHOW)
    )
    plans = Plan.objects.as_of(effective=today).filter(plan_type_code=IFSP)
    return plans.filter(Exists(taking_part), ~Exists(enrolled))
