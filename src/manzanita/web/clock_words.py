"""A clock's answer in words: the two due dates, and each step of the count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from manzanita.domain.calendars import Tolling
from manzanita.domain.clocks import Answer, Step
from manzanita.domain.clocks.declaration import remark
from manzanita.domain.clocks.laws import Law
from manzanita.meetings.evaluation_clocks import Counted

TRACKS_UNKNOWN = (
    "The school has tracks, and which one the student is on is not recorded: counted by the calendar of the school "
    "without its tracks."
)


def state_words(counted: Counted) -> str:
    if counted.is_part_c:
        return "the state goes by the third birthday"
    return "the state counts every calendar day"


def evaluation_dues(counted: Counted) -> Iterator[tuple[str, Answer]]:
    """Label and answer: one where law and state agree, else the law's and the state's, the earlier first."""
    answer, consent = counted.answer, counted.meeting.consent_on
    if answer is None or consent is None:
        return
    law, state = answer.statutory_due_on, answer.state_due_on
    name = "Part C to B" if counted.is_part_c else "60 days"
    found = []
    if law is not None:
        remarks = (remark(law, TRACKS_UNKNOWN),) if counted.has_tracks else ()
        by_law = replace(answer, trace=(*answer.trace, *remarks))
        found.append((law, name if law == state else f"{name} by law", by_law))
    if state is not None and state != law:
        words = f"{state_words(counted)}, to {state}; after it the state asks for a reason of delay"
        by_state = replace(
            answer, statutory_due_on=state, trace=(remark(state, words),), laws=(Law("Rule MZ-MEET-LATE"),)
        )
        found.append((state, f"{name} by the state", by_state))
    for _, label, one in sorted(found, key=lambda due: due[0]):
        yield label, one


@dataclass(frozen=True, slots=True)
class Working:
    """How one evaluation was counted, for a page.

    ``strict_on`` is the law's date by the strictest reading where the one in force gives a later one; ``is_between``:
    the meeting was held after it and in time by the reading in force.
    """

    counted: Counted
    law_on: date | None
    state_on: date | None
    rows: tuple[Step, ...]
    strict_on: date | None
    is_between: bool

    @property
    def tolling(self) -> Tolling:
        return self.counted.setting.tolling

    @property
    def laws(self) -> tuple[Law, ...]:
        return self.counted.answer.laws if self.counted.answer else ()

    @property
    def state_words(self) -> str:
        return state_words(self.counted)

    @property
    def tracks_unknown(self) -> str:
        return TRACKS_UNKNOWN

    @property
    def is_without_calendar(self) -> bool:
        return self.counted.setting.calendar.first is None


def working_of(counted: Counted) -> Working:
    answer, meeting = counted.answer, counted.meeting
    law = answer.statutory_due_on if answer else None
    # What is certain whichever way the law is read.
    strict = counted.due_by(Tolling.C) if law is not None else None
    strict = None if strict == law else strict
    held = meeting.held_on
    is_between = bool(held and law and strict and strict < held <= law)
    state = answer.state_due_on if answer else None
    return Working(counted, law, state, answer.trace if answer else (), strict, is_between)
