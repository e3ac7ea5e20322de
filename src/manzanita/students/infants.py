"""Infants: whom an LEA serves before any SIS enrolls them (the SQL of ``domain.stays.infant_stays``; a property test
holds the two equal), and which LEA owes each the IEP."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date

from django.db.models import Exists, OuterRef, QuerySet

from manzanita.domain.access import Relationship
from manzanita.domain.part_b import Owes, who_owes
from manzanita.domain.residence import home_on
from manzanita.domain.scenarios import PARTICIPATING
from manzanita.domain.stays import IFSP, NO_SHOW, SECONDARY
from manzanita.platform.together import read_together
from manzanita.students.models import AgencyRelation, Enrollment, Plan, SpecialEducationStatus
from manzanita.students.residence import is_of_sis, lives_of


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


_NEXT_YEAR, _RESIDENCE = Relationship.NEXT_YEAR.value, Relationship.RESIDENCE.value


def part_b_leas(student_ids: Collection[int], today: date) -> dict[int, Owes]:
    """Of children with an IFSP in force the LEA that owes the IEP from the third birthday on, and by which fact
    (``domain.part_b``). Two queries."""
    plans = Plan.objects.as_of(effective=today).filter(student__in=student_ids, plan_type_code=IFSP)
    ifsps = {pk: (lea, dsea) for pk, lea, dsea in plans.values_list("student_id", "lea_code", "dsea_code")}
    stated = _stated(student_ids, today)
    found = {}
    for pk in {*ifsps, *stated}:
        served_at, dsea = ifsps.get(pk, ("", ""))
        residence, of_sis = stated[pk].get(_RESIDENCE, ("", False))
        next_year, _ = stated[pk].get(_NEXT_YEAR, ("", False))
        owes = who_owes(
            served_at=served_at, dsea=dsea, next_year=next_year, residence=residence, is_of_sis=of_sis
        )
        if owes is not None:
            found[pk] = owes
    return found


def _stated(student_ids: Collection[int], today: date) -> dict[int, dict[str, tuple[str, bool]]]:
    """By student and relationship the district, and whether a SIS says it."""
    relations = AgencyRelation.objects.as_of(effective=today).filter(
        student__in=student_ids, relationship__in=(_NEXT_YEAR, _RESIDENCE)
    )
    enrollments = (
        Enrollment.objects.as_of(effective=today).filter(student__in=student_ids).exclude(residence_code="")
    )
    read_together(relations, enrollments)
    found: dict[int, dict[str, tuple[str, bool]]] = defaultdict(dict)
    enrolled: dict[int, list[Enrollment]] = defaultdict(list)
    for one in enrollments:
        enrolled[one.student_id].append(one)
    for pk, rows in enrolled.items():
        # Lives in the district that enrolls: no relation says that.
        if home := home_on(lives_of(rows), today):
            found[pk][_RESIDENCE] = (home, True)
    for row in relations:
        found[row.student_id][row.relationship] = (row.agency_code, is_of_sis(row))
    return found
