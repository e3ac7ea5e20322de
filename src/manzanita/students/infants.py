"""Infants: whom an LEA serves before any SIS enrolls them (the SQL of ``domain.stays.infant_stays``; a property test
holds the two equal), and which LEA owes each the IEP."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date

from django.db.models import Exists, F, OuterRef, QuerySet, Value

from manzanita.domain.access import Relationship
from manzanita.domain.part_b import Owes, who_owes
from manzanita.domain.scenarios import PARTICIPATING
from manzanita.domain.stays import IFSP, NO_SHOW, SECONDARY
from manzanita.students.models import AgencyRelation, Enrollment, Plan, SpecialEducationStatus
from manzanita.students.transfer_facts import SIS_CAUSE


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
# Lives in the district that enrolls: no relation says that (``domain.residence.HERE``).
_AT_HOME = "at_home"


def part_b_leas(student_ids: Collection[int], today: date) -> dict[int, Owes]:
    """Of children with an IFSP in force the LEA that owes the IEP from the third birthday on, and by which fact
    (``domain.part_b``). Two queries."""
    plans = Plan.objects.as_of(effective=today).filter(student__in=student_ids, plan_type_code=IFSP)
    ifsps = {pk: (lea, dsea) for pk, lea, dsea in plans.values_list("student_id", "lea_code", "dsea_code")}
    stated: dict[int, dict[str, tuple[str, bool]]] = defaultdict(dict)
    for pk, relationship, code, cause in _stated(student_ids, today):
        stated[pk][relationship] = (code, cause.startswith(SIS_CAUSE))
    found = {}
    for pk in {*ifsps, *stated}:
        served_at, dsea = ifsps.get(pk, ("", ""))
        residence, is_of_sis = stated[pk].get(_RESIDENCE) or stated[pk].get(_AT_HOME) or ("", False)
        next_year, _ = stated[pk].get(_NEXT_YEAR, ("", False))
        owes = who_owes(
            served_at=served_at, dsea=dsea, next_year=next_year, residence=residence, is_of_sis=is_of_sis
        )
        if owes is not None:
            found[pk] = owes
    return found


def _stated(student_ids: Collection[int], today: date) -> Iterable[tuple[int, str, str, str]]:
    """Student, relationship, district and cause."""
    relations = AgencyRelation.objects.as_of(effective=today).filter(
        student__in=student_ids, relationship__in=(_NEXT_YEAR, _RESIDENCE)
    )
    at_home = (
        Enrollment.objects.as_of(effective=today)
        .filter(student__in=student_ids, residence_code=F("lea_code"))
        .exclude(status_code=SECONDARY)
        .exclude(exit_reason_code=NO_SHOW)
        .annotate(said=Value(_AT_HOME), by=Value(SIS_CAUSE))
    )
    columns = ("student_id", "said", "lea_code", "by")
    rows = relations.values_list("student_id", "relationship", "agency_code", "cause")
    return at_home.values_list(*columns).union(rows, all=True)
