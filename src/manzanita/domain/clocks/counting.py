"""The ways in which clocks count. The day of the event is not counted, the last day is (Government Code 6800)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from weakref import WeakKeyDictionary

from manzanita.domain.calendars import Calendar, Tolling
from manzanita.domain.clocks.declaration import DAY, Outcome, Setting, Step, remark, step
from manzanita.domain.dates import months_after

UNSURE = "inferred"
GUESSED = "provisional"
_counted_before: WeakKeyDictionary[Calendar, dict[tuple[date, int, Tolling], Outcome]] = WeakKeyDictionary()


def calendar_days(start: date, days: int, why: str = "") -> Outcome:
    """``days`` calendar days after ``start``, never tolled."""
    due = start + timedelta(days=days)
    return Outcome(due, straight(start, due, why or f"{days} calendar days"))


def months(start: date, number: int, why: str) -> Outcome:
    """The same day of the month ``number`` months after ``start``; less sure where that day does not exist."""
    due, why = months_after(start, number), f"{why} after {start}"
    is_moved = due.day != start.day
    if is_moved:
        why += f"; there is no {start:%-d} {due:%B} in {due.year}, so the last day of the month counts"
    return Outcome(due, straight(start, due, why), confidence=UNSURE if is_moved else "")


def straight(start: date, due: date, why: str) -> tuple[Step, ...]:
    """The trace of a clock that leaves no day out; counted back where ``due`` is before ``start``."""
    if due == start:
        return (remark(due, why),)
    return (step(start + DAY, due, True, why) if due > start else step(due, start - DAY, True, why),)


def tolled_days(start: date, days: int, setting: Setting) -> Outcome:
    """``days`` calendar days after ``start``, less those that long breaks leave out by the reading of ``setting``.

    Remembered as long as the calendar lives, as many students of a district share a start.
    """
    of_calendar = _counted_before.setdefault(setting.calendar, {})
    key = (start, days, setting.tolling)
    if key not in of_calendar:
        of_calendar[key] = _count_tolled(start, days, setting)
    return of_calendar[key]


def _count_tolled(start: date, days: int, setting: Setting) -> Outcome:
    calendar, steps, at, left = setting.calendar, [], start + DAY, days
    for skip in calendar.skips_from(at, setting.tolling):
        free = (skip.first - at).days
        if free >= left:
            break
        if free > 0:
            steps.append(_counted(at, skip.first - DAY, calendar))
            left -= free
            at = skip.first
        why = f"{skip.of.name} from {skip.of.first} to {skip.of.last}: {setting.tolling.left_out}"
        steps.append(step(at, skip.last, False, why))
        at = skip.last + DAY
    due = at + timedelta(days=left - 1)
    is_stopped = any(not one.is_counted for one in steps)
    steps.append(_counted(at, due, calendar))
    return _judged(start, due, steps, calendar, UNSURE if is_stopped else "")


def school_days(start: date, days: int, setting: Setting) -> Outcome:
    """``days`` days with school after ``start``."""
    is_one = setting.calendar.is_school_day
    return _picked(start, days, is_one, "school days", "no school", setting.calendar)


def business_days(start: date, days: int, setting: Setting) -> Outcome:
    """``days`` weekdays after ``start`` that are neither holiday nor closure."""
    is_one = setting.calendar.is_business_day
    return _picked(start, days, is_one, "business days", "weekend, holiday or closure", setting.calendar)


def _picked(
    start: date, days: int, is_one: Callable[[date], bool], counted: str, left_out: str, calendar: Calendar
) -> Outcome:
    steps: list[Step] = []
    at, left = start, days
    while left:
        at += DAY
        is_counted = is_one(at)
        left -= is_counted
        if steps and steps[-1].is_counted == is_counted:
            last = steps[-1]
            steps[-1] = Step(last.first, at, last.days + 1, is_counted, last.why)
        else:
            steps.append(step(at, at, is_counted, counted if is_counted else left_out))
    return _judged(start, at, steps, calendar, "")


def _counted(first: date, last: date, calendar: Calendar) -> Step:
    short = calendar.short_breaks(first, last)
    breaks = (
        f"; {short} break{'' if short == 1 else 's'} of at most five school days in them" if short else ""
    )
    return step(first, last, True, f"calendar days{breaks}")


def _unknown(start: date, due: date, calendar: Calendar) -> tuple[Step, ...]:
    """A remark where the calendar does not reach over all days of a clock that needs it."""
    if calendar.first is None or calendar.last is None:
        return (
            remark(
                due, "no calendar was given: breaks, holidays and the end of the school year are not known"
            ),
        )
    if due > calendar.last:
        return (
            remark(calendar.last, f"the calendar ends here; later days count as without breaks until {due}"),
        )
    if start + DAY < calendar.first:
        return (remark(calendar.first, "the calendar begins here; earlier days count as without breaks"),)
    return ()


def _judged(start: date, due: date, steps: list[Step], calendar: Calendar, confidence: str) -> Outcome:
    unknown = _unknown(start, due, calendar)
    return Outcome(due, (*steps, *unknown), confidence=GUESSED if unknown else confidence)
