"""In which group of 16.21, 16.25 and 16.26 a student is on a day. The words for it stand in ``words``.

Called for every student and every month of a trend, so each function does no more than the question needs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType

from manzanita.domain.clocks.early_start import third_birthday_of as _third_birthday_of
from manzanita.domain.clocks.reviews import ANNUAL_YEARS, TRIENNIAL_YEARS
from manzanita.domain.compliance.facts import Meet, StudentFacts
from manzanita.domain.compliance.groups import MEASURES, Group, Judged, Measure
from manzanita.domain.compliance.population import (
    INFANT_EXITS,
    INFANT_GRADES,
    Qualified,
    participates,
    qualify,
)
from manzanita.domain.dates import years_after as _years_after
from manzanita.domain.years import academic_year_of, first_calendar_year, last_day

# A trend asks for the same few thousand days again and again.
years_after = lru_cache(maxsize=20_000)(_years_after)
third_birthday_of = lru_cache(maxsize=20_000)(_third_birthday_of)
CONSENT_DAYS = 60
PART_B, REEVALUATION, IFSP = "10", "40", "150"


class _OnDay:
    """One student on one day. What several measures ask is answered once: a trend asks it a million times."""

    __slots__ = ("_found", "_status", "day", "facts", "leas")

    def __init__(self, facts: StudentFacts, day: date, leas: Collection[str]) -> None:
        self.facts, self.day, self.leas = facts, day, leas
        self._found: Qualified | None = None
        self._status: str | None = None

    def qualified(self) -> Qualified:
        if self._found is None:
            self._found = qualify(self.facts.enrollments, self.day, self.leas)
        return self._found

    def why_not_participating(self) -> str:
        if self._status is None:
            self._status = participates(self.facts.statuses, self.day)
        return self._status


def judge(measure: Measure, facts: StudentFacts, day: date, leas: Collection[str]) -> Judged:
    """Where the student stands in ``measure`` on ``day``, in the report of ``leas``."""
    return _JUDGES[measure](_OnDay(facts, day, leas))


def judge_all(
    measures: Iterable[Measure], facts: StudentFacts, day: date, leas: Collection[str]
) -> list[Judged]:
    """The same for several measures."""
    on_day = _OnDay(facts, day, leas)
    return [_JUDGES[measure](on_day) for measure in measures]


def _plan_review(on_day: _OnDay) -> Judged:
    def meets_it(one: Meet) -> bool:
        return one.is_plan_review

    return _recurring(Measure.PLAN_REVIEW, ANNUAL_YEARS, meets_it, on_day)


def _reevaluation(on_day: _OnDay) -> Judged:
    def meets_it(one: Meet) -> bool:
        return one.evaluation_type_code == REEVALUATION

    return _recurring(Measure.REEVALUATION, TRIENNIAL_YEARS, meets_it, on_day)


def _recurring(
    measure: Measure,
    years: int,
    meets_it: Callable[[Meet], bool],
    on_day: _OnDay,
) -> Judged:
    facts, day = on_day.facts, on_day.day
    found = on_day.qualified()
    why_not = found.why_not or on_day.why_not_participating()
    if why_not or found.enrollment is None:
        return Judged(measure, Group.NOT_COUNTED, why_not, enrollment=found.enrollment)
    lea, school = found.enrollment.lea_code, found.enrollment.school_code
    held = _newest_held([one for one in facts.meets if meets_it(one) or one.is_initial], day)
    last = held[0] if held else None
    pending = _still_to_come([one for one in facts.meets if meets_it(one)], day, last)
    if last is None or last.held_on is None:
        return Judged(
            measure, Group.NO_MEETING, "", lea, school, found.enrollment, pending=pending, doubts=()
        )
    doubts: list[str] = []
    starts_it = meets_it(last)
    if not starts_it:
        doubts.append("initial")
    if measure is Measure.REEVALUATION and _plan_type(facts, day) == IFSP:
        doubts.append("ifsp")
    due_on = years_after(last.held_on, years)
    # The first review after an initial evaluation is measured from it; an initial evaluation itself is late to none.
    before = held[1] if starts_it and len(held) > 1 else None
    is_noncompliant = False
    if day > due_on:
        group = Group.OVERDUE
        is_noncompliant = _is_unexcused(measure, pending)
    elif before is not None and before.held_on and last.held_on > years_after(before.held_on, years):
        group = Group.HELD_LATE
        if not meets_it(before):
            doubts.append("initial")
    else:
        group = Group.ON_TIME
        if _is_past_365(last.held_on, day, years) or (
            before is not None and before.held_on and _is_past_365(before.held_on, last.held_on, years)
        ):
            doubts.append("365")
    return Judged(
        measure,
        group,
        "",
        lea,
        school,
        found.enrollment,
        due_on,
        last,
        before,
        pending,
        is_noncompliant,
        tuple(doubts),
    )


def _initial(on_day: _OnDay) -> Judged:
    measure, facts, day, leas = Measure.INITIAL, on_day.facts, on_day.day, on_day.leas
    initials = [one for one in facts.meets if one.evaluation_type_code == PART_B]
    if not initials:
        return Judged(measure, Group.NOT_COUNTED, "no-initial")
    first, last_consent = consent_window(day)
    consents = {one.consent_on for one in initials if one.consent_on is not None and one.consent_on <= day}
    if not consents:
        why = "no-consent" if any(one.consent_on is None for one in initials) else "consent-later"
        return Judged(measure, Group.NOT_COUNTED, why, last=initials[0])
    consent = max(consents)
    of_it = [one for one in initials if one.consent_on == consent]
    if not first <= consent <= last_consent:
        return Judged(measure, Group.NOT_COUNTED, "consent-outside", last=of_it[0])
    found = on_day.qualified()
    lea, school = "", ""
    if found.enrollment is not None and not found.why_not:
        lea, school = found.enrollment.lea_code, found.enrollment.school_code
    elif found.why_not in ("left", "left-elsewhere", "never-enrolled", "status-of-enrollment"):
        # Enrolled nowhere: counted by the LEA that reported the evaluation.
        lea = next((one.lea_code for one in of_it if one.lea_code in leas), "")
    if not lea:
        return Judged(measure, Group.NOT_COUNTED, found.why_not, enrollment=found.enrollment, last=of_it[0])
    enrollment = found.enrollment if school else None
    held = min((one for one in of_it if _is_held(one, day)), key=_held_day, default=None)
    due_on = consent + timedelta(days=CONSENT_DAYS)
    pending = None if held else _still_to_come(of_it, day, None)
    is_late = (_held_day(held) if held else day) > due_on
    doubts = () if held or any(one.is_reported for one in of_it) else ("unreported",)
    if held:
        group = Group.HELD_LATE if is_late else Group.ON_TIME
    else:
        group = Group.OVERDUE if is_late else Group.PENDING
    return Judged(
        measure,
        group,
        "",
        lea,
        school,
        enrollment,
        due_on,
        held or of_it[0],
        None,
        pending,
        group is Group.OVERDUE and _is_unexcused(measure, pending),
        doubts,
    )


def _c_to_b(on_day: _OnDay) -> Judged:
    measure, facts, day, leas = Measure.C_TO_B, on_day.facts, on_day.day, on_day.leas
    if facts.birth_on is None:
        return Judged(measure, Group.NOT_COUNTED, "no-birth-date")
    third = third_birthday_of(facts.birth_on)
    if academic_year_of(third) != academic_year_of(day):
        return Judged(measure, Group.NOT_COUNTED, "not-three-this-year", due_on=third)
    if not any(one.plan_type_code == IFSP and one.start < third and one.start <= day for one in facts.plans):
        return Judged(measure, Group.NOT_COUNTED, "no-ifsp", due_on=third)
    found = qualify(facts.enrollments, day, leas, INFANT_GRADES, INFANT_EXITS)
    if found.why_not or found.enrollment is None:
        return Judged(measure, Group.NOT_COUNTED, found.why_not, enrollment=found.enrollment, due_on=third)
    initials = [one for one in facts.meets if one.evaluation_type_code == PART_B]
    held = min((one for one in initials if _is_held(one, day)), key=_held_day, default=None)
    pending = None if held else _still_to_come(initials, day, None)
    doubts: tuple[str, ...] = ()
    if held:
        group = Group.ON_TIME if _held_day(held) <= third else Group.HELD_LATE
    elif day > third:
        group = Group.OVERDUE
    else:
        group = Group.NOT_YET
        doubts = ("birthday",) if day == third else ()
    return Judged(
        measure,
        group,
        "",
        found.enrollment.lea_code,
        found.enrollment.school_code,
        found.enrollment,
        third,
        held,
        None,
        pending,
        group is Group.OVERDUE and _is_unexcused(measure, pending),
        doubts,
    )


def consent_window(day: date) -> tuple[date, date]:
    """First and last day of consent that 16.25 looks at on ``day``: 1 May of the last academic year to 30 June."""
    year = academic_year_of(day)
    return date(first_calendar_year(year), 5, 1), last_day(year)


def _is_held(one: Meet, day: date) -> bool:
    return one.is_reported and one.held_on is not None and one.held_on <= day


def _held_day(one: Meet) -> date:
    return one.held_on or date.max


def _newest_held(meets: Sequence[Meet], day: date) -> list[Meet]:
    """The newest two that were held by ``day``; of two records of one day, such as two LEAs may send, one."""
    by_day: dict[date, Meet] = {}
    for one in meets:
        if one.held_on is not None and _is_held(one, day):
            known = by_day.get(one.held_on)
            # Of one day the one that is no initial evaluation says more.
            if known is None or known.is_initial:
                by_day[one.held_on] = one
    return [by_day[key] for key in sorted(by_day, reverse=True)[:2]]


def _still_to_come(meets: Sequence[Meet], day: date, last: Meet | None) -> Meet | None:
    """The record that says the meeting is still to come: one the state has before one that is only open here."""
    after = _held_day(last) if last else date.min
    told = [
        one
        for one in meets
        if one.is_reported and one.held_on is None and one.pending_on and after < one.pending_on <= day
    ]
    if told:
        return max(told, key=lambda one: one.pending_on or date.min)
    return next((one for one in meets if not one.is_reported), None)


def _is_unexcused(measure: Measure, pending: Meet | None) -> bool:
    """A delay code excuses only where the state has it."""
    if pending is None or not pending.is_reported or not pending.delay_code:
        return True
    return pending.delay_code in MEASURES[measure].failing_delays


def _is_past_365(start: date, day: date, years: int) -> bool:
    return (day - start).days > 365 * years


def _plan_type(facts: StudentFacts, day: date) -> str:
    begun = [one for one in facts.plans if one.start <= day]
    return max(begun, key=lambda one: one.start).plan_type_code if begun else ""


_JUDGES: Mapping[Measure, Callable[[_OnDay], Judged]] = MappingProxyType(
    {
        Measure.PLAN_REVIEW: _plan_review,
        Measure.REEVALUATION: _reevaluation,
        Measure.INITIAL: _initial,
        Measure.C_TO_B: _c_to_b,
    }
)
