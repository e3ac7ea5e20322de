"""What a birthday sets: transition plan, age of majority, last day of eligibility (law and forms 1.6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import NamedTuple

from manzanita.domain.clocks.counting import months, straight
from manzanita.domain.clocks.declaration import (
    DAY,
    Clock,
    ClockError,
    Given,
    Input,
    InputType,
    Outcome,
    Setting,
    remark,
    required,
    step,
)
from manzanita.domain.clocks.laws import education_code, federal
from manzanita.domain.dates import years_after

TRANSITION_YEARS = 16
MAJORITY_YEARS = 18
LAST_YEARS = 22
_YEAR = 12


def majority_on(born: date) -> date:
    """The 18th birthday, the first day on which the student decides."""
    return years_after(born, MAJORITY_YEARS)


def majority_told_on(born: date) -> date:
    """The 17th birthday: by then student and parent are told that the rights pass over."""
    return years_after(born, MAJORITY_YEARS - 1)


def _transition_plan(given: Given, setting: Setting) -> Outcome:
    found = _birthday(given, TRANSITION_YEARS)
    ends, high_school = given.day_or_none("plan_ends_on"), given.day_or_none("high_school_on")
    remarks = []
    if ends is not None:
        is_in = found.due_on is not None and found.due_on <= ends
        remarks.append(
            remark(ends, f"the plan that ends here {'needs' if is_in else 'does not need'} a transition plan")
        )
    if high_school is not None:
        why = (
            "high school begins: the team records whether a transition plan is appropriate, and why (AB 438)"
        )
        remarks.append(remark(high_school, why))
    return replace(found, steps=(*found.steps, *remarks))


def _majority_notice(given: Given, setting: Setting) -> Outcome:
    return _birthday(given, MAJORITY_YEARS - 1)


def _majority(given: Given, setting: Setting) -> Outcome:
    return _birthday(given, MAJORITY_YEARS)


def _birthday(given: Given, years: int) -> Outcome:
    return months(given.day("birth_on"), years * _YEAR, f"the {years}th birthday, {years} years")


class _LastDay(NamedTuple):
    on: date
    why: str


def _maximum_age(given: Given, setting: Setting) -> Outcome:
    born = given.day("birth_on")
    birthday = years_after(born, LAST_YEARS)
    last = _last_day(birthday, given)
    if last.on < birthday:
        return Outcome(last.on, straight(born, last.on, f"22 on {birthday}: {last.why}"))
    return Outcome(
        last.on,
        (
            *straight(born, birthday, f"to the 22nd birthday, {birthday}"),
            *((step(birthday + DAY, last.on, False, last.why),) if last.on > birthday else ()),
        ),
    )


def _last_day(birthday: date, given: Given) -> _LastDay:
    """The last day in the program, by the quarter of the 22nd birthday (Education Code 56026(c)(4))."""
    june = date(birthday.year, 6, 30)
    if birthday.month <= 6:
        if later := _later(given, "esy_ends_on", june, date(birthday.year, 9, 30)):
            return _LastDay(later, "may finish the fiscal year and its extended school year")
        return _LastDay(june, "may finish the fiscal year")
    if birthday.month <= 9:
        if later := _later(given, "term_ends_on", june, date(birthday.year, 12, 31)):
            return _LastDay(later, "a year-round term that began before July 1 may be finished")
        return _LastDay(june, "a fiscal year in whose first quarter the birthday lies is not begun")
    if given.is_so("finishes_in_june"):
        return _LastDay(date(birthday.year + 1, 6, 30), "the IEP is finished at the end of the fiscal year")
    return _LastDay(date(birthday.year, 12, 31), "out on December 31 of the year of the birthday")


def _later(given: Given, name: str, after: date, until: date) -> date | None:
    """The day given, if any. Raises :class:`ClockError` where it cannot be meant for this birthday."""
    day = given.day_or_none(name)
    if day is not None and not after < day <= until:
        raise ClockError(
            f"{name}: {day} is not after {after} and until {until}: correct it, or leave it out."
        )
    return day


_BIRTH = required("birth_on", "date of birth")

CLOCKS = (
    Clock(
        name="transition-plan",
        title="Transition plan in the IEP",
        counts="The 16th birthday: in the first IEP in effect then, at the latest.",
        inputs=(
            _BIRTH,
            Input(
                "plan_ends_on",
                "last day of the plan that is written; says whether it needs a transition plan",
            ),
            Input("high_school_on", "first day of high school; from then on the team decides and says why"),
        ),
        laws=(education_code("56345(a)(8)"), education_code("56043"), federal("300.320(b)")),
        confidence="seen",
        compute=_transition_plan,
    ),
    Clock(
        name="majority-notice",
        title="Student and parent told of the age of majority",
        counts="The 17th birthday.",
        inputs=(_BIRTH,),
        laws=(education_code("56041.5"), federal("300.320(c)")),
        confidence="inferred",
        compute=_majority_notice,
    ),
    Clock(
        name="age-of-majority",
        title="Rights pass to the student",
        counts="The 18th birthday, unless a court named a conservator.",
        inputs=(_BIRTH,),
        laws=(education_code("56041.5"), federal("300.520")),
        confidence="inferred",
        compute=_majority,
        is_task=False,
    ),
    Clock(
        name="maximum-age",
        title="Last day in special education by age",
        counts="By the quarter of the 22nd birthday: January to June, June 30 of that year; July to September, the "
        "June 30 before; October to December, December 31.",
        inputs=(
            _BIRTH,
            Input("esy_ends_on", "last day of the extended school year (birthday January to June)"),
            Input(
                "term_ends_on",
                "last day of the year-round term under way on July 1 (birthday July to September)",
            ),
            Input(
                "finishes_in_june",
                "the IEP would be finished at the end of the fiscal year (birthday October to December)",
                InputType.FLAG,
            ),
        ),
        laws=(education_code("56026(c)(4)"),),
        confidence="seen",
        compute=_maximum_age,
        is_task=False,
    ),
)
