"""Writing iCalendar (RFC 5545): events with an instant or a whole day, lines of at most 75 bytes, ended by CRLF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

LINE_BYTES = 75
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})


@dataclass(frozen=True, slots=True)
class IcsEvent:
    """One event. ``starts`` is an aware instant of an event of ``minutes``, or a day for one of a whole day, which
    keeps nobody busy. ``uid`` stays the same as long as it is the same event."""

    uid: str
    summary: str
    starts: datetime | date
    minutes: int = 0
    location: str = ""
    url: str = ""


def write_calendar(name: str, events: Iterable[IcsEvent], *, made_at: datetime) -> str:
    """The text of an ``.ics`` file; ``name`` is how programs title the calendar."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Manzanita//Caseload plan//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
        *(line for one in events for line in _event(one, made_at)),
        "END:VCALENDAR",
    ]
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _event(one: IcsEvent, made_at: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(one.uid)}"
    yield f"DTSTAMP:{_instant(made_at)}"
    if isinstance(one.starts, datetime):
        yield f"DTSTART:{_instant(one.starts)}"
        yield f"DTEND:{_instant(one.starts + timedelta(minutes=one.minutes))}"
    else:
        yield f"DTSTART;VALUE=DATE:{one.starts:%Y%m%d}"
        yield f"DTEND;VALUE=DATE:{one.starts + timedelta(days=1):%Y%m%d}"
        yield "TRANSP:TRANSPARENT"
    yield f"SUMMARY:{_text(one.summary)}"
    if one.location:
        yield f"LOCATION:{_text(one.location)}"
    if one.url:
        yield f"URL:{one.url}"
    yield "END:VEVENT"


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    return words.translate(_ESCAPES)


def _folded(line: str) -> Iterator[str]:
    """The line in parts of at most 75 bytes, no character cut in two; each but the first begins with a blank."""
    part = b""
    for character in line:
        one = character.encode()
        if len(part) + len(one) > LINE_BYTES:
            yield part.decode()
            part = b" "
        part += one
    yield part.decode()
