"""Whether a meeting needs a reason of delay (MEET 24.18), which codes can say it, and whether the recorded one does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from manzanita.domain import delay_codes
from manzanita.domain.calendars import Tolling
from manzanita.domain.codes import code_set
from manzanita.domain.delay_codes import INITIAL, SCHOOL_BREAK, WITHOUT_CAUSE
from manzanita.domain.what_if.case import Case, Event
from manzanita.domain.what_if.dues import EVALUATION, REVIEW, Due
from manzanita.domain.what_if.standing import Kind, Standing


def delay_of(case: Case, event: Event, dues: Sequence[Due]) -> Standing:
    """``dues`` are all clocks of the student."""
    judging = [due for due in dues if due.state_on is not None and _is_met_by(due, event)]
    day = event.held_on or case.today
    missed = [due for due in judging if due.state_on is not None and day > due.state_on]
    codes = delay_codes.fitting(
        event.kinds, after_part_c=event.is_by_birthday, has_long_break=_meets_long_break(case, event, day)
    )
    words, is_bad = _words(event, judging, is_late=bool(missed), codes=codes)
    return Standing(
        key=f"delay:{event.key}",
        kind=Kind.DELAY,
        title=f"Reason of delay (24.18), {event.lower_name}",
        words=words,
        is_bad=is_bad,
        confidence="seen_vendor" if missed else "",
        because=" ".join(_why(event, judging, missed, day, codes)),
    )


def _is_met_by(due: Due, event: Event) -> bool:
    """Whether the meeting met the clock, or is the open one of the sort that the clock waits for."""
    if due.event is not None or event.held_on is not None:
        return due.event is event
    if due.what == REVIEW:
        return event.is_plan_review
    return due.what == EVALUATION and event.starts_evaluation_clock and not event.is_first


def _meets_long_break(case: Case, event: Event, day: date) -> bool:
    """Whether a break that stops the clock lies between the consent and the day; where no calendar is known, it may."""
    if event.consent_on is None or case.calendar.first is None:
        return True
    return any(skip.first <= day for skip in case.calendar.skips_from(event.consent_on, Tolling.A))


def _words(event: Event, judging: Sequence[Due], *, is_late: bool, codes: Sequence[str]) -> tuple[str, bool]:
    code = event.delay_code
    if is_late and code:
        can_say = code in codes or code not in delay_codes.FITS
        return (f"{code} stands", False) if can_say else (f"{code} does not fit: {_choice(codes)}", True)
    if is_late and event.held_on is not None:
        return f"needed: {_choice(codes)}", True
    if is_late:
        return f"needed, whatever the day: {_choice(codes)}", True
    if not judging:
        return "none: no clock judges it", bool(code)
    if code:
        return f"{code} has to go: it is in time", True
    if event.held_on is not None:
        return "none: in time, it stays blank", False
    return f"none, if held by {min(due.state_on for due in judging if due.state_on is not None)}", False


def _choice(codes: Sequence[str]) -> str:
    return f"{', '.join(codes)} or {WITHOUT_CAUSE}" if codes else WITHOUT_CAUSE


def _why(
    event: Event, judging: Sequence[Due], missed: Sequence[Due], day: date, codes: Sequence[str]
) -> Iterator[str]:
    """Sentences."""
    if not judging:
        yield "No clock of the state runs for this meeting."
        return
    if not missed:
        yield "The state takes a reason only of what is late, and wants the field blank otherwise."
        return
    for due in missed:
        assert due.state_on is not None
        late = (day - due.state_on).days
        yield f"{due.title}: by the state due on {due.state_on}, {late} day{'' if late == 1 else 's'} before {day}."
    names = code_set("MeetingDelay")
    yield f"It may say: {'; '.join(names.label(code) for code in (*codes, WITHOUT_CAUSE))}."
    first = next((due for due in missed if due.law_on is not None and event.evaluation_type == INITIAL), None)
    if SCHOOL_BREAK in codes and first is not None and first.law_on is not None:
        if day <= first.law_on:
            yield f"By law it is in time until {first.law_on}: long breaks stop its clock, and {SCHOOL_BREAK} says so."
        elif first.state_on is not None and first.law_on > first.state_on:
            yield f"A long break explains the days until {first.law_on} and none after."
