"""Reviews and what belongs to them: annual, triennial, parent's request, reports, notices (law and forms 1.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from manzanita.domain.clocks.counting import calendar_days, months, straight, tolled_days
from manzanita.domain.clocks.declaration import (
    Clock,
    Given,
    Input,
    InputType,
    Outcome,
    Setting,
    remark,
    required,
)
from manzanita.domain.clocks.laws import Law, education_code, federal
from manzanita.domain.dates import years_after

ANNUAL_YEARS = 1
TRIENNIAL_YEARS = 3
NOTICE_DAYS = 10
LEFTOVER_DAYS = (60, 75, 90)
_YEAR = 12


def annual_due_on(last_iep: date) -> date:
    """The next plan review, where no trace is wanted."""
    return years_after(last_iep, ANNUAL_YEARS)


def triennial_due_on(last_evaluation: date) -> date:
    """The next reevaluation, where no trace is wanted."""
    return years_after(last_evaluation, TRIENNIAL_YEARS)


def _annual(given: Given, setting: Setting) -> Outcome:
    found = months(given.day("last_iep_on"), ANNUAL_YEARS * _YEAR, "one year")
    return replace(found, state_due_on=found.due_on)


def _triennial(given: Given, setting: Setting) -> Outcome:
    found = months(given.day("last_evaluation_on"), TRIENNIAL_YEARS * _YEAR, "three years")
    return replace(found, state_due_on=found.due_on)


def _requested(given: Given, setting: Setting) -> Outcome:
    return tolled_days(given.day("request_on"), 30, setting)


def _progress_report(given: Given, setting: Setting) -> Outcome:
    card, said = given.day("report_card_on"), given.day_or_none("plan_says_on")
    if said is not None and said < card:
        return Outcome(said, (remark(said, f"the IEP says this day, before the report card of {card}"),))
    return Outcome(card, (remark(card, "with the report card, at the latest"),))


def _meeting_notice(given: Given, setting: Setting) -> Outcome:
    meeting, days = given.day("meeting_on"), given.number("days", NOTICE_DAYS)
    due = meeting - timedelta(days=days)
    return Outcome(due, straight(meeting, due, f"counted back: {days} days before the meeting"))


def _safeguards(given: Given, setting: Setting) -> Outcome:
    return months(given.day("last_given_on"), _YEAR, "one year")


def _leftover(given: Given, setting: Setting) -> Outcome:
    day = given.day("meeting_on")
    *alerts, last = LEFTOVER_DAYS
    found = calendar_days(day, last)
    told = ", ".join(f"{days} days on {(day + timedelta(days=days))}" for days in alerts)
    return replace(found, steps=(*found.steps, remark(day, f"warned before: {told}")))


CLOCKS = (
    Clock(
        name="annual-review",
        title="Annual review of the IEP",
        counts="One year from the last IEP meeting. An amendment without a meeting does not move it.",
        inputs=(
            required("last_iep_on", "day of the last IEP meeting that reviewed the plan, or of the first"),
        ),
        laws=(education_code("56343(d)"), education_code("56380")),
        confidence="seen",
        compute=_annual,
    ),
    Clock(
        name="triennial",
        title="Reevaluation",
        counts="Three years from the last evaluation, unless parent and LEA agree in writing that it is unnecessary.",
        inputs=(required("last_evaluation_on", "day of the meeting on the last evaluation"),),
        laws=(education_code("56381"), federal("300.303")),
        confidence="seen",
        compute=_triennial,
    ),
    Clock(
        name="parent-requested-meeting",
        title="Meeting that the parent asks for",
        counts="30 days from the written request.",
        inputs=(required("request_on", "day on which the written request was received"),),
        laws=(education_code("56343.5"),),
        confidence="seen",
        compute=_requested,
        is_tolled=True,
    ),
    Clock(
        name="progress-report",
        title="Progress report to the parent",
        counts="With every report card, or earlier where the IEP says so.",
        inputs=(
            required("report_card_on", "day on which report cards go out"),
            Input("plan_says_on", "day that the IEP names for the report"),
        ),
        laws=(education_code("56345(a)(3)"), federal("300.320(a)(3)")),
        confidence="seen",
        compute=_progress_report,
    ),
    Clock(
        name="meeting-notice",
        title="Notice of the meeting to the parent",
        counts="Early enough; many SELPAs say 10 days before the meeting.",
        inputs=(
            required("meeting_on", "day of the meeting"),
            Input(
                "days",
                f"how many days before, by the SELPA's policy (without: {NOTICE_DAYS})",
                InputType.NUMBER,
            ),
        ),
        laws=(education_code("56341.5"), Law("SELPA policy")),
        confidence="unverified",
        compute=_meeting_notice,
    ),
    Clock(
        name="safeguards-notice",
        title="Yearly notice of procedural safeguards",
        counts="One year from the day on which it was last given.",
        inputs=(required("last_given_on", "day on which the notice was last given"),),
        laws=(federal("300.504"),),
        confidence="inferred",
        compute=_safeguards,
    ),
    Clock(
        name="leftover-meeting",
        title="Meeting left open",
        counts="90 calendar days from the meeting, with warnings at 60 and 75. No law sets it.",
        inputs=(required("meeting_on", "day of the meeting that is not finished"),),
        laws=(Law("no law: practice of SELPAs"),),
        confidence="seen_vendor",
        compute=_leftover,
    ),
)
