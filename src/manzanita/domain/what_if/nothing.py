"""Why a move changes nothing: which clock does not look at the day that moved."""

from __future__ import annotations

from datetime import date

from manzanita.domain.delay_codes import INITIAL, PART_C
from manzanita.domain.what_if.case import Case, Part


def why_nothing(case: Case, key: str, part: Part, day: date | None) -> str:
    """A sentence. ``case`` is the student as things stand."""
    event = case.event(key)
    if event.day(part) == day:
        return "That is the day which stands."
    if part is Part.PENDING:
        return (
            "A pending date starts and stops no clock: the state still counts from the consent of "
            f"{event.consent_on}. It only says as of which day the state was told."
            if event.consent_on
            else "A pending date starts and stops no clock."
        )
    if part is Part.REFERRAL and event.evaluation_type == INITIAL:
        return (
            "The referral decides only where it lies in the last 30 days of a school year (Education Code 56344(a)); "
            "by the calendar that is known here neither day does."
        )
    if part is Part.HELD and not event.kinds:
        return "This meeting is neither a plan review nor an evaluation: it meets no clock and starts none."
    if part is Part.CONSENT and event.evaluation_type == PART_C:
        return "The first IFSP meeting is counted from the referral, not from the consent."
    return "No clock of this student counts from this day."


def why_no_break_matters(case: Case) -> str:
    """The same of a break: which clocks stop in breaks, and that none of this student does there."""
    tolled = [one for one in case.events if one.consent_on is not None and one.held_on is None]
    if not tolled:
        return (
            "Only clocks of 15, 30 and 60 days stop in long breaks, and none of them runs for this student: plan "
            "reviews and reevaluations go by the year."
        )
    return (
        "The clock that runs for this student counts the same days: a break of at most five school days does not stop "
        "it, and days before the consent or after the due date are not counted anyway."
    )
