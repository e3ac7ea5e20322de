"""What is recorded of students, as the clocks ask for it: some at a time, the same few queries for any number."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from django.db.models import Max

from manzanita.accounts.models import RecordRequest
from manzanita.domain.fields import TRANSITION_FIELDS
from manzanita.domain.running_clocks import OpenMeeting, Request, Situation
from manzanita.domain.transition import transition_lacks
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.orgs.models import Agency
from manzanita.platform import clock
from manzanita.students.models import Enrollment, Plan, SpecialEducationStatus, Student

_PRIMARY_FIRST = {"10": 0, "30": 1, "50": 2}
_INDICATORS = tuple(one.attribute for one in TRANSITION_FIELDS)


@dataclass(slots=True)
class _Stay:
    lea_code: str
    school_code: str
    first: date
    last: date | None
    order: int


@dataclass(slots=True)
class _Known:
    """What the queries found of one student."""

    student: tuple[Any, ...]
    status: str = ""
    stays: list[_Stay] = field(default_factory=list)
    plan: Mapping[str, str] | None = None
    meetings: list[Meeting] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)


def situations_of(student_ids: Collection[int], *, today: date | None = None) -> dict[int, Situation]:
    """The situation of each student who exists. No scope: what is shown of it is asked for in a scope."""
    today = today or clock.today()
    ids = sorted(student_ids)
    known = _known(ids, today)
    selpa_of = dict(Agency.objects.exclude(selpa_code="").values_list("code", "selpa_code"))
    found = {pk: _situation(one, today, selpa_of) for pk, one in known.items()}
    arrived = [pk for pk, one in found.items() if one.came_from_elsewhere]
    if arrived:
        held = Meeting.objects.filter(student__in=arrived, state="finalized", held_on__isnull=False)
        rows = held.order_by().values_list("student_id", "lea_code").annotate(newest=Max("held_on"))
        for pk, lea_code, newest in rows:
            if lea_code == found[pk].lea_code:
                found[pk] = replace(found[pk], reviewed_here_on=newest)
    return found


def _known(ids: list[int], today: date) -> dict[int, _Known]:
    students = Student.unscoped.filter(pk__in=ids)
    rows = students.values_list("pk", "birth_on", "last_plan_review_on", "last_evaluation_on")
    known = {row[0]: _Known(row) for row in rows}
    in_force = {"effective": today}
    for pk, status in (
        SpecialEducationStatus.objects.as_of(**in_force)
        .filter(student__in=ids)
        .values_list("student_id", "status_code")
    ):
        known[pk].status = status
    for pk, lea, school, first, last, code in (
        Enrollment.objects.believed()
        .filter(student__in=ids)
        .values_list("student_id", "lea_code", "school_code", "effective_from", "effective_to", "status_code")
    ):
        known[pk].stays.append(_Stay(lea, school, first, last, _PRIMARY_FIRST.get(code, 3)))
    for row in (
        Plan.objects.as_of(**in_force)
        .filter(student__in=ids)
        .values("student_id", "lea_code", "plan_type_code", *_INDICATORS)
    ):
        known[row["student_id"]].plan = row
    for meeting in Meeting.objects.filter(student__in=ids, state__in=OPEN_STATES).order_by("pk"):
        known[meeting.student_id].meetings.append(meeting)
    for pk, student_id, code, at in RecordRequest.objects.filter(
        student_id__in=ids, state="asked"
    ).values_list("pk", "student_id", "agency__code", "asked_at"):
        if student_id in known:
            known[student_id].requests.append(Request(pk, code, clock.day_of(at)))
    return known


def _situation(one: _Known, today: date, selpa_of: Mapping[str, str]) -> Situation:
    _, birth_on, review, evaluation = one.student
    here = min(
        (stay for stay in one.stays if _covers(stay, today)),
        key=lambda stay: (stay.order, -stay.first.toordinal(), stay.lea_code),
        default=None,
    )
    plan = one.plan or {}
    return Situation(
        today=today,
        birth_on=birth_on,
        status_code=one.status,
        lea_code=here.lea_code if here else "",
        school_code=here.school_code if here else "",
        enrolled_on=_enrolled_on(here, one.stays) if here else None,
        plan_type_code=plan.get("plan_type_code", ""),
        has_transition=bool(one.plan) and not transition_lacks(plan),
        came_from_elsewhere=bool(
            here and plan and _is_other_selpa(plan["lea_code"], here.lea_code, selpa_of)
        ),
        last_plan_review_on=review,
        last_evaluation_on=evaluation,
        meetings=tuple(_meeting(row, one.stays, today) for row in one.meetings),
        requests=tuple(one.requests),
    )


def _covers(stay: _Stay, day: date) -> bool:
    return stay.first <= day and (stay.last is None or day <= stay.last)


def _enrolled_on(here: _Stay, stays: list[_Stay]) -> date:
    """The first day at the LEA without a gap: a change of school inside it is no transfer."""
    first = here.first
    for stay in sorted(stays, key=lambda one: one.first, reverse=True):
        is_joined = stay.last is not None and stay.last >= first - timedelta(days=1)
        if stay.lea_code == here.lea_code and stay.first < first and is_joined:
            first = stay.first
    return first


def _is_other_selpa(plan_lea: str, lea: str, selpa_of: Mapping[str, str]) -> bool:
    """Whether the plan in force is of another SELPA. One that the installation does not know is another."""
    if plan_lea in ("", lea):
        return False
    return selpa_of.get(plan_lea) is None or selpa_of.get(plan_lea) != selpa_of.get(lea)


def _meeting(row: Meeting, stays: list[_Stay], today: date) -> OpenMeeting:
    at = min(
        (stay for stay in stays if stay.lea_code == row.lea_code and _covers(stay, today)),
        key=lambda stay: stay.order,
        default=None,
    )
    return OpenMeeting(
        key=row.pk,
        event_key=row.event_key,
        lea_code=row.lea_code,
        school_code=at.school_code if at else "",
        opened_on=clock.day_of(row.opened_at),
        is_plan_review=row.is_plan_review,
        evaluation_type_code=row.evaluation_type_code,
        referred_on=row.referred_on,
        consent_on=row.consent_on,
        held_on=row.held_on if row.state == "held" else None,
    )
