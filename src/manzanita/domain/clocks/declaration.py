"""What a clock is: a name, its inputs, its law, and a function from inputs and calendar to an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from enum import StrEnum

from manzanita.domain.calendars import NO_CALENDAR, Calendar, Tolling
from manzanita.domain.clocks.laws import Law
from manzanita.domain.dates import iso_day

Days = tuple[tuple[date, date], ...]
_NUMBER = re.compile(r"[0-9]{1,3}")
Value = date | bool | int | Days


class ClockError(ValueError):
    """A clock, an input or a value that there is not; the message says the fix."""


class InputType(StrEnum):
    DATE = "date"
    FLAG = "flag"
    NUMBER = "number"
    DAYS = "days"

    @property
    def written(self) -> str:
        """How a value is written."""
        return {
            InputType.DATE: "a date, 2026-11-23",
            InputType.FLAG: "yes or no",
            InputType.NUMBER: "a whole number of days, 999 at most",
            InputType.DAYS: "days and spans, 2026-10-05,2026-11-02..2026-11-04",
        }[self]


@dataclass(frozen=True, slots=True)
class Input:
    name: str
    meaning: str
    type: InputType = InputType.DATE
    is_required: bool = False

    def read(self, text: str) -> Value:
        """The value that ``text`` writes. Raises :class:`ClockError`."""
        try:
            if self.type is InputType.DATE:
                return iso_day(text)
            if self.type is InputType.FLAG:
                return {"yes": True, "no": False}[text]
            if self.type is InputType.NUMBER:
                if not _NUMBER.fullmatch(text):
                    raise ValueError(f"{text!r} is not {self.type.written}")
                return int(text)
            return tuple(_span(part) for part in text.split(","))
        except KeyError:
            raise ClockError(
                f"{self.name}: {text!r} is not {self.type.written}: write one of the two."
            ) from None
        except ValueError as error:
            raise ClockError(f"{self.name}: {error}.") from None


def required(name: str, meaning: str, type: InputType = InputType.DATE) -> Input:
    return Input(name, meaning, type, is_required=True)


@dataclass(frozen=True, slots=True)
class Step:
    """``first`` to ``last`` inclusive are ``days`` calendar days, which the clock counts or leaves out, and why.

    A step of no days (``first`` = ``last`` = the day it is about) is a remark.
    """

    first: date
    last: date
    days: int
    is_counted: bool
    why: str


def step(first: date, last: date, is_counted: bool, why: str) -> Step:
    return Step(first, last, (last - first).days + 1, is_counted, why)


def remark(day: date, why: str) -> Step:
    return Step(day, day, 0, False, why)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a clock's function finds: ``due_on`` is ``None`` where the law sets no date, and a step says why.

    ``confidence`` replaces that of the clock where this case is less sure.
    """

    due_on: date | None
    steps: tuple[Step, ...]
    state_due_on: date | None = None
    confidence: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Due dates by the law and, where the state judges this clock, by the state; how they were counted; how sure."""

    statutory_due_on: date | None
    state_due_on: date | None
    trace: tuple[Step, ...]
    laws: tuple[Law, ...]
    confidence: str

    @property
    def authority(self) -> str:
        """The laws with their links."""
        return "; ".join(map(str, self.laws))

    @property
    def citation(self) -> str:
        """The laws as people write them."""
        return "; ".join(law.citation for law in self.laws)

    def document(self) -> dict[str, object]:
        """The answer as JSON knows it; dates as ``2026-11-23``."""
        return {
            "statutory_due_on": _iso(self.statutory_due_on),
            "state_due_on": _iso(self.state_due_on),
            "trace": [
                {
                    "from": one.first.isoformat(),
                    "to": one.last.isoformat(),
                    "days": one.days,
                    "counted": one.is_counted,
                    "why": one.why,
                }
                for one in self.trace
            ],
            "authority": self.authority,
            "confidence": self.confidence,
        }


@dataclass(frozen=True, slots=True)
class Setting:
    """Under which calendar and reading of the law a clock counts."""

    calendar: Calendar = NO_CALENDAR
    tolling: Tolling = Tolling.A


class Given:
    """The values of a clock's inputs; asking for one that was declared and not given is ``None`` (a flag: false)."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values

    def day(self, name: str) -> date:
        value = self._values[name]
        assert isinstance(value, date)
        return value

    def day_or_none(self, name: str) -> date | None:
        return self.day(name) if name in self._values else None

    def number(self, name: str, otherwise: int) -> int:
        value = self._values.get(name, otherwise)
        assert isinstance(value, int)
        return value

    def is_so(self, name: str) -> bool:
        return self._values.get(name) is True

    def days(self, name: str) -> Days:
        value = self._values[name]
        assert isinstance(value, tuple)
        return value


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock of the law.

    ``counts`` says in words what is counted from where. Where ``is_tolled``, long breaks stop it, so the reading of
    the law matters; where ``is_task``, something must be done by the date, so a weekend is no day for it.
    ``confidence`` is how surely the text of the law was read (legend: ``docs/reference/clocks.md``).
    """

    name: str
    title: str
    counts: str
    inputs: tuple[Input, ...]
    laws: tuple[Law, ...]
    confidence: str
    compute: Callable[[Given, Setting], Outcome]
    is_tolled: bool = False
    is_task: bool = True

    def read(self, texts: Mapping[str, str]) -> dict[str, Value]:
        """The values written in ``texts``. Raises :class:`ClockError` for a key or a value that there is not."""
        inputs = {one.name: one for one in self.inputs}
        for name in texts:
            if name not in inputs:
                near = get_close_matches(name, inputs, 1)
                meant = f" Did you mean {near[0]}?" if near else ""
                raise ClockError(f"{self.name} has no input {name!r}.{meant} It takes {self._inputs_told()}.")
        return {name: inputs[name].read(text) for name, text in texts.items()}

    def answer(self, given: Mapping[str, Value], setting: Setting) -> Answer:
        """The due dates and their trace. Raises :class:`ClockError` where a required input is missing, or two
        inputs contradict each other."""
        for one in self.inputs:
            if one.is_required and one.name not in given:
                raise ClockError(
                    f"{self.name} needs {one.name} ({one.meaning}). It takes {self._inputs_told()}."
                )
        found = self.compute(Given(given), setting)
        trace = found.steps
        if self.is_task and found.due_on is not None and found.due_on.weekday() > 4:
            trace += (_weekend(found.due_on, setting.calendar),)
        return Answer(found.due_on, found.state_due_on, trace, self.laws, found.confidence or self.confidence)

    def _inputs_told(self) -> str:
        return ", ".join(f"{one.name}{' (needed)' if one.is_required else ''}" for one in self.inputs)


def _weekend(due: date, calendar: Calendar) -> Step:
    before = calendar.last_school_day_until(due)
    why = f"a {due:%A}, which does not move the date; the school day before is {before:%A}, {before}"
    return remark(due, why)


def _span(text: str) -> tuple[date, date]:
    first, separator, last = text.strip().partition("..")
    span = (iso_day(first), iso_day(last if separator else first))
    if span[1] < span[0]:
        raise ValueError(f"{text.strip()} ends before it starts: write the earlier day first")
    return span


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


DAY = timedelta(days=1)
