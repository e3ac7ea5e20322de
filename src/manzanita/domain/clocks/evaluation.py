"""From referral to eligibility: assessment plan, 60 days, first meeting (law and forms 1.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from manzanita.domain.calendars import Calendar, SchoolYear
from manzanita.domain.clocks.counting import calendar_days, tolled_days
from manzanita.domain.clocks.declaration import (
    DAY,
    Clock,
    ClockError,
    Given,
    Input,
    InputType,
    Outcome,
    Setting,
    Step,
    remark,
    required,
    step,
)
from manzanita.domain.clocks.laws import Law, education_code, federal

PLAN_DAYS, PLAN_YEAR_END = 15, 10
CONSENT_DAYS, CONSENT_YEAR_END = 60, 30

_REFERRAL = required("referral_on", "day on which the referral for assessment was received")
_AGREED = Input("agreed_on", "later day that the parent agreed to in writing")


def _assessment_plan(given: Given, setting: Setting) -> Outcome:
    referral = given.day("referral_on")
    counted = _by_year_end(referral, PLAN_YEAR_END, setting) or tolled_days(referral, PLAN_DAYS, setting)
    return _extended(counted, given.day_or_none("agreed_on"))


def _iep_after_consent(given: Given, setting: Setting) -> Outcome:
    consent, referral = given.day("consent_on"), given.day_or_none("referral_on")
    if referral is not None and referral > consent:
        raise ClockError(
            f"referral_on: the referral ({referral}) comes after the consent ({consent}): correct one of the two."
        )
    if given.is_so("child_not_produced"):
        why = "the parent repeatedly did not bring the child to the assessment: the 60 days do not bind (56302.1(b)(2))"
        return Outcome(None, (remark(consent, why),))
    counted = tolled_days(consent, CONSENT_DAYS, setting)
    at_year_end = _by_year_end(referral, CONSENT_YEAR_END, setting, before=consent) if referral else None
    used = at_year_end or counted
    doubts = tuple(_doubts(consent, referral, setting, at_year_end, counted))
    return _extended(replace(used, steps=used.steps + doubts), given.day_or_none("agreed_on"))


def _initial_iep(given: Given, setting: Setting) -> Outcome:
    state = given.day("consent_on") + timedelta(days=CONSENT_DAYS)
    return replace(_iep_after_consent(given, setting), state_due_on=state)


def _by_year_end(referral: date, days: int, setting: Setting, before: date | None = None) -> Outcome | None:
    """``days`` after the first day of the next school year, for a referral in the last ``days`` of this one.

    ``None`` where that branch does not apply: the referral is earlier, or in the summer; or consent
    (``before``) came only when the next year had begun, which leaves nothing of the summer to bridge.
    """
    year = setting.calendar.school_year_ending_from(referral)
    if year is None or (year.last - referral).days > days:
        return None
    following = setting.calendar.school_year_after(year.last)
    if following is None:
        why = (
            f"referred {_ahead(referral, year)}: due {days} days after the first day of the next school year, which "
            "the calendar does not know; add the terms of that year"
        )
        return Outcome(None, (remark(referral, why),), confidence="provisional")
    if before is not None and before >= following.first:
        return None
    due = following.first + timedelta(days=days)
    wait = f"referred {_ahead(referral, year)}: counted from the first day of the next school year"
    start = before or referral
    return Outcome(
        due,
        (
            step(start + DAY, following.first, False, wait),
            step(following.first + DAY, due, True, f"{days} days after {following.first}"),
        ),
    )


def _ahead(day: date, year: SchoolYear) -> str:
    left = (year.last - day).days
    if left == 0:
        return f"on the last day of the school year, {year.last}"
    return f"{left} day{'' if left == 1 else 's'} before the school year ends on {year.last}"


def _doubts(
    consent: date, referral: date | None, setting: Setting, at_year_end: Outcome | None, counted: Outcome
) -> Iterator[Step]:
    """Remarks where consent and referral straddle the line of the year-end branch, or the referral is not known."""
    by_consent = _by_year_end(consent, CONSENT_YEAR_END, setting)
    if referral is None and by_consent is not None:
        yield remark(
            consent, "consent in the last 30 days of the school year: give referral_on, it decides the branch"
        )
    elif (
        referral is not None
        and (by_consent is None) != (at_year_end is None)
        and _is_before_summer_ends(consent, setting.calendar)
    ):
        other = (by_consent or counted).due_on
        if other is not None:
            yield remark(
                consent,
                f"charts that go by the day of consent say {other}; the law says referral",
            )


def _is_before_summer_ends(consent: date, calendar: Calendar) -> bool:
    """Whether consent lies in a school year, where both branches can be meant."""
    year = calendar.school_year_ending_from(consent)
    return year is not None and year.first <= consent


def _extended(outcome: Outcome, agreed: date | None) -> Outcome:
    due = outcome.due_on
    if agreed is None:
        return outcome
    if due is None:
        return replace(outcome, due_on=agreed)
    if agreed <= due:
        return replace(
            outcome, steps=(*outcome.steps, remark(agreed, "the agreed day is not later: it extends nothing"))
        )
    return replace(
        outcome,
        due_on=agreed,
        steps=(*outcome.steps, step(due + DAY, agreed, False, "extended: parent and LEA agreed in writing")),
    )


def _refused(given: Given, setting: Setting) -> Outcome:
    return tolled_days(given.day("referral_on"), PLAN_DAYS, setting)


def _parent_response(given: Given, setting: Setting) -> Outcome:
    found = calendar_days(given.day("plan_received_on"), 15, "the parent has at least 15 days to decide")
    after = found.due_on
    assert after is not None
    why = (
        "a floor, no lapse: assessment may begin on consent; without an answer follow up from the next day on"
    )
    return replace(found, steps=(*found.steps, remark(after, why)))


def _first_meeting(given: Given, setting: Setting) -> Outcome:
    return calendar_days(given.day("determined_on"), 30)


def _in_effect(given: Given, setting: Setting) -> Outcome:
    """The first day of the school year that begins after a day."""
    day = given.day("plan_on")
    year = setting.calendar.school_year_after(day)
    if year is None:
        why = "the calendar knows no school year that begins later; add its terms"
        return Outcome(None, (remark(day, why),), confidence="provisional")
    return Outcome(
        year.first, (step(day + DAY, year.first, True, "to the first day of the next school year"),)
    )


_CONSENT_INPUTS = (
    required("consent_on", "day on which the parent's written consent to assess was received"),
    Input("referral_on", "day of the referral; in the last 30 days of a school year it changes the clock"),
    Input(
        "agreed_on",
        "later day agreed in writing (extension, or after a move in the middle of the assessment)",
    ),
    Input(
        "child_not_produced",
        "the parent repeatedly does not bring the child to the assessment",
        InputType.FLAG,
    ),
)
_SIXTY_DAYS_LAWS = (
    education_code("56344(a)"),
    education_code("56043(c)"),
    education_code("56302.1"),
)

CLOCKS = (
    Clock(
        name="assessment-plan",
        title="Assessment plan to the parent",
        counts="15 days from the referral; of a referral in the last 10 days of the school year, 10 days from the "
        "first day of the next.",
        inputs=(_REFERRAL, _AGREED),
        laws=(education_code("56321(a)"), education_code("56043(a)")),
        confidence="seen",
        compute=_assessment_plan,
        is_tolled=True,
    ),
    Clock(
        name="assessment-refused",
        title="Notice that no assessment is planned",
        counts="15 days from the referral, by practice: prior written notice in place of an assessment plan.",
        inputs=(_REFERRAL,),
        laws=(federal("300.503"), Law("practice")),
        confidence="unverified",
        compute=_refused,
        is_tolled=True,
    ),
    Clock(
        name="assessment-response",
        title="Parent's answer to the assessment plan",
        counts="At least 15 days from the day the parent received the plan.",
        inputs=(required("plan_received_on", "day on which the parent received the assessment plan"),),
        laws=(education_code("56321(c)"), education_code("56043(b)")),
        confidence="seen",
        compute=_parent_response,
        is_task=False,
    ),
    Clock(
        name="initial-iep",
        title="IEP meeting after an initial assessment",
        counts="60 days from consent; of a referral in the last 30 days of the school year, 30 days from the first "
        "day of the next. The state counts 60 calendar days from consent, always.",
        inputs=_CONSENT_INPUTS,
        laws=_SIXTY_DAYS_LAWS,
        confidence="seen",
        compute=_initial_iep,
        is_tolled=True,
    ),
    Clock(
        name="reassessment-iep",
        title="IEP meeting after a reassessment",
        counts="As after an initial assessment. The state judges the triennial date in its place.",
        inputs=_CONSENT_INPUTS,
        laws=(education_code("56344(a)"), education_code("56381")),
        confidence="inferred",
        compute=_iep_after_consent,
        is_tolled=True,
    ),
    Clock(
        name="first-meeting",
        title="Meeting after the need is determined",
        counts="30 calendar days from the day on which the need for special education was determined.",
        inputs=(required("determined_on", "day on which the need for special education was determined"),),
        laws=(education_code("56344(a)"), federal("300.323(c)")),
        confidence="seen",
        compute=_first_meeting,
    ),
    Clock(
        name="iep-in-effect",
        title="IEP in effect when the school year starts",
        counts="The first day of the next school year.",
        inputs=(required("plan_on", "day from which the next school year is looked for"),),
        laws=(education_code("56344(c)"), federal("300.323(a)")),
        confidence="seen",
        compute=_in_effect,
    ),
)
