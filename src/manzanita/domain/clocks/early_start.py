"""Early Start (Part C) and the way into preschool (law and forms 1.5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from manzanita.domain.clocks.counting import calendar_days, months, straight, tolled_days
from manzanita.domain.clocks.declaration import (
    Clock,
    ClockError,
    Given,
    Input,
    Outcome,
    Setting,
    remark,
    required,
)
from manzanita.domain.clocks.evaluation import CONSENT_DAYS
from manzanita.domain.clocks.laws import california_regulation, education_code, federal, government_code
from manzanita.domain.dates import months_after, years_after

IFSP_DAYS = 45
PART_C_YEARS = 3
WINDOW_OPENS_MONTHS = 27
_WINDOW_CLOSES_DAYS = 90


def third_birthday_of(born: date) -> date:
    return years_after(born, PART_C_YEARS)


def _ifsp(given: Given, setting: Setting) -> Outcome:
    found = calendar_days(given.day("referral_on"), IFSP_DAYS)
    return replace(found, state_due_on=found.due_on)


def _ifsp_review(given: Given, setting: Setting) -> Outcome:
    return months(given.day("last_ifsp_on"), 6, "six months")


def _ifsp_annual(given: Given, setting: Setting) -> Outcome:
    return months(given.day("last_ifsp_on"), 12, "one year")


def _transition_notice(given: Given, setting: Setting) -> Outcome:
    born = given.day("birth_on")
    due = months_after(third_birthday_of(born), -6)
    return Outcome(
        due, straight(born, due, f"six months before the third birthday, {third_birthday_of(born)}")
    )


def _conference(given: Given, setting: Setting) -> Outcome:
    born = given.day("birth_on")
    opens, third = months_after(born, WINDOW_OPENS_MONTHS), third_birthday_of(born)
    due = third - timedelta(days=_WINDOW_CLOSES_DAYS)
    return Outcome(
        due,
        (
            *straight(born, due, f"{_WINDOW_CLOSES_DAYS} days before the third birthday, {third}"),
            remark(opens, "not before this day: two years and three months old"),
        ),
    )


def _iep_by_three(given: Given, setting: Setting) -> Outcome:
    born, consent = given.day("birth_on"), given.day_or_none("consent_on")
    third = third_birthday_of(born)
    if consent is not None and consent < born:
        raise ClockError(f"consent_on: {consent} is before the birth, {born}: correct one of the two.")
    birthday = months(born, PART_C_YEARS * 12, "the third birthday, three years")
    if setting.calendar.school_year_waited_for(third):
        why = "between school years: the team sets the day on which services start (56426.9(d))"
        birthday = replace(birthday, steps=(*birthday.steps, remark(third, why)))
    if consent is None:
        return replace(birthday, state_due_on=third)
    counted = tolled_days(consent, CONSENT_DAYS, setting)
    assert counted.due_on is not None
    if counted.due_on < third:
        why = f"60 days from consent end before the third birthday, {third}"
        return replace(counted, steps=(*counted.steps, remark(counted.due_on, why)), state_due_on=third)
    why = f"the third birthday comes first; 60 days from consent would end on {counted.due_on}"
    return replace(birthday, steps=(*birthday.steps, remark(third, why)), state_due_on=third)


_BIRTH = required("birth_on", "date of birth")
_LAST_IFSP = required("last_ifsp_on", "day of the last IFSP meeting")

CLOCKS = (
    Clock(
        name="part-c-45",
        title="First IFSP meeting",
        counts="45 calendar days from the written referral, never tolled; an interim IFSP does not stop it.",
        inputs=(required("referral_on", "day on which the written referral was received"),),
        laws=(government_code("95020(b)"), california_regulation(17, "52107")),
        confidence="seen",
        compute=_ifsp,
    ),
    Clock(
        name="ifsp-review",
        title="Periodic review of the IFSP",
        counts="Six months from the last IFSP.",
        inputs=(_LAST_IFSP,),
        laws=(federal("303.342(b)"),),
        confidence="unverified",
        compute=_ifsp_review,
    ),
    Clock(
        name="ifsp-annual",
        title="Annual meeting on the IFSP",
        counts="One year from the last yearly IFSP meeting.",
        inputs=(_LAST_IFSP,),
        laws=(federal("303.342(c)"),),
        confidence="unverified",
        compute=_ifsp_annual,
    ),
    Clock(
        name="part-c-notice",
        title="Notice to parent and LEA before the third birthday",
        counts="About six months before the third birthday.",
        inputs=(_BIRTH,),
        laws=(california_regulation(17, "52112"),),
        confidence="seen",
        compute=_transition_notice,
    ),
    Clock(
        name="transition-conference",
        title="Transition conference from Part C to Part B",
        counts="From two years and three months of age until 90 days before the third birthday.",
        inputs=(_BIRTH,),
        laws=(federal("303.209"),),
        confidence="seen",
        compute=_conference,
    ),
    Clock(
        name="c-to-b-iep",
        title="IEP of a child from Part C",
        counts="The earlier of 60 days from consent and the third birthday. The state judges the third birthday.",
        inputs=(
            _BIRTH,
            Input("consent_on", "day on which the parent's written consent to assess was received"),
        ),
        laws=(education_code("56426.9(b)"), federal("300.124"), education_code("56344(a)")),
        confidence="seen",
        compute=_iep_by_three,
        is_tolled=True,
    ),
)
