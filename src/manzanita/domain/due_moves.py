"""Why a stored due date is another than before: which fact, calendar, reading of the law or way of counting changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from manzanita.domain.clocks import CLOCKS
from manzanita.domain.watched_clocks import WATCHED


class Cause(StrEnum):
    """What of a count became another. ``FACTS`` are its inputs; ``PLACE`` the district or school by whose calendar it
    counts; ``READING`` the SELPA's reading of how a long break stops a clock."""

    FACTS = "facts"
    PLACE = "place"
    CALENDAR = "calendar"
    READING = "reading"
    COUNTING = "counting"
    MEETING = "meeting"


_WORDS: Mapping[Cause, str] = {
    Cause.PLACE: "The student's district or school is another, and with it the calendar.",
    Cause.CALENDAR: "The school calendar that it counts by was changed.",
    Cause.READING: "The SELPA's reading of how long breaks stop the clock was changed.",
    Cause.COUNTING: "This program counts the clock otherwise than before.",
    Cause.MEETING: "The meeting that it waits for is another.",
}


@dataclass(frozen=True, slots=True)
class Before:
    """What a due date was until it was counted anew: its date or why it had none, that of the law, its inputs as ISO
    days."""

    due_on: date | None
    law_on: date | None
    problem: str
    given: Mapping[str, str]
    causes: Sequence[Cause]

    def document(self) -> dict[str, Any]:
        return {
            "due_on": self.due_on.isoformat() if self.due_on else "",
            "law_on": self.law_on.isoformat() if self.law_on else "",
            "problem": self.problem,
            "given": dict(self.given),
            "causes": [str(one) for one in self.causes],
        }


def before_of(document: Mapping[str, Any]) -> Before | None:
    """What a row remembers; ``None`` of one that was counted once, or before this was kept."""
    if not document:
        return None
    return Before(
        date.fromisoformat(document["due_on"]) if document["due_on"] else None,
        date.fromisoformat(document["law_on"]) if document["law_on"] else None,
        document["problem"],
        document["given"],
        [Cause(one) for one in document["causes"]],
    )


def move_words(before: Before | None, due_on: date | None, law_on: date | None) -> str:
    """``was due 11/14/2026, now 11/20/2026 (6 days later)``; of a date that stays while the law's moves, both."""
    now = _us(due_on)
    if before is None:
        return f"first counted, due {now}" if now else "first counted, no date"
    was = _us(before.due_on)
    if was == now:
        stays = f"due {now} as before" if now else "no date, as before"
        if before.law_on == law_on:
            return stays
        return f"{stays}; by law {_us(before.law_on) or 'no date'} before, now {_us(law_on) or 'no date'}"
    if before.due_on is None or due_on is None:
        return f"had no date, now due {now}" if now else f"was due {was}, now no date"
    days = (due_on - before.due_on).days
    apart = f"{abs(days)} day{'s' if abs(days) != 1 else ''} {'later' if days > 0 else 'earlier'}"
    return f"was due {was}, now {now} ({apart})"


def _us(day: date | None) -> str:
    return f"{day:%m/%d/%Y}" if day else ""


def why_moved(clock: str, before: Before, given: Mapping[str, str]) -> str:
    """The causes in sentences: of each input that changed its meaning, its days, and where it stands."""
    told = []
    if Cause.FACTS in before.causes:
        declared = {one.name: one for one in CLOCKS[clock].inputs}
        for name in {**before.given, **given}:
            was, now = _day(before.given.get(name, "")), _day(given.get(name, ""))
            if was == now:
                continue
            meaning = declared[name].meaning
            source = WATCHED[clock].sources.get(name, "")
            told.append(
                f"{meaning[0].upper()}{meaning[1:]}: {was or 'not known'} became {now or 'not known'}"
                + (f" ({source})." if source else ".")
            )
    told += [_WORDS[one] for one in before.causes if one in _WORDS]
    return " ".join(told) or "What it is counted from is known otherwise than before."


def _day(text: str) -> str:
    try:
        return f"{date.fromisoformat(text):%m/%d/%Y}"
    except ValueError:
        return {"True": "yes", "False": "no"}.get(text, text)
