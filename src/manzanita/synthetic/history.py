"""The special education of one random student: meetings, status, plans and services over the years.

Reviews are laid out from the newest back to the first, because what a reader of today sees is how the next due
dates are spread; each earlier meeting is then put within the year before the later one, a few of them too early,
which makes the later one late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from manzanita.synthetic.disabilities import weighted
from manzanita.synthetic.offers import (
    Needs,
    Placement,
    Stage,
    draw_services,
    plan_values,
    reviewed,
    stage_of,
    with_one_change,
)
from manzanita.synthetic.schoolyear import SchoolDays, add_years
from manzanita.synthetic.stays import Schooling, Stay, lea_on
from manzanita.synthetic.students import Meeting, Plan, Service, Status, Student

NEW_PLAN, AMENDMENT, ADOPTION = "1", "2", "3"
ELIGIBLE, NOT_ELIGIBLE = "20", "10"

_LATE_SHARE = 0.05
_OVERDUE_SHARE, _SOON_SHARE = 0.036, 0.145
_SOON_DAYS = 60
_AMENDED_SHARE = 0.1
_DELAYS = {"20": 30, "30": 25, "10": 20, "50": 10, "40": 5, "90": 10}
# Delay codes that a kind of meeting can have; what is two kinds at once can have those of both.
_ANNUAL_DELAYS = ("20", "30", "50", "90")
_EARLY_START_DELAYS = ("20", "90")
_INITIAL_DELAYS = ("10", "20", "40", "50", "90")
_TRIENNIAL_DELAYS = ("10", "20", "30", "50", "90")
_REFERRERS = {"10": 45, "20": 20, "30": 25, "40": 8, "90": 2}


class Kind(StrEnum):
    """What a meeting decides."""

    EARLY_START = "early start"
    INITIAL = "initial"
    ANNUAL = "annual"
    TRIENNIAL = "triennial"


@dataclass(frozen=True, slots=True)
class Held:
    """A meeting on a school day."""

    on: date
    kind: Kind

    @property
    def is_evaluation(self) -> bool:
        return self.kind is not Kind.ANNUAL


def newest_review(rng: Random, days: SchoolDays, as_of: date) -> date:
    """The day of a review such that the next one is overdue, due soon, or due later, in the usual shares."""
    draw = rng.random()
    if draw < _OVERDUE_SHARE:
        due = (as_of - timedelta(days=70), as_of - timedelta(days=1))
    elif draw < _OVERDUE_SHARE + _SOON_SHARE:
        due = (as_of, as_of + timedelta(days=_SOON_DAYS))
    else:
        due = (as_of + timedelta(days=_SOON_DAYS + 1), add_years(as_of, 1) - timedelta(days=4))
    return random_day(rng, days, add_years(due[0], -1), add_years(due[1], -1))


def random_day(rng: Random, days: SchoolDays, first: date, last: date) -> date:
    """A school day from ``first`` to ``last``; the next one where there is none."""
    positions = days.within(first, last)
    return days.days[rng.choice(positions)] if positions else days.on_or_after(first)


def backward(rng: Random, days: SchoolDays, newest: date, found_on: date, oldest: date) -> list[Held]:
    """Meetings up to ``newest``, ascending, none before ``oldest``.

    The first is the initial one where the student was found after ``oldest``; else earlier ones lie before the
    files begin.
    """
    chain = [max(newest, days.on_or_after(found_on))]
    while True:
        earlier = _meeting_before(rng, days, chain[-1])
        if found_on >= oldest and earlier < found_on:
            initial = days.on_or_after(found_on)
            if initial < chain[-1] - timedelta(days=20):
                chain.append(initial)
            return _with_kinds(chain[::-1], evaluated=0, first=Kind.INITIAL)
        if earlier < oldest:
            return _with_kinds(chain[::-1], evaluated=rng.randrange(3), first=Kind.ANNUAL)
        chain.append(earlier)


def _meeting_before(rng: Random, days: SchoolDays, later: date) -> date:
    """The meeting before ``later``: within the year before it, or too early."""
    year_before = add_years(later, -1)
    if rng.random() < _LATE_SHARE:
        return days.on_or_before(year_before - timedelta(days=rng.randint(2, 40)))
    earlier = days.on_or_before(year_before + timedelta(days=rng.randint(0, 22)))
    while add_years(earlier, 1) < later:
        earlier = days.on_or_after(earlier + timedelta(days=1))
    return earlier


def forward(rng: Random, days: SchoolDays, first: Held, until: date) -> list[Held]:
    """Meetings from ``first`` on, each on time, none after ``until``."""
    chain = [first.on]
    while True:
        following = days.on_or_before(add_years(chain[-1], 1) - timedelta(days=rng.randint(0, 22)))
        if following > until or following <= chain[-1]:
            return _with_kinds(chain, evaluated=0, first=first.kind)
        chain.append(following)


def _with_kinds(chain: Sequence[date], *, evaluated: int, first: Kind) -> list[Held]:
    """Every third meeting from position ``evaluated`` on is an evaluation."""
    held = []
    for position, on in enumerate(chain):
        if position == 0 and first is not Kind.ANNUAL:
            held.append(Held(on, first))
            continue
        is_evaluation = first is not Kind.EARLY_START and (position - evaluated) % 3 == 0
        held.append(Held(on, Kind.TRIENNIAL if is_evaluation else Kind.ANNUAL))
    return held


def _is_after(on: date, before: date | None, *, years: int) -> bool:
    return before is not None and on > add_years(before, years)


@dataclass(slots=True)
class Chronicle:
    """Writes a student's meetings and plans in order; ``stays`` say who reports each of them."""

    rng: Random
    days: SchoolDays
    as_of: date
    student: Student
    schooling: Schooling
    needs: Needs
    stays: Sequence[Stay]
    services: tuple[Service, ...] = ()
    stage: Stage | None = None

    def hold(self, held: Sequence[Held], *, outcome: str = ELIGIBLE) -> None:
        """Write MEET lines; ``outcome`` is that of the last evaluation among them, the others found eligible."""
        reviewed_on: date | None = None
        evaluated_on: date | None = None
        for number, meeting in enumerate(held, start=1):
            is_late = _is_after(meeting.on, reviewed_on, years=1) or (
                meeting.is_evaluation and _is_after(meeting.on, evaluated_on, years=3)
            )
            self._write_meeting(meeting, outcome if number == len(held) else ELIGIBLE, is_late=is_late)
            reviewed_on = meeting.on
            if meeting.is_evaluation:
                evaluated_on = meeting.on

    def _write_meeting(self, meeting: Held, outcome: str, *, is_late: bool) -> None:
        is_first = meeting.kind in (Kind.INITIAL, Kind.EARLY_START)
        evaluation = {Kind.INITIAL: "10", Kind.EARLY_START: "15", Kind.TRIENNIAL: "40"}.get(meeting.kind, "")
        consent = referred = None
        if is_first:
            # Sixty days from consent to the meeting; an initial one that ends an IFSP reviews it in time.
            is_late = is_late or self.rng.random() < _LATE_SHARE
            waited = self.rng.randint(66, 90) if is_late else self.rng.randint(25, 58)
            if meeting.kind is Kind.EARLY_START and not is_late:
                # The first IFSP meeting comes within 45 days of the referral.
                waited //= 2
            consent = meeting.on - timedelta(days=waited)
            referred = consent - timedelta(days=self.rng.randint(5, 15))
        self.student.meetings.append(
            Meeting(
                lea=self._meeting_lea(meeting),
                on=meeting.on,
                evaluation=evaluation,
                outcome=outcome if meeting.is_evaluation else "",
                is_review=not is_first or self._ends_early_start(meeting),
                delay=weighted(self.rng, self._delays(meeting)) if is_late else "",
                referred_on=referred,
                referred_by=weighted(self.rng, _REFERRERS) if is_first else "",
                consent_on=consent,
            )
        )

    def _delays(self, meeting: Held) -> dict[str, float]:
        allowed = {
            Kind.EARLY_START: _EARLY_START_DELAYS,
            Kind.INITIAL: _INITIAL_DELAYS,
            Kind.ANNUAL: _ANNUAL_DELAYS,
            Kind.TRIENNIAL: _TRIENNIAL_DELAYS,
        }[meeting.kind]
        return {code: share for code, share in _DELAYS.items() if code in allowed}

    def plan_after(self, meeting: date) -> date:
        """When the offer of a meeting is agreed to: mostly the same day, never at another LEA."""
        if self.rng.random() < 0.75:
            return meeting
        agreed = self.days.on_or_after(meeting + timedelta(days=self.rng.randint(1, 6)))
        is_here = agreed <= self.as_of and lea_on(self.stays, agreed) == lea_on(self.stays, meeting)
        return agreed if is_here and self._is_enrolled(agreed) else meeting

    def write_plan(self, on: date, reason: str, *, lea: str = "") -> None:
        """A PLAN with its services; the second one of a day, or one before birth, is left out."""
        if any(plan.on == on for plan in self.student.plans):
            return
        stage = self._stage(on)
        is_same = stage is self.stage and self.student.plans
        if not is_same:
            self.services = draw_services(self.rng, self.needs, stage)
            values = plan_values(self.rng, self.needs, stage, self.student.birth, on)
        elif reason == NEW_PLAN:
            self.services = reviewed(self.rng, self.services)
            values = plan_values(self.rng, self.needs, stage, self.student.birth, on)
        else:
            values = dict(self.student.plans[-1].values)
            if reason == AMENDMENT:
                self.services = with_one_change(self.rng, self.services)
        self.stage = stage
        lea = lea or self._lea(on)
        is_county = self.needs.placement is Placement.COUNTY_PROGRAM or stage is Stage.INFANT
        self.student.plans.append(
            Plan(lea, self.schooling.home if is_county else lea, on, reason, values, self.services)
        )

    def amend_some(self, until: date) -> None:
        """Amendments between plans, ten of a hundred plans; before ``until``."""
        plans = self.student.plans
        for plan, following in list(zip(plans, [*(p.on for p in plans[1:]), until], strict=True)):
            first, last = plan.on + timedelta(days=30), following - timedelta(days=20)
            if first >= last or self.rng.random() >= _AMENDED_SHARE:
                continue
            on = random_day(self.rng, self.days, first, last)
            if on > last or self._lea(on) != plan.lea or not self._is_enrolled(on):
                continue
            # An amendment says again what the plan says; in the next stage that would be too little.
            if self._stage(on) is not self._stage(plan.on):
                continue
            position = plans.index(plan) + 1
            plans.insert(
                position,
                Plan(
                    plan.lea, plan.dsea, on, AMENDMENT, plan.values, with_one_change(self.rng, plan.services)
                ),
            )

    def school_age_on(self) -> date | None:
        """The first day of an enrollment in which the settings of preschool no longer fit; ``None`` before it."""
        return next(
            (
                enrollment.start
                for enrollment in self.student.enrollments
                if stage_of(self.student.birth, enrollment.grade, enrollment.start)
                in (Stage.SCHOOL, Stage.TRANSITION)
            ),
            None,
        )

    def say_status(self, on: date, code: str, reason: str = "", initial_entry: date | None = None) -> None:
        self.student.statuses.append(Status(self._lea(on), on, code, reason, initial_entry))

    def _ends_early_start(self, meeting: Held) -> bool:
        return meeting.kind is Kind.INITIAL and bool(self.student.meetings)

    def _meeting_lea(self, meeting: Held) -> str:
        # The district holds the initial meeting of a child who is still in the county's infant program.
        return self.schooling.home if self._ends_early_start(meeting) else self._lea(meeting.on)

    def _lea(self, on: date) -> str:
        return lea_on(self.stays, on)

    def _stage(self, on: date) -> Stage:
        return stage_of(self.student.birth, self._grade(on), on)

    def _is_enrolled(self, on: date) -> bool:
        return any(stay.covers(on) for stay in self.stays)

    def _grade(self, on: date) -> str:
        return next(
            (e.grade for e in reversed(self.student.enrollments) if e.start <= on),
            self.student.enrollments[0].grade,
        )
