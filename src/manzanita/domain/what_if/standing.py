"""What a day decides of a student, each question with its answer in words and how it was come by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from manzanita.domain.clocks import Step
from manzanita.domain.clocks.laws import Law
from manzanita.domain.what_if.case import Case
from manzanita.domain.what_if.dues import PLAN, Due


class Kind(StrEnum):
    DUE = "Due dates"
    DELAY = "Reasons of delay"
    LIST = "Lists of the monitoring"


@dataclass(frozen=True, slots=True)
class Standing:
    """One question and how it stands. ``key`` names it across two states of the same student.

    ``words`` say it (``9 days over``); ``is_bad``: somebody has to do something about it. ``steps`` are the count;
    ``because`` says what no count does.
    """

    key: str
    kind: Kind
    title: str
    words: str
    is_bad: bool = False
    law_on: date | None = None
    state_on: date | None = None
    steps: tuple[Step, ...] = ()
    laws: tuple[Law, ...] = ()
    confidence: str = ""
    because: str = ""

    @property
    def value(self) -> tuple[object, ...]:
        """What must be equal for nothing to have changed."""
        return self.law_on, self.state_on, self.words


def standing_of_due(case: Case, due: Due) -> Standing:
    answer = due.answer
    if answer is None:
        return Standing(due.key, Kind.DUE, due.title, "cannot be counted", is_bad=True, because=due.problem)
    words, is_bad = _met(case, due)
    return Standing(
        due.key,
        Kind.DUE,
        due.title,
        words,
        is_bad,
        due.law_on,
        due.state_on,
        answer.trace,
        answer.laws,
        answer.confidence,
    )


def _met(case: Case, due: Due) -> tuple[str, bool]:
    """How the clock stands, and whether that is bad."""
    if due.what == PLAN:
        consent = due.event.consent_on if due.event is not None else None
        if consent is not None and due.law_on is not None and consent <= due.law_on:
            return "in time: the consent came by then", False
        return "when the plan was sent is not recorded", False
    held = due.event.held_on if due.event is not None else None
    late, good = ("late", "in time") if held is not None else ("over", "open")
    day = held or case.today
    by_law, by_state = _over(day, due.law_on), _over(day, due.state_on)
    if due.law_on is None:
        return "the law sets no date", by_state > 0
    if due.state_on is None or by_law == by_state:
        return days_told(by_law, late, good), by_law > 0
    return f"{days_told(by_law, late, good)} by law, {days_told(by_state, late, good)} by the state", True


def _over(day: date, due_on: date | None) -> int:
    return max((day - due_on).days, 0) if due_on is not None else 0


def days_told(count: int, late: str, good: str) -> str:
    """``12 days late``, or ``good`` for none."""
    return f"{count} day{'' if count == 1 else 's'} {late}" if count else good
