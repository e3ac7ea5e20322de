"""Discipline and behavior: counts of school days (law and forms 1.7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from manzanita.domain.calendars import Calendar
from manzanita.domain.clocks.counting import calendar_days, school_days
from manzanita.domain.clocks.declaration import (
    DAY,
    Clock,
    Days,
    Given,
    InputType,
    Outcome,
    Setting,
    Step,
    remark,
    required,
    step,
)
from manzanita.domain.clocks.laws import education_code, federal
from manzanita.domain.years import year_start

MANIFESTATION_DAYS = 10
INTERIM_DAYS = 45
REMOVAL_DAYS = 10
ALERTS = (5, 8, 10)


@dataclass(frozen=True, slots=True)
class Removals:
    """School days of removal in one school year, in order, and the longest run of them without a school day between."""

    days: tuple[date, ...]
    longest_run: int

    @property
    def is_change_of_placement(self) -> bool:
        """More than 10 school days in a row (34 CFR 300.536(a)(1)); a pattern is judged by people."""
        return self.longest_run > REMOVAL_DAYS

    @property
    def alerts(self) -> tuple[tuple[int, date], ...]:
        """The alerts that were reached, with the day of removal that reached them."""
        return tuple((count, self.days[count - 1]) for count in ALERTS if len(self.days) >= count)


def removals_of(spans: Days, calendar: Calendar) -> Removals:
    """Count the school days in ``spans`` (inclusive) that lie in the school year of the latest of them.

    A school year is that of the calendar, else 1 July to 30 June. Spans may overlap; a day counts once. How half
    days and in-house removals count is the policy of whoever feeds them.
    """
    found = sorted(
        {day for first, last in spans for day in _span(first, last) if calendar.is_school_day(day)}
    )
    if not found:
        return Removals((), 0)
    begin = _school_year_begins(found[-1], calendar)
    days = tuple(day for day in found if begin <= day)
    run = longest = 1
    for before, day in pairwise(days):
        is_next = not any(calendar.is_school_day(one) for one in _span(before + DAY, day - DAY))
        run = run + 1 if is_next else 1
        longest = max(longest, run)
    return Removals(days, longest)


def _school_year_begins(day: date, calendar: Calendar) -> date:
    year = calendar.school_year_ending_from(day)
    return year.first if year is not None and year.first <= day else year_start(day)


def _span(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _removal_days(given: Given, setting: Setting) -> Outcome:
    removals = removals_of(given.days("removed_on"), setting.calendar)
    days = removals.days
    if not days:
        first = given.days("removed_on")[0][0]
        return Outcome(None, (remark(first, "none of the days is a school day"),))
    steps = [
        *_runs(days),
        *(remark(day, f"alert: {count} school days of removal") for count, day in removals.alerts),
    ]
    if removals.is_change_of_placement:
        why = (
            f"{removals.longest_run} school days in a row: a change of placement; manifestation is determined"
        )
        steps.append(remark(days[-1], why))
    if len(days) <= REMOVAL_DAYS:
        left = REMOVAL_DAYS - len(days)
        steps.append(remark(days[-1], f"{len(days)} of 10 school days used, {left} left"))
        return Outcome(None, tuple(steps))
    why = "services are owed from this day on; look for a pattern (34 CFR 300.530(d), 300.536)"
    return Outcome(
        days[REMOVAL_DAYS], (*steps, remark(days[REMOVAL_DAYS], f"11th school day of removal: {why}"))
    )


def _runs(days: tuple[date, ...]) -> list[Step]:
    """One counted step for each run of neighboring days."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == DAY:
            runs[-1].append(day)
        else:
            runs.append([day])
    return [step(run[0], run[-1], True, "school days of removal") for run in runs]


def _manifestation(given: Given, setting: Setting) -> Outcome:
    return school_days(given.day("decision_on"), MANIFESTATION_DAYS, setting)


def _decision_notice(given: Given, setting: Setting) -> Outcome:
    day = given.day("decision_on")
    return Outcome(
        day, (remark(day, "the day of the decision itself, with the notice of procedural safeguards"),)
    )


def _interim(given: Given, setting: Setting) -> Outcome:
    return school_days(given.day("placed_on"), INTERIM_DAYS, setting)


def _emergency_notice(given: Given, setting: Setting) -> Outcome:
    return school_days(given.day("incident_on"), 1, setting)


def _emergency_meeting(given: Given, setting: Setting) -> Outcome:
    return calendar_days(given.day("incident_on"), 2)


_INCIDENT = required("incident_on", "day of the emergency intervention")

CLOCKS = (
    Clock(
        name="removal-days",
        title="School days of removal in the school year",
        counts="The 11th school day of removal, from which services are owed; warnings at 5, 8 and 10. None while "
        "there are at most 10.",
        inputs=(required("removed_on", "school days on which the student was removed", InputType.DAYS),),
        laws=(federal("300.530(b)"), federal("300.536")),
        confidence="seen",
        compute=_removal_days,
        is_task=False,
    ),
    Clock(
        name="manifestation",
        title="Manifestation determination",
        counts="10 school days from the decision to change the placement.",
        inputs=(required("decision_on", "day of the decision to change the placement"),),
        laws=(federal("300.530(e)"),),
        confidence="seen",
        compute=_manifestation,
    ),
    Clock(
        name="decision-notice",
        title="Parent told of a decision to change the placement",
        counts="The day of the decision.",
        inputs=(required("decision_on", "day of the decision to change the placement"),),
        laws=(federal("300.530(h)"),),
        confidence="unverified",
        compute=_decision_notice,
    ),
    Clock(
        name="interim-setting",
        title="End of an interim alternative setting",
        counts="45 school days in the setting (weapons, drugs, serious bodily injury).",
        inputs=(required("placed_on", "day before the first school day in the setting"),),
        laws=(federal("300.530(g)"),),
        confidence="unverified",
        compute=_interim,
        is_task=False,
    ),
    Clock(
        name="emergency-notice",
        title="Parent told of an emergency intervention",
        counts="One school day.",
        inputs=(_INCIDENT,),
        laws=(education_code("56521.1(e)"),),
        confidence="seen",
        compute=_emergency_notice,
    ),
    Clock(
        name="emergency-meeting",
        title="IEP meeting scheduled after an emergency intervention without a behavior plan",
        counts="Two days; the law says when the meeting is scheduled, not when it is held.",
        inputs=(_INCIDENT,),
        laws=(education_code("56521.1(g)"),),
        confidence="seen",
        compute=_emergency_meeting,
    ),
)
