"""A calendar as iCalendar (RFC 5545): whole-day events that say of which kind they are.

Read are ``VEVENT``s with ``DTSTART`` and ``DTEND`` (or ``DURATION`` in days or weeks) as dates. A whole day is all that
a school calendar needs, so repetitions and times of day are left out, each with its reason; a library that knows
all of RFC 5545 would be more than this page. The kind stands in ``CATEGORIES``, or follows from words in ``SUMMARY``.
A break's length is never read from words: it is computed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from manzanita.domain.calendars.periods import KINDS, CalendarError, Period, PeriodKind
from manzanita.domain.dates import iso_day

# In this order: "Summer break" is a summer.
_WORDS = (
    (PeriodKind.SUMMER, ("summer",)),
    (PeriodKind.INTERSESSION, ("intersession",)),
    (PeriodKind.BREAK, ("break", "recess", "vacation")),
    (PeriodKind.HOLIDAY, ("holiday",)),
    (PeriodKind.CLOSURE, ("no school", "closed", "closure", "non-student", "staff development")),
    (PeriodKind.TERM, ("term", "semester", "trimester", "quarter", "regular school year")),
)
_DURATION = re.compile(r"P([0-9]{1,3})([DW])")
_ESCAPED = re.compile(r"\\([\\;,nN])")


@dataclass(frozen=True, slots=True)
class IcsCalendar:
    """What was read, and one sentence for each event that was left out and why."""

    periods: tuple[Period, ...]
    left_out: tuple[str, ...]


def read_calendar_ics(text: str, *, lea: str = "", school: str = "", track: str = "") -> IcsCalendar:
    """The periods of an ``.ics`` file, all of them for ``lea``, ``school`` and ``track``.

    Raises :class:`CalendarError` where it is no iCalendar file or holds no event that can be used.
    """
    lines = list(_unfolded(text.removeprefix("\ufeff")))
    if not any(line.upper() == "BEGIN:VCALENDAR" for _, line in lines):
        raise CalendarError(["Line 1: there is no BEGIN:VCALENDAR. Export the calendar as iCalendar (.ics)."])
    periods: list[Period] = []
    left_out: list[str] = []
    for number, event in _events(lines):
        try:
            start, end, kind = _read(event)
            periods.append(Period(start, end, kind, lea, school, track))
        except ValueError as error:
            name = event.get("SUMMARY", ("", "event without a name"))[1]
            left_out.append(f"Line {number}, {_plain(name)}: {error}.")
    if not periods:
        raise CalendarError(
            left_out or ["The file holds no event. Export the days without school as events."]
        )
    return IcsCalendar(tuple(periods), tuple(left_out))


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first line; a line that begins with a blank goes on the one before."""
    waiting: tuple[int, str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if line[:1] in (" ", "\t") and waiting is not None:
            waiting = (waiting[0], waiting[1] + line[1:])
            continue
        if waiting is not None:
            yield waiting
        waiting = (number, line.rstrip())
    if waiting is not None:
        yield waiting


def _events(lines: list[tuple[int, str]]) -> Iterator[tuple[int, dict[str, tuple[str, str]]]]:
    """Each event's first line number and its properties: name -> (parameters, value). Alarms inside are passed over."""
    event: dict[str, tuple[str, str]] = {}
    begun, depth = 0, 0
    for number, line in lines:
        head, _, value = line.partition(":")
        name, _, parameters = head.upper().partition(";")
        if name == "BEGIN" and value.upper() == "VEVENT":
            event, begun, depth = {}, number, 1
        elif depth and name == "BEGIN":
            depth += 1
        elif depth and name == "END":
            depth -= 1
            if depth == 0:
                yield begun, event
        elif depth == 1:
            event.setdefault(name, (parameters, value))
    if depth:
        raise CalendarError(
            [f"Line {begun}: the event has no END:VEVENT. The file is cut off; export it again."]
        )


def _read(event: dict[str, tuple[str, str]]) -> tuple[date, date, PeriodKind]:
    if {"RRULE", "RDATE"} & event.keys():
        raise ValueError("it repeats, which is not read: enter each of its days as an event of its own")
    if "DTSTART" not in event:
        raise ValueError("it has no DTSTART: give it a first day")
    start = _whole_day("DTSTART", event["DTSTART"][1])
    end = start
    if "DTEND" in event:
        # The first day after it; some programs write the start again for one day.
        end = max(_whole_day("DTEND", event["DTEND"][1]) - timedelta(days=1), start)
    elif "DURATION" in event:
        found = _DURATION.fullmatch(event["DURATION"][1].upper())
        if found is None or int(found[1]) == 0:
            raise ValueError("its DURATION is not in whole days: make it an event of whole days")
        end = start + timedelta(days=int(found[1]) * (7 if found[2] == "W" else 1) - 1)
    return start, end, _kind(event)


def _whole_day(name: str, value: str) -> date:
    if not re.fullmatch(r"[0-9]{8}", value):
        raise ValueError(f"{name} {value!r} has a time or is no day: make it an event of whole days")
    return iso_day(f"{value[:4]}-{value[4:6]}-{value[6:]}")


def _kind(event: dict[str, tuple[str, str]]) -> PeriodKind:
    for category in event.get("CATEGORIES", ("", ""))[1].split(","):
        if category.strip().lower() in KINDS:
            return PeriodKind(category.strip().lower())
    summary = event.get("SUMMARY", ("", ""))[1].lower()
    for kind, words in _WORDS:
        if any(word in summary for word in words):
            return kind
    raise ValueError(f"nothing says whether there is school: set its category to one of {', '.join(KINDS)}")


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], text)
