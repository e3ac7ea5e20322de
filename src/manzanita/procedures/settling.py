"""Records to settle, over all students within reach: who might be meant is asked of the database, who is meant of
``domain.statuses``, so that list, count and status card never say different things."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner
from manzanita.domain.leaving import EXPECTED_BACK
from manzanita.domain.scenarios import PARTICIPATING
from manzanita.domain.statuses import Kind, Unsettled, standing_on
from manzanita.domain.years import since_last_year
from manzanita.leaving.models import Leaving, ParticipationReport
from manzanita.leaving.queries import leavings_that_count, open_reports_of
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.platform import clock
from manzanita.platform.together import read_together
from manzanita.procedures.candidates import candidates_of
from manzanita.procedures.standing import MOST, known_of, unsettled_elsewhere
from manzanita.students.models import Enrollment, Plan, SpecialEducationStatus

_AT_ONCE = 400


@dataclass(frozen=True, slots=True)
class ToSettle:
    """One record to settle, at the LEA ``lea_code``. ``meeting`` is the open one, where it is about one."""

    student_id: int
    lea_code: str
    item: Unsettled
    meeting: Meeting | None = None

    def days(self, today: date) -> int:
        return (today - self.item.since).days


@dataclass(slots=True)
class _Rows:
    enrollments: list[Enrollment] = field(default_factory=list)
    statuses: list[SpecialEducationStatus] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    leavings: list[Leaving] = field(default_factory=list)
    reports: list[ParticipationReport] = field(default_factory=list)


def records_to_settle(
    actor: Actor, keys: Iterable[Any] | None = None, *, only_own: bool = True
) -> list[ToSettle]:
    """Every record to settle of students within reach, the oldest first; at most ``MOST`` and one. Each is named by the
    first of what is to settle of it. Arrivals and returns are those of this and the last school year. With ``keys``
    those of these students, however many, of whom an own fact says so and not another app alone; unless ``only_own`` is
    false, then of whom either does."""
    today, actor = clock.today(), actor.narrowed
    elsewhere = unsettled_elsewhere(actor, None) if keys is None else {}
    if keys is not None and not only_own:
        among = list(keys)
        keys, elsewhere = among, unsettled_elsewhere(actor, among)
    pairs = sorted({*_candidates(actor, keys), *elsewhere})
    found: list[ToSettle] = []
    for start in range(0, len(pairs), _AT_ONCE):
        some = pairs[start : start + _AT_ONCE]
        ids = [pk for pk, _ in some]
        if keys is not None and only_own:
            elsewhere = unsettled_elsewhere(actor, ids)
        rows = _rows_of(ids)
        for pk, lea_code in some:
            one = rows[pk]
            standing = standing_on(
                known_of(
                    one,
                    lea_code,
                    day=today,
                    meetings=one.meetings,
                    leavings=[left for left in one.leavings if left.lea_code == lea_code],
                    reports=[told for told in one.reports if told.lea_code == lea_code],
                    unsettled=[
                        *elsewhere.get((pk, lea_code), ()),
                        *failed_leavings(one.leavings, lea_code, today),
                    ],
                )
            )
            if standing.to_settle:
                item = standing.to_settle[0]
                meeting = next((m for m in one.meetings if m.lea_code == lea_code), None)
                is_about_it = item.kind in (Kind.REFERRAL, Kind.FOLLOW_UP)
                found.append(ToSettle(pk, lea_code, item, meeting if is_about_it else None))
    found.sort(key=lambda one: (one.item.since, one.student_id))
    return found[: MOST + 1] if keys is None else found


def failed_leavings(leavings: Iterable[Leaving], lea_code: str, today: date) -> list[Unsettled]:
    """Planned leavings whose day has come and that could not be carried out."""
    return [
        Unsettled(
            Kind.LEAVING,
            one.leaves_on,
            Owner.COORDINATOR,
            f"Planned for {one.leaves_on:%m/%d/%Y} and not carried out: "
            + " ".join(reason["text"] for reason in one.problem),
        )
        for one in leavings
        if one.lea_code == lea_code and one.state == "planned" and one.problem and one.leaves_on <= today
    ]


def _candidates(actor: Actor, keys: Iterable[Any] | None) -> set[tuple[int, str]]:
    """(student, LEA) of whoever may have something to settle; the pure function decides."""
    return candidates_of(actor, _asked, 4 * MOST, keys)


def _asked(today: date, within: dict[str, Any]) -> list[QuerySet[Any]]:
    now = Enrollment.objects.as_of(effective=today).filter(student=OuterRef("student_id"))
    participating = SpecialEducationStatus.objects.as_of(effective=today).filter(
        student=OuterRef("student_id"), status_code=PARTICIPATING
    )
    plans_elsewhere = (
        Plan.objects.as_of(effective=today)
        .filter(student=OuterRef("student_id"))
        .exclude(lea_code=OuterRef("lea_code"))
    )
    left_before = Leaving.objects.filter(
        state="done",
        student=OuterRef("student_id"),
        lea_code=OuterRef("lea_code"),
        leaves_on__lt=OuterRef("effective_from"),
    )
    three = SpecialEducationStatus.objects.as_of(effective=today).filter(
        student=OuterRef("student_id"), status_code="3", effective_from__lt=OuterRef("effective_from")
    )
    # Of this and the last school year: to ask it of everybody enrolled would take longer than the page of home.
    current = Enrollment.objects.as_of(effective=today).filter(
        effective_from__gte=since_last_year(today), **within
    )
    ended = (
        Enrollment.objects.believed()
        .filter(effective_to__lt=today, effective_to__gte=since_last_year(today), **within)
        .exclude(exit_reason_code__in=EXPECTED_BACK)
    )
    return [
        Meeting.objects.filter(~Exists(participating), state__in=OPEN_STATES, **within),
        ParticipationReport.objects.filter(state="open", **within),
        Leaving.objects.filter(state="planned", leaves_on__lte=today, **within),
        current.filter(Exists(plans_elsewhere)),
        current.filter(Exists(three)),
        current.filter(Exists(left_before)),
        ended.filter(Exists(participating), ~Exists(now.filter(lea_code=OuterRef("lea_code")))),
    ]


def _rows_of(student_ids: Sequence[int]) -> dict[int, _Rows]:
    """What is known of each, of dated facts the columns by which one stands: one query."""
    of, dated = {"student__in": student_ids}, ("student", "lea_code", "effective_from", "effective_to")
    read = {
        "enrollments": Enrollment.objects.believed().filter(**of).only(*dated, "exit_reason_code"),
        "statuses": SpecialEducationStatus.objects.believed()
        .filter(**of)
        .only(*dated, "status_code", "reason_code"),
        "plans": Plan.objects.believed().filter(**of).only(*dated, "plan_type_code"),
        "meetings": Meeting.objects.filter(state__in=OPEN_STATES, **of),
        "leavings": leavings_that_count(*student_ids),
        "reports": open_reports_of(*student_ids),
    }
    read_together(*read.values())
    rows: dict[int, _Rows] = defaultdict(_Rows)
    for name, found in read.items():
        for row in found:
            getattr(rows[row.student_id], name).append(row)
    return rows
