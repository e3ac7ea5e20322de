"""The special groups over all students within reach, and what stands beside each student of a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import add
from types import MappingProxyType

from django.db.models import BooleanField, Case, Exists, F, OuterRef, Q, QuerySet, When

from manzanita.deadlines.models import DueDate
from manzanita.domain.access import Actor
from manzanita.domain.directory_requests import AgreementSaid, agreement_on
from manzanita.domain.part_b import Owes
from manzanita.domain.special_groups import (
    GROUPS,
    Group,
    adults_born_by,
    children_born_after,
    infants_born_by,
)
from manzanita.domain.stays import IFSP
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.meetings.referrals import waiting_referrals
from manzanita.orgs.queries import agency_names
from manzanita.orgs.requests import agreements_by_place
from manzanita.platform import clock
from manzanita.students.infants import part_b_leas
from manzanita.students.listing import ListRow
from manzanita.students.models import (
    Enrollment,
    Plan,
    ScopedQuerySet,
)
from manzanita.students.queries import taking_part
from manzanita.students.scope import here_for, lea_filter

# MEET 24.14: an initial evaluation for Part B.
_INITIAL = "10"


@dataclass(frozen=True, slots=True)
class Beside:
    """What the list of a group knows of one student besides the list row: the due dates of the group's clocks, the
    first clock first, an open meeting, of a child from Part C the final evaluation for Part B and who owes the IEP, the
    agencies by role, and for a nonpublic school its agreement."""

    dues: Sequence[DueDate] = field(default_factory=tuple)
    meeting: Meeting | None = None
    plan: Plan | None = None
    enrollment: Enrollment | None = None
    owes: Owes | None = None
    evaluated: Meeting | None = None
    agreement: AgreementSaid | None = None


def _infants(actor: Actor, today: date) -> Q:
    plans = Plan.objects.as_of(effective=today).filter(plan_type_code=IFSP)
    return Q(birth_on__lte=infants_born_by(today), pk__in=plans.values("student"))


def _preschool(actor: Actor, today: date) -> Q:
    meetings = Meeting.objects.filter(
        state__in=OPEN_STATES, evaluation_type_code=_INITIAL, **lea_filter(actor)
    )
    referred = waiting_referrals().filter(**lea_filter(actor))
    is_meant = Q(pk__in=meetings.values("student")) | Q(pk__in=referred.values("student"))
    return is_meant & Q(birth_on__gt=children_born_after(today))


def _nonpublic(actor: Actor, today: date) -> Q:
    return Q(Exists(_placed(today).filter(student=OuterRef("pk"))))


def _placed(today: date) -> QuerySet[Enrollment]:
    return Enrollment.objects.as_of(effective=today).exclude(nps_code="")


def _accountable_elsewhere(actor: Actor, today: date) -> Q:
    return Q(Exists(_of_others(today).filter(student=OuterRef("pk"))))


def _of_others(today: date) -> QuerySet[Plan]:
    """Plans in force whose DSEA is another than the LEA that reports them, which is the one attended."""
    rows = Plan.objects.as_of(effective=today).exclude(dsea_code="")
    return rows.exclude(dsea_code=F("lea_code"))


def _adults(actor: Actor, today: date) -> Q:
    """Adults are few, and nearly everybody has such a status: it is asked of each of them. Inside a CASE, because the
    database might otherwise gather the statuses of all first."""
    statuses = taking_part(today).filter(student=OuterRef("pk"))
    takes_part = Case(When(Exists(statuses), then=True), default=False, output_field=BooleanField())
    return Q(birth_on__lte=adults_born_by(today)) & Q(takes_part)


_MEANT: Mapping[str, Callable[[Actor, date], Q]] = MappingProxyType(
    {
        "c-to-b": _infants,
        "preschool": _preschool,
        "nps": _nonpublic,
        "dsea": _accountable_elsewhere,
        "adult": _adults,
    }
)
assert set(_MEANT) == set(GROUPS)


def students_of_group(actor: Actor, group: Group) -> ScopedQuerySet:
    """Students within reach who belong to the group today. Whoever has left is the next LEA's: what holds today is not
    told to the former one. They are gathered: to a small agency nearly everybody of a group is a stranger, who would be
    asked for one by one."""
    return here_for(actor).filter(_MEANT[group.key](actor, clock.today()))


def keys_by_group(actor: Actor) -> dict[str, list[int]]:
    """Database keys of ``students_of_group`` of each. One query: to find who is here takes as long as to tell of each
    in which groups, and would be done anew for every count."""
    today, bits = clock.today(), {key: 1 << place for place, key in enumerate(_MEANT)}
    # One number for all groups: each column more of 25,000 rows takes its time.
    told = reduce(
        add, (Case(When(meant(actor, today), then=bits[key]), default=0) for key, meant in _MEANT.items())
    )
    rows = list(here_for(actor).order_by().values_list("pk", told))
    return {key: [pk for pk, groups in rows if groups & bit] for key, bit in bits.items()}


def beside_of(actor: Actor, group: Group, rows: Sequence[ListRow]) -> dict[int, Beside]:
    """By key of the student, for a number of queries that hangs on the group alone."""
    today, ids = clock.today(), [row.student.pk for row in rows]
    dues: dict[int, list[DueDate]] = defaultdict(list)
    found = DueDate.objects.filter(student__in=ids, clock__in=group.clocks, **lea_filter(actor))
    for due in found.select_related("meeting"):
        dues[due.student_id].append(due)
    meetings: dict[int, Meeting] = {}
    if group.key in ("c-to-b", "preschool"):
        opened = Meeting.objects.filter(
            student__in=ids, state__in=OPEN_STATES, evaluation_type_code=_INITIAL, **lea_filter(actor)
        )
        meetings = {one.student_id: one for one in opened}
    plans: dict[int, Plan] = {}
    evaluated: dict[int, Meeting] = {}
    if group.key == "c-to-b":
        ifsps = Plan.objects.as_of(effective=today).filter(student__in=ids, plan_type_code=IFSP)
        plans = {one.student_id: one for one in ifsps}
        final = Meeting.objects.filter(
            student__in=ids, state="finalized", held_on__isnull=False, evaluation_type_code=_INITIAL
        )
        evaluated = {one.student_id: one for one in final.order_by("held_on")}
    elif group.key == "dsea":
        plans = {one.student_id: one for one in _of_others(today).filter(student__in=ids)}
    enrollments: dict[int, Enrollment] = {}
    agreements: Mapping[tuple[str, str], list] = {}
    if group.key == "nps":
        enrollments = {one.student_id: one for one in _placed(today).filter(student__in=ids)}
        agreements = agreements_by_place(
            {one.lea_code for one in enrollments.values()}, {one.nps_code for one in enrollments.values()}
        )
    owes = part_b_leas(ids, today) if group.key == "c-to-b" else {}
    return {
        pk: Beside(
            dues=_one_a_clock(dues[pk], group),
            meeting=meetings.get(pk),
            plan=plans.get(pk),
            enrollment=enrollments.get(pk),
            owes=owes.get(pk),
            evaluated=evaluated.get(pk),
            agreement=_said(enrollments.get(pk), agreements, today),
        )
        for pk in ids
    }


def _one_a_clock(dues: Sequence[DueDate], group: Group) -> list[DueDate]:
    """In the order of the group's clocks. Whoever reads of two LEAs sees that of the LEA that owes the IEP."""
    found = {one.clock: one for one in sorted(dues, key=lambda one: one.about)}
    return sorted(found.values(), key=lambda one: group.clocks.index(one.clock))


def _said(
    placed: Enrollment | None, agreements: Mapping[tuple[str, str], list], today: date
) -> AgreementSaid | None:
    if placed is None:
        return None
    return agreement_on(agreements.get((placed.lea_code, placed.nps_code), []), today)


def names_beside(beside: Mapping[int, Beside]) -> dict[str, str]:
    """Names of every agency that stands beside them; one query."""
    codes = {one.owes.lea_code for one in beside.values() if one.owes}
    codes |= {one.enrollment.nps_code for one in beside.values() if one.enrollment}
    codes |= {code for one in beside.values() if one.plan for code in (one.plan.dsea_code, one.plan.lea_code)}
    return agency_names(codes - {""}) if codes - {""} else {}
