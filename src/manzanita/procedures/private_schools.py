"""Students of private schools within reach: who might be meant is asked of the database, who is meant, and what
contradicts what, of ``domain.private_conflicts``; so list and record page never say different things."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Protocol

from django.db.models import Exists, OuterRef, Q, QuerySet

from manzanita.domain.access import Actor
from manzanita.domain.private_conflicts import Found, conflicts_of
from manzanita.domain.private_schools import (
    ISP,
    LEFT_KEY,
    PRIVATE_GROUP,
    PRIVATE_SETTING,
    How,
    Known,
    PlanInForce,
    Stay,
    how_placed,
)
from manzanita.domain.statuses import standing_on
from manzanita.leaving.models import Leaving
from manzanita.leaving.queries import leavings_that_count
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.orgs.queries import agency_names, school_names
from manzanita.platform import clock
from manzanita.platform.together import read_together
from manzanita.procedures import standing
from manzanita.procedures.candidates import candidates_of
from manzanita.students.models import Enrollment, Plan, Service, SpecialEducationStatus, Student

# A list of more is cut, and says "more than".
MOST = 1500
_AT_ONCE = 500


class Facts(standing.Facts, Protocol):
    """What a placement is found from: the facts of a standing, and the services."""

    @property
    def services(self) -> Sequence[Service]: ...


@dataclass(frozen=True, slots=True)
class Placed:
    """A student of a private school as the LEA ``lea_code`` looks at it, with every conflict. ``meeting`` is the open
    one of that LEA."""

    student_id: int
    lea_code: str
    how: How
    found: Sequence[Found]
    meeting: Meeting | None = None


@dataclass(slots=True)
class _Rows:
    students: list[Student] = field(default_factory=list)
    enrollments: list[Enrollment] = field(default_factory=list)
    statuses: list[SpecialEducationStatus] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    leavings: list[Leaving] = field(default_factory=list)


def known_of(
    facts: Facts,
    lea_code: str,
    *,
    day: date,
    birth_on: date | None,
    names: Mapping[str, str],
    meetings: Iterable[Meeting] = (),
    leavings: Iterable[Leaving] = (),
) -> Known:
    """What ``domain.private_schools`` judges, without a query; ``names`` are those of agencies and schools, by
    code."""
    record = standing.known_of(facts, lea_code, day=day, meetings=meetings, leavings=leavings)
    stands = standing_on(record)
    plan = next((one for one in reversed(facts.plans) if _covers(one, day)), None)
    return Known(
        day=day,
        birth_on=birth_on,
        stays=[
            Stay(
                one.lea_code,
                one.school_code,
                one.status_code,
                one.effective_from,
                names.get(one.school_code, ""),
            )
            for one in facts.enrollments
            if one.lea_code == lea_code and _covers(one, day)
        ],
        plan=None
        if plan is None
        else PlanInForce(
            lea_name=names.get(plan.lea_code, plan.lea_code),
            type_code=plan.plan_type_code,
            reason_code=plan.reason_code,
            setting_code=plan.program_setting_code,
            first=plan.effective_from,
            has_services=any(_covers(one, day) for one in facts.services),
            is_ours=plan.lea_code == lea_code,
        ),
        status_code=stands.status.code if stands.status else "",
        status_since=stands.status.first if stands.status else None,
        left_on=stands.left.on if stands.left and stands.left.reason_key == LEFT_KEY else None,
        is_evaluated=any(one.is_initial for one in record.meetings),
        own_isp_on=max(
            (
                one.effective_from
                for one in facts.plans
                if one.lea_code == lea_code and one.plan_type_code == ISP and one.effective_from <= day
            ),
            default=None,
        ),
    )


def _covers(fact: Enrollment | Plan | Service, day: date) -> bool:
    return fact.effective_from <= day and (fact.effective_to is None or day <= fact.effective_to)


def private_students(actor: Actor) -> list[Placed]:
    """Every student of a private school within reach: those with a conflict first, the oldest conflict before the
    next; at most ``MOST`` and one."""
    today = clock.today()
    pairs = sorted(_candidates(actor))[: MOST + 1]
    placed: list[Placed] = []
    names: dict[str, str] = {}
    for start in range(0, len(pairs), _AT_ONCE):
        some = pairs[start : start + _AT_ONCE]
        rows = _rows_of([pk for pk, _ in some])
        leas = {one.lea_code for of in rows.values() for one in of.plans} - names.keys()
        schools = {one.school_code for of in rows.values() for one in of.enrollments} - names.keys()
        if leas or schools:
            names |= {code: f"LEA {code}" for code in leas} | agency_names(leas) | school_names(schools)
        for pk, lea_code in some:
            one = _seen_by(rows[pk], lea_code, today)
            known = known_of(
                one,
                lea_code,
                day=today,
                birth_on=one.students[0].birth_on,
                names=names,
                meetings=one.meetings,
                leavings=[left for left in one.leavings if left.lea_code == lea_code],
            )
            how = how_placed(known)
            if how is not None:
                meeting = next((m for m in one.meetings if m.lea_code == lea_code), None)
                placed.append(Placed(pk, lea_code, how, conflicts_of(known), meeting))
    return sorted(placed, key=lambda one: (not one.found, _oldest(one), one.student_id))


def _seen_by(one: _Rows, lea_code: str, today: date) -> _Rows:
    """To an LEA at which the student is no longer, only what is its own: the next LEA's plan is not told."""
    if any(stay.lea_code == lea_code and _covers(stay, today) for stay in one.enrollments):
        return one
    return replace(
        one,
        statuses=[row for row in one.statuses if row.lea_code == lea_code],
        plans=[row for row in one.plans if row.lea_code == lea_code],
        services=[row for row in one.services if row.lea_code == lea_code],
    )


def _oldest(one: Placed) -> date:
    return min((found.since for found in one.found), default=date.max)


def _candidates(actor: Actor) -> set[tuple[int, str]]:
    """(student, LEA) of whoever may be meant; the pure function decides. One statement finds them, others ask who is in
    reach."""
    return candidates_of(actor, _asked, 2 * MOST)


def _asked(today: date, within: dict[str, Any]) -> list[QuerySet[Any]]:
    private_plan = Q(plan_type_code=ISP) | Q(program_setting_code=PRIVATE_SETTING)
    plans = Plan.objects.as_of(effective=today).filter(private_plan)
    enrolled = Enrollment.objects.as_of(effective=today).filter(**within)
    return [
        enrolled.filter(school_code=PRIVATE_GROUP),
        enrolled.filter(Exists(plans.filter(student=OuterRef("student_id")))),
        plans.filter(**within),
        Leaving.objects.filter(state="done", reason_key=LEFT_KEY, leaves_on__lte=today, **within),
    ]


_FACT = ("student_id", "lea_code", "effective_from", "effective_to")
_READ = {
    "enrollments": (*_FACT, "school_code", "status_code", "exit_reason_code"),
    "statuses": (*_FACT, "status_code", "reason_code"),
    "plans": (*_FACT, "plan_type_code", "reason_code", "program_setting_code"),
    "services": _FACT,
    "students": ("birth_on",),
}


def _rows_of(student_ids: Sequence[int]) -> dict[int, _Rows]:
    """What is known of each: one query. Of the rows, of which there may be thousands, only what is judged by."""
    of = {"student__in": student_ids}
    read: dict[str, QuerySet[Any]] = {
        "enrollments": Enrollment.objects.believed().filter(**of).order_by("effective_from"),
        "statuses": SpecialEducationStatus.objects.believed().filter(**of).order_by("effective_from"),
        "plans": Plan.objects.believed().filter(**of).order_by("effective_from"),
        "services": Service.objects.as_of(effective=clock.today()).filter(**of),
        "students": Student.objects.scoped().filter(pk__in=student_ids),
    }
    read = {name: rows.only(*_READ[name]) for name, rows in read.items()} | {
        "meetings": Meeting.objects.filter(state__in=OPEN_STATES, **of),
        "leavings": leavings_that_count(*student_ids),
    }
    read_together(*read.values())
    rows: dict[int, _Rows] = defaultdict(_Rows)
    for name, found in read.items():
        for row in found:
            getattr(rows[row.pk if name == "students" else row.student_id], name).append(row)
    return rows
