"""A student's meetings as clocks and the state see them, and the same with one day moved. Nothing here is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from manzanita.domain.calendars import NO_CALENDAR, Calendar, Tolling
from manzanita.domain.clocks import Setting
from manzanita.domain.delay_codes import INITIAL, PART_C, PLAN_REVIEW, REEVALUATION
from manzanita.domain.dinc import History
from manzanita.domain.situation import Situation


class Part(StrEnum):
    """Which day of a meeting moves."""

    REFERRAL = "referral"
    CONSENT = "consent"
    HELD = "held"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Event:
    """One meeting, held, being prepared, or not even opened.

    ``evaluation_type`` is MEET 24.14. ``is_by_birthday``: the child comes from Part C, so the third birthday bounds
    it. ``pending_on`` is the day as of which the state was told that it is pending. ``number`` names it among the
    meetings of the :class:`Situation`. ``is_planned``: nobody has opened it.
    """

    key: str
    name: str
    evaluation_type: str = ""
    is_plan_review: bool = False
    is_by_birthday: bool = False
    referred_on: date | None = None
    consent_on: date | None = None
    held_on: date | None = None
    pending_on: date | None = None
    delay_code: str = ""
    is_final: bool = False
    is_planned: bool = False
    number: int | None = None

    @property
    def kinds(self) -> list[str]:
        """What the meeting is by the state: its evaluation type, and Y for a plan review."""
        types = [self.evaluation_type] if self.evaluation_type else []
        return [*types, PLAN_REVIEW] if self.is_plan_review else types

    @property
    def lower_name(self) -> str:
        """The name inside of a sentence; abbreviations stay as they are."""
        return (
            self.name
            if self.name[1:2].isupper() or self.name[1:2] == " "
            else self.name[0].lower() + self.name[1:]
        )

    @property
    def is_first(self) -> bool:
        return self.evaluation_type in (INITIAL, PART_C)

    @property
    def starts_review_clock(self) -> bool:
        """An initial evaluation starts the clock of the next plan review as a review does."""
        return self.is_plan_review or self.is_first

    @property
    def starts_evaluation_clock(self) -> bool:
        return self.is_first or self.evaluation_type == REEVALUATION

    def day(self, part: Part) -> date | None:
        return {
            Part.REFERRAL: self.referred_on,
            Part.CONSENT: self.consent_on,
            Part.HELD: self.held_on,
            Part.PENDING: self.pending_on,
        }[part]

    def with_day(self, part: Part, day: date | None) -> Event:
        if part is Part.REFERRAL:
            return replace(self, referred_on=day)
        if part is Part.CONSENT:
            return replace(self, consent_on=day)
        if part is Part.HELD:
            return replace(self, held_on=day)
        return replace(self, pending_on=day)


@dataclass(frozen=True, slots=True)
class Case:
    """One student on the day ``today``. ``reading`` says by which reading long breaks stop a clock that is asked on a
    day. ``runs``: the student takes part in special education here, so the clocks of the next meetings run.
    ``situation`` is what else is recorded, for the clocks that no meeting here is known to meet; ``history`` where the
    student was and under which plans, for the lists of data noncompliance."""

    today: date
    born_on: date | None
    events: tuple[Event, ...]
    calendar: Calendar = NO_CALENDAR
    reading: Callable[[date], Tolling] = lambda _day: Tolling.A
    runs: bool = True
    situation: Situation | None = None
    history: History | None = None

    def event(self, key: str) -> Event:
        """Raises ``KeyError``."""
        for one in self.events:
            if one.key == key:
                return one
        raise KeyError(key)

    def setting(self, event: Event) -> Setting:
        """An open meeting is judged by the reading of today, one that was held by that of its day."""
        return Setting(self.calendar, self.reading(event.held_on or self.today))

    def moved(self, key: str, part: Part, day: date | None) -> Case:
        """The same student with one day of one meeting moved. Raises ``KeyError`` where there is no such meeting."""
        moved = self.event(key).with_day(part, day)
        return replace(self, events=tuple(moved if one.key == key else one for one in self.events))

    def under(self, calendar: Calendar) -> Case:
        return replace(self, calendar=calendar)

    def situation_now(self) -> Situation | None:
        """The situation with the meetings as they are here."""
        if self.situation is None:
            return None
        final = [one for one in self.held() if one.is_final]
        days = {one.number: one for one in self.events if one.number is not None}
        meetings = tuple(
            replace(one, referred_on=now.referred_on, consent_on=now.consent_on, held_on=now.held_on)
            if (now := days.get(one.key)) is not None
            else one
            for one in self.situation.meetings
        )
        return replace(
            self.situation,
            last_plan_review_on=max(
                (d for e in final if e.starts_review_clock and (d := e.held_on)), default=None
            ),
            last_evaluation_on=max(
                (d for e in final if e.starts_evaluation_clock and (d := e.held_on)), default=None
            ),
            meetings=meetings,
        )

    def held(self) -> list[Event]:
        """Those that were held, or would be, the earliest first."""
        found = [one for one in self.events if one.held_on is not None]
        return sorted(found, key=lambda one: (one.held_on or date.max, one.key))
