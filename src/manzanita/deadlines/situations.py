"""What is recorded of students, as the clocks ask for it: some at a time, the same few queries for any number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from django.db.models import Max

from manzanita.accounts.models import RecordRequest
from manzanita.domain.fields import TRANSITION_FIELDS
from manzanita.domain.leaving import is_gone
from manzanita.domain.referrals import waits_for
from manzanita.domain.scenarios import ADOPTED, PARTICIPATING
from manzanita.domain.situation import OpenMeeting, Referred, Request, Situation
from manzanita.domain.stays import Enrolled, Reported, enrollment_start, infant_stays, rank
from manzanita.domain.transition import transition_lacks
from manzanita.leaving.models import Leaving
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.meetings.referrals import waiting_referrals
from manzanita.orgs.models import Agency
from manzanita.platform import clock
from manzanita.students.infants import part_b_leas
from manzanita.students.models import Enrollment, Plan, Referral, SpecialEducationStatus, Student

# PLAN 23.13: a plan amended.
_AMENDED = "2"
_LONGEST_ADOPTED = timedelta(days=366)
# MEET 24.14: an initial evaluation for Part B.
_INITIAL = "10"

_ENROLLMENT_CODES = ("status_code", "exit_reason_code")
_PLAN = ("student_id", "lea_code", "effective_from", "effective_to", "plan_type_code")
_INDICATORS = tuple(one.attribute for one in TRANSITION_FIELDS)


@dataclass(slots=True)
class _Enrollment:
    lea_code: str
    school_code: str
    first: date
    last: date | None
    status_code: str
    exit_code: str

    @property
    def order(self) -> int:
        return rank(self.status_code)

    def as_enrolled(self) -> Enrolled:
        return Enrolled(self.lea_code, self.first, self.last, self.status_code, self.exit_code)


@dataclass(slots=True)
class _Known:
    """What the queries found of one student."""

    student: tuple[Any, ...]
    status: Reported | None = None
    enrollments: list[_Enrollment] = field(default_factory=list)
    plan: Mapping[str, Any] | None = None
    left: list[tuple[str, str, date]] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    referrals: list[Referral] = field(default_factory=list)


def situations_of(student_ids: Collection[int], *, today: date | None = None) -> dict[int, Situation]:
    """The situation of each student who exists. No scope: what is shown of it is asked for in a scope."""
    today = today or clock.today()
    ids = sorted(student_ids)
    known = _known(ids, today)
    selpa_of = dict(Agency.objects.exclude(selpa_code="").values_list("code", "selpa_code"))
    found = {pk: _situation(one, today, selpa_of) for pk, one in known.items()}
    _tell_adopted(found, known, selpa_of)
    arrived = [pk for pk, one in found.items() if one.came_from_elsewhere]
    if arrived:
        held = Meeting.objects.filter(student__in=arrived, state="finalized", held_on__isnull=False)
        rows = held.order_by().values_list("student_id", "lea_code").annotate(newest=Max("held_on"))
        for pk, lea_code, newest in rows:
            if lea_code == found[pk].lea_code:
                found[pk] = replace(found[pk], reviewed_here_on=newest)
    _tell_part_b(found, today)
    return found


def _tell_adopted(
    found: dict[int, Situation], known: Mapping[int, _Known], selpa_of: Mapping[str, str]
) -> None:
    """Whose plan of another SELPA was adopted here, and not made anew since: the 30 days go on (EC 56325(a)(1)). Asked
    of those alone who came within a year, since a review of this LEA comes by then. No query where nobody did."""
    lately = {
        pk: one
        for pk, one in found.items()
        if one.enrolled_on is not None
        and one.today - one.enrolled_on <= _LONGEST_ADOPTED
        and (plan := known[pk].plan) is not None
        and plan["lea_code"] == one.lea_code
        and plan["reason_code"] in (ADOPTED, _AMENDED)
    }
    if not lately:
        return
    plans: dict[int, list[tuple[str, str, date]]] = defaultdict(list)
    rows = Plan.objects.believed().filter(student__in=lately).order_by("effective_from")
    for pk, *plan in rows.values_list("student_id", "lea_code", "reason_code", "effective_from"):
        plans[pk].append(tuple(plan))
    for pk, one in lately.items():
        assert one.enrolled_on is not None
        theirs = [lea for lea, _, on in plans[pk] if on < one.enrolled_on]
        ours = [why for lea, why, on in plans[pk] if on >= one.enrolled_on and lea == one.lea_code]
        is_kept = bool(ours) and ours[0] == ADOPTED and set(ours) <= {ADOPTED, _AMENDED}
        if is_kept and theirs and _is_other_selpa(theirs[-1], one.lea_code, selpa_of):
            found[pk] = replace(one, came_from_elsewhere=True)


def _tell_part_b(found: dict[int, Situation], today: date) -> None:
    """Of children with an IFSP: who owes the IEP, and whether its evaluation is final. No query where there is none."""
    infants = [pk for pk, one in found.items() if one.has_ifsp]
    if not infants:
        return
    owed_by = {pk: one.lea_code for pk, one in part_b_leas(infants, today).items()}
    evaluated = Meeting.objects.filter(
        student__in=infants, state="finalized", held_on__isnull=False, evaluation_type_code=_INITIAL
    )
    done = set(evaluated.values_list("student_id", flat=True))
    for pk in infants:
        found[pk] = replace(found[pk], part_b_lea=owed_by.get(pk, ""), is_part_b_evaluated=pk in done)


def _known(ids: list[int], today: date) -> dict[int, _Known]:
    students = Student.unscoped.filter(pk__in=ids)
    rows = students.values_list("pk", "birth_on", "last_plan_review_on", "last_evaluation_on")
    known = {row[0]: _Known(row) for row in rows}
    in_force = {"effective": today}
    for pk, *values in (
        SpecialEducationStatus.objects.as_of(**in_force)
        .filter(student__in=ids)
        .values_list("student_id", "lea_code", "effective_from", "effective_to", "status_code")
    ):
        known[pk].status = Reported(*values)
    for pk, *values in (
        Enrollment.objects.believed()
        .filter(student__in=ids)
        .values_list(
            "student_id", "lea_code", "school_code", "effective_from", "effective_to", *_ENROLLMENT_CODES
        )
    ):
        known[pk].enrollments.append(_Enrollment(*values))
    plans = Plan.objects.as_of(**in_force).filter(student__in=ids)
    for row in plans.values(*_PLAN, "reason_code", *_INDICATORS):
        known[row["student_id"]].plan = row
    for pk, *left in Leaving.objects.filter(student__in=ids, state="done").values_list(
        "student_id", "lea_code", "reason_key", "leaves_on"
    ):
        known[pk].left.append(tuple(left))
    for meeting in Meeting.objects.filter(student__in=ids, state__in=OPEN_STATES).order_by("pk"):
        known[meeting.student_id].meetings.append(meeting)
    for referral in waiting_referrals().filter(student__in=ids).order_by("lea_code", "effective_from"):
        known[referral.student_id].referrals.append(referral)
    for pk, student_id, code, at in RecordRequest.objects.filter(
        student_id__in=ids, state="asked"
    ).values_list("pk", "student_id", "agency__code", "asked_at"):
        if student_id in known:
            known[student_id].requests.append(Request(pk, code, clock.day_of(at)))
    return known


def _situation(one: _Known, today: date, selpa_of: Mapping[str, str]) -> Situation:
    _, birth_on, review, evaluation = one.student
    infant_at = _infant_at(one, today)
    here = min(
        (
            row
            for row in one.enrollments
            if not infant_at and _covers(row, today) and not _has_left(one, row, today)
        ),
        key=lambda row: (row.order, -row.first.toordinal(), row.lea_code),
        default=None,
    )
    plan = one.plan or {}
    return Situation(
        today=today,
        birth_on=birth_on,
        status_code=one.status.code if one.status else "",
        lea_code=here.lea_code if here else infant_at,
        school_code=here.school_code if here else "",
        enrolled_on=_enrolled_on(here, one.enrollments, today) if here else None,
        is_infant_stay=bool(infant_at),
        plan_type_code=plan.get("plan_type_code", ""),
        has_transition=bool(one.plan) and not transition_lacks(plan),
        came_from_elsewhere=bool(
            here and plan and _is_other_selpa(plan["lea_code"], here.lea_code, selpa_of)
        ),
        last_plan_review_on=review,
        last_evaluation_on=evaluation,
        meetings=tuple(_meeting(row, one.enrollments, today) for row in one.meetings),
        requests=tuple(one.requests),
        referrals=tuple(_referred(row, one.enrollments, today) for row in one.referrals),
    )


def _referred(row: Referral, enrollments: list[_Enrollment], today: date) -> Referred:
    return Referred(
        row.lea_code,
        _school_at(row.lea_code, enrollments, today),
        row.effective_from,
        waits_for(row.plan_given_on, row.answer_code),
    )


def _school_at(lea_code: str, enrollments: list[_Enrollment], today: date) -> str:
    """The school of the day in an LEA; empty text where the student is at none."""
    here = (one for one in enrollments if one.lea_code == lea_code and _covers(one, today))
    at = min(here, key=lambda one: one.order, default=None)
    return at.school_code if at else ""


def _infant_at(one: _Known, today: date) -> str:
    """The LEA that serves an infant whom no SIS has enrolled; empty text for anybody else."""
    if one.status is None or one.plan is None:
        return ""
    lea_code, first, last, code = (one.plan[name] for name in _PLAN[1:])
    enrolled = (row.as_enrolled() for row in one.enrollments)
    stays = infant_stays(enrolled, [one.status], [Reported(lea_code, first, last, code)])
    return next((stay.lea_code for stay in stays if stay.covers(today)), "")


def _covers(row: _Enrollment, day: date) -> bool:
    return row.first <= day and (row.last is None or day <= row.last)


def _has_left(one: _Known, row: _Enrollment, day: date) -> bool:
    """Whether the student has left this stay by our own record, though the SIS has not ended it: no date is owed of
    who is gone. Who takes part again since is here."""
    again = one.status is not None and (one.status.lea_code, one.status.code) == (row.lea_code, PARTICIPATING)
    return any(
        lea == row.lea_code
        and row.first <= leaves_on
        and is_gone(why, leaves_on, day)
        and not (again and one.status is not None and one.status.first > leaves_on)
        for lea, why, leaves_on in one.left
    )


def _enrolled_on(here: _Enrollment, enrollments: list[_Enrollment], today: date) -> date:
    """The first day of the stay in the LEA, as everywhere (``domain.stays``); of whoever is there only beside another
    enrollment, that of this one."""
    return enrollment_start((row.as_enrolled() for row in enrollments), here.lea_code, today) or here.first


def _is_other_selpa(plan_lea: str, lea: str, selpa_of: Mapping[str, str]) -> bool:
    """Whether the plan in force is of another SELPA. One that the installation does not know is another."""
    if plan_lea in ("", lea):
        return False
    return selpa_of.get(plan_lea) is None or selpa_of.get(plan_lea) != selpa_of.get(lea)


def _meeting(row: Meeting, enrollments: list[_Enrollment], today: date) -> OpenMeeting:
    return OpenMeeting(
        key=row.pk,
        event_key=row.event_key,
        lea_code=row.lea_code,
        school_code=_school_at(row.lea_code, enrollments, today),
        opened_on=clock.day_of(row.opened_at),
        is_plan_review=row.is_plan_review,
        evaluation_type_code=row.evaluation_type_code,
        referred_on=row.referred_on,
        consent_on=row.consent_on,
        held_on=row.held_on if row.state == "held" else None,
    )
