"""What is known of students who may arrive at an LEA, gathered for many at once: the same few queries for any number.

No scope: the radar asks for an LEA, and what is shown of an answer is asked for in a scope.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.db.models import Q

from manzanita.arrivals.likes import near_ids_of
from manzanita.domain.arrivals import Evidence
from manzanita.domain.later_start import OUTCOME, WAITS
from manzanita.domain.stays import Enrolled, Stay, stays_at
from manzanita.exchange.models import StateRecord
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.orgs.models import Agency
from manzanita.platform.reach import whole_installation
from manzanita.students.models import Enrollment, Plan, Service, SpecialEducationStatus, Ssid, Student

_STATUS = ("student_id", "lea_code", "status_code", "reason_code", "effective_from", "effective_to")
_PLAN = ("student_id", "lea_code", "plan_type_code", "effective_from", "effective_to")


@dataclass(slots=True)
class _Known:
    """What the queries found of one student."""

    birth_on: date | None = None
    review_due_on: date | None = None
    has_ssid: bool = False
    enrollments: list[Enrolled] = field(default_factory=list)
    statuses: list[Mapping[str, Any]] = field(default_factory=list)
    plans: list[Mapping[str, Any]] = field(default_factory=list)
    services: list[tuple[date, date | None]] = field(default_factory=list)
    meeting_leas: list[str] = field(default_factory=list)
    agreed_later: dict[str, date] = field(default_factory=dict)
    state_status: tuple[date, str] | None = None
    state_plan_on: date | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The newest stay of a student at the LEA, the last day of the one before, and what is known."""

    stay: Stay
    ended_before: date | None
    evidence: Evidence


@whole_installation("what is known of who arrives was recorded by the LEA that the student comes from")
def evidence_of(lea_code: str, student_ids: Collection[int], today: date) -> dict[int, Found]:
    """By student; who has no stay at the LEA that counts is left out."""
    ids = sorted(set(student_ids))
    known = _known(ids)
    agencies = _agencies()
    stays = {pk: stays_at(one.enrollments, lea_code) for pk, one in known.items()}
    found = {}
    for pk, one in known.items():
        if stays[pk]:
            ended = stays[pk][-2].last if len(stays[pk]) > 1 else None
            evidence = _evidence(one, lea_code, stays[pk], today, agencies)
            found[pk] = Found(stays[pk][-1], ended, evidence)
    for pk, near in near_ids_of(lea_code, found).items():
        one = found[pk]
        found[pk] = replace(one, evidence=replace(one.evidence, near=len(near), near_ids=tuple(sorted(near))))
    return found


def _agencies() -> dict[str, tuple[str, str]]:
    """Name and SELPA of each agency by code."""
    return {
        code: (name, selpa) for code, name, selpa in Agency.objects.values_list("code", "name", "selpa_code")
    }


def _known(ids: list[int]) -> dict[int, _Known]:
    students = Student.unscoped.filter(pk__in=ids).values_list("pk", "birth_on", "plan_review_due_on")
    known = {pk: _Known(born, due) for pk, born, due in students}
    for pk in Ssid.objects.believed().filter(student__in=ids).values_list("student_id", flat=True):
        known[pk].has_ssid = True
    columns = ("student_id", "lea_code", "started_on", "effective_to", "status_code", "exit_reason_code")
    for pk, *row in Enrollment.objects.believed().filter(student__in=ids).values_list(*columns):
        known[pk].enrollments.append(Enrolled(*row))
    for row in SpecialEducationStatus.objects.believed().filter(student__in=ids).values(*_STATUS):
        known[row["student_id"]].statuses.append(row)
    for row in Plan.objects.believed().filter(student__in=ids).values(*_PLAN):
        known[row["student_id"]].plans.append(row)
    services = Service.objects.believed().filter(student__in=ids)
    for pk, first, last in services.values_list("student_id", "effective_from", "effective_to"):
        known[pk].services.append((first, last))
    later = Q(state="finalized", outcome_key=OUTCOME, held_on__isnull=False)
    meetings = Meeting.objects.filter(later | Q(state__in=OPEN_STATES), student__in=ids)
    columns = ("student_id", "lea_code", "state", "held_on")
    for pk, lea, state, held_on in meetings.order_by("held_on", "pk").values_list(*columns):
        if state == "finalized":
            known[pk].agreed_later[lea] = held_on
        else:
            known[pk].meeting_leas.append(lea)
    at_state = StateRecord.objects.filter(student_id__in=ids, record__in=["SWDS", "PLAN"])
    for pk, record, key_on, values in at_state.values_list("student_id", "record", "key_on", "values"):
        one = known[pk]
        if record == "PLAN":
            one.state_plan_on = max(filter(None, (one.state_plan_on, key_on)))
        elif one.state_status is None or key_on > one.state_status[0]:
            one.state_status = (key_on, values.get("22.12", ""))
    return known


def _covers(row: Mapping[str, Any], day: date) -> bool:
    return row["effective_from"] <= day and (row["effective_to"] is None or day <= row["effective_to"])


def _newest(rows: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return max(rows, key=lambda row: row["effective_from"], default=None)


def _evidence(
    known: _Known,
    lea_code: str,
    stays: list[Stay],
    today: date,
    agencies: Mapping[str, tuple[str, str]],
) -> Evidence:
    stay = stays[-1]
    day = stay.first
    status = _newest(row for row in known.statuses if _covers(row, day))
    later = _newest(row for row in known.statuses if row["effective_from"] > day)
    plan = _newest(row for row in known.plans if _covers(row, day))
    ours = [
        row
        for row in known.plans
        if row["lea_code"] == lea_code and (row["effective_to"] is None or row["effective_to"] >= day)
    ]
    lapsed = _newest(
        row for row in known.plans if row["effective_to"] is not None and row["effective_to"] < day
    )
    others = [row for row in known.plans if row["lea_code"] != lea_code and row["effective_from"] > day]
    counted_on = day if plan else lapsed["effective_to"] if lapsed else day
    elsewhere = [one for one in known.enrollments if one.counts and one.lea_code != lea_code]
    former = _former(elsewhere, status, plan, lea_code, day)
    still = next(
        (
            one.lea_code
            for one in elsewhere
            if one.status_code == "10" and one.first <= day and (one.last is None or one.last >= day)
        ),
        "",
    )
    own_selpa = agencies.get(lea_code, ("", ""))[1]
    waits = bool(status) and (status["status_code"], status["reason_code"], status["lea_code"]) == (
        *WAITS,
        lea_code,
    )
    state_on, state_code = known.state_status or (None, "")
    return Evidence(
        enrolled_on=day,
        last_day=stay.last,
        has_ssid=known.has_ssid,
        birth_on=known.birth_on,
        participates_here=_takes_part(ours, known, lea_code, stays, today),
        was_served_here=_was_served(known, lea_code, stays[:-1]),
        former_lea=former,
        is_former_known=former in agencies,
        is_same_selpa=bool(own_selpa) and agencies.get(former, ("", ""))[1] == own_selpa,
        still_enrolled_at=agencies.get(still, (still, ""))[0] if still else "",
        status_code=status["status_code"] if status else "",
        status_reason_code=status["reason_code"] if status else "",
        status_lea=agencies.get(status["lea_code"], (status["lea_code"], ""))[0] if status else "",
        status_since=status["effective_from"] if status else None,
        changes_later_on=later["effective_from"]
        if later and (status is None or later["status_code"] != status["status_code"])
        else None,
        plan_lea=plan["lea_code"] if plan else "",
        is_plan_ours=bool(plan) and plan["lea_code"] == lea_code,
        plan_since=plan["effective_from"] if plan else None,
        plan_type_code=plan["plan_type_code"] if plan else "",
        service_count=sum(
            first <= counted_on and (last is None or counted_on <= last) for first, last in known.services
        ),
        later_plan_on=min((row["effective_from"] for row in others), default=None),
        lapsed_on=lapsed["effective_to"] if lapsed and not plan else None,
        agreed_on=known.agreed_later.get(lea_code) if waits else None,
        review_due_on=known.review_due_on,
        open_meeting_at=next(
            (agencies.get(lea, (lea, ""))[0] for lea in known.meeting_leas if lea != lea_code), ""
        ),
        state_status_code=state_code,
        state_status_since=state_on,
        state_plan_on=known.state_plan_on,
    )


def _takes_part(
    ours: list[Mapping[str, Any]], known: _Known, lea_code: str, stays: list[Stay], today: date
) -> bool:
    """Has the LEA stated a plan or a status of its own in this stay? A plan that began in an earlier stay goes on by
    itself only where the stay is the first one."""
    day = stays[-1].first
    stated = [row for row in (*ours, *known.statuses) if row["lea_code"] == lea_code]
    if any(row["effective_from"] >= day for row in stated):
        return True
    return len(stays) == 1 and any(_covers(row, max(day, today)) for row in ours)


def _was_served(known: _Known, lea_code: str, earlier: list[Stay]) -> bool:
    """Did a plan or a status of the LEA itself begin before this stay?"""
    if not earlier:
        return False
    return any(row["lea_code"] == lea_code for row in (*known.plans, *known.statuses))


def _former(
    elsewhere: list[Enrolled],
    status: Mapping[str, Any] | None,
    plan: Mapping[str, Any] | None,
    lea_code: str,
    day: date,
) -> str:
    """Whom to ask: who reports the plan, else where the student was enrolled last, else who reports the status."""
    if plan and plan["lea_code"] != lea_code:
        return str(plan["lea_code"])
    before = [one for one in elsewhere if one.first <= day]
    if before:
        return max(before, key=lambda one: one.first).lea_code
    return str(status["lea_code"]) if status and status["lea_code"] != lea_code else ""
