"""Infants: whom an LEA serves before any SIS enrolls them (the SQL of ``domain.stays.infant_stays``; a property test
holds the two equal), and which LEA owes each the IEP."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db.models import Exists, F, OuterRef, QuerySet

from manzanita.domain.access import Relationship
from manzanita.domain.scenarios import PARTICIPATING
from manzanita.domain.stays import IFSP, NO_SHOW, SECONDARY
from manzanita.students.models import AgencyRelation, Enrollment, Plan, SpecialEducationStatus


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


# By which relationship an LEA is known to owe a child from Part C the IEP, the first that is stated.
_PART_B_LEA = (Relationship.NEXT_YEAR.value, Relationship.RESIDENCE.value)


def part_b_leas(student_ids: Collection[int], today: date) -> dict[int, str]:
    """Of children with an IFSP in force the LEA that owes the IEP from the third birthday on: the one named for next
    year, else that of residence, else the one that the IFSP of another LEA holds accountable (PLAN 23.10, as a rule the
    district of residence). Two queries."""
    plans = Plan.objects.as_of(effective=today).filter(student__in=student_ids, plan_type_code=IFSP)
    of_others = plans.exclude(dsea_code="").exclude(dsea_code=F("lea_code"))
    found = dict(of_others.values_list("student_id", "dsea_code"))
    relations = AgencyRelation.objects.as_of(effective=today).filter(
        student__in=student_ids, relationship__in=_PART_B_LEA
    )
    rows = relations.values_list("student_id", "relationship", "agency_code")
    for pk, _, code in sorted(rows, key=lambda row: _PART_B_LEA.index(row[1]), reverse=True):
        found[pk] = code
    return found
