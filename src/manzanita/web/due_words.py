"""A running clock in words: its name, who it is about, and the meeting that it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from manzanita.deadlines.lists import DueRow
from manzanita.deadlines.models import DueDate
from manzanita.deadlines.queries import Traced
from manzanita.domain.calendars import Tolling
from manzanita.domain.clocks import CLOCKS, Step
from manzanita.domain.clocks.laws import Law
from manzanita.domain.dinc import UNDATED
from manzanita.domain.due_moves import before_of, move_words, why_moved
from manzanita.domain.watched_clocks import WATCHED
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import label_of_event
from manzanita.ui.formats import us_date


def title_of(row: DueDate | DueRow) -> str:
    return CLOCKS[row.clock].title


def undated_words(clock: str) -> str:
    """What the state says of a clock for which it sets no day."""
    listed = UNDATED.get(clock)
    return (
        f"counted by the state without a date (DINC {listed.number})" if listed else "not judged by the state"
    )


def meeting_words(meeting: Meeting) -> str:
    """``Annual plan review, open``."""
    return words_of_meeting(meeting.event_key, meeting.held_on)


def words_of_meeting(event: str, held_on: date | None) -> str:
    return f"{label_of_event(event)}, " + (f"held {us_date(held_on)}" if held_on else "open")


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a count: its meaning, its value, and where that stands."""

    meaning: str
    value: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Working:
    """How one due date is counted, for the macro ``trace`` of calendars and clocks."""

    traced: Traced
    rows: tuple[Step, ...]
    laws: tuple[Law, ...]
    strict_on: date | None = None
    has_tracks: bool = False

    @property
    def law_on(self) -> date | None:
        return self.traced.counted.statutory_due_on

    @property
    def state_on(self) -> date | None:
        return self.traced.counted.state_due_on

    @property
    def tolling(self) -> Tolling:
        return self.traced.setting.tolling

    @property
    def counted(self) -> Working:
        # The macro asks the counted evaluation whether its school has tracks.
        return self

    @property
    def state_words(self) -> str:
        return "the state judges"

    @property
    def is_without_calendar(self) -> bool:
        return self.traced.setting.calendar.first is None


def working_of(traced: Traced) -> Working:
    answer = traced.answer
    return Working(traced, answer.trace if answer else (), answer.laws if answer else ())


def inputs_of(row: DueDate) -> list[Input]:
    """Each input of the count, and where it comes from."""
    declared = {one.name: one for one in CLOCKS[row.clock].inputs}
    return [
        Input(declared[name].meaning, date.fromisoformat(day), WATCHED[row.clock].sources.get(name, ""))
        for name, day in row.given.items()
    ]


def moved_words(row: DueDate) -> str:
    """What the date was before, and why it is another; blank of one that was counted once."""
    before = before_of(row.before)
    if before is None:
        return ""
    moved = move_words(before, row.due_on, row.statutory_due_on)
    return f"Counted anew on {us_date(row.computed_at)}: {moved}. {why_moved(row.clock, before, row.given)}"
