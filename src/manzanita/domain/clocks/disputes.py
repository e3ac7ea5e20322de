"""Complaints and due process (law and forms 1.8, not re-read: all unverified)."""

from __future__ import annotations

from manzanita.domain.clocks.counting import calendar_days, months, school_days
from manzanita.domain.clocks.declaration import Clock, Given, Outcome, Setting, required
from manzanita.domain.clocks.laws import education_code, federal


def _complaint_decision(given: Given, setting: Setting) -> Outcome:
    return calendar_days(given.day("filed_on"), 60)


def _complaint_limit(given: Given, setting: Setting) -> Outcome:
    return months(given.day("happened_on"), 12, "one year")


def _filing_limit(given: Given, setting: Setting) -> Outcome:
    return months(given.day("known_on"), 24, "two years")


def _resolution_session(given: Given, setting: Setting) -> Outcome:
    return calendar_days(given.day("filed_on"), 15)


def _resolution_period(given: Given, setting: Setting) -> Outcome:
    return calendar_days(given.day("filed_on"), 30)


def _hearing_decision(given: Given, setting: Setting) -> Outcome:
    return calendar_days(given.day("resolution_ended_on"), 45)


def _expedited_hearing(given: Given, setting: Setting) -> Outcome:
    return school_days(given.day("filed_on"), 20, setting)


def _expedited_decision(given: Given, setting: Setting) -> Outcome:
    return school_days(given.day("heard_on"), 10, setting)


_COMPLAINT = required("filed_on", "day on which the complaint to the state was received")
_HEARING = required("filed_on", "day on which the due process complaint was received")

CLOCKS = (
    Clock(
        name="complaint-decision",
        title="State's decision on a complaint",
        counts="60 calendar days from the complaint.",
        inputs=(_COMPLAINT,),
        laws=(federal("300.152"),),
        confidence="unverified",
        compute=_complaint_decision,
    ),
    Clock(
        name="complaint-limit",
        title="Last day to complain to the state",
        counts="One year from what happened.",
        inputs=(required("happened_on", "day of what the complaint is about"),),
        laws=(federal("300.153(c)"),),
        confidence="unverified",
        compute=_complaint_limit,
        is_task=False,
    ),
    Clock(
        name="due-process-limit",
        title="Last day to ask for a due process hearing",
        counts="Two years from the day on which the party knew, or had reason to know.",
        inputs=(required("known_on", "day on which the party knew, or had reason to know"),),
        laws=(education_code("56505(l)"), federal("300.511(e)")),
        confidence="unverified",
        compute=_filing_limit,
        is_task=False,
    ),
    Clock(
        name="resolution-session",
        title="Resolution session",
        counts="15 calendar days from a parent's due process complaint.",
        inputs=(_HEARING,),
        laws=(federal("300.510(a)"),),
        confidence="unverified",
        compute=_resolution_session,
    ),
    Clock(
        name="resolution-period",
        title="End of the resolution period",
        counts="30 calendar days from the due process complaint.",
        inputs=(_HEARING,),
        laws=(federal("300.510(b)"),),
        confidence="unverified",
        compute=_resolution_period,
        is_task=False,
    ),
    Clock(
        name="hearing-decision",
        title="Decision after a due process hearing",
        counts="45 calendar days from the end of the resolution period.",
        inputs=(required("resolution_ended_on", "last day of the resolution period"),),
        laws=(federal("300.515(a)"),),
        confidence="unverified",
        compute=_hearing_decision,
    ),
    Clock(
        name="expedited-hearing",
        title="Expedited hearing",
        counts="20 school days from the due process complaint on discipline.",
        inputs=(_HEARING,),
        laws=(federal("300.532(c)"),),
        confidence="unverified",
        compute=_expedited_hearing,
    ),
    Clock(
        name="expedited-decision",
        title="Decision after an expedited hearing",
        counts="10 school days from the hearing.",
        inputs=(required("heard_on", "day of the expedited hearing"),),
        laws=(federal("300.532(c)"),),
        confidence="unverified",
        compute=_expedited_decision,
    ),
)
