"""What a plan is made of: reviews that come due, and what there is to hold them with.

A plan is one case manager's: of two meetings at the same time one has to move, so a day holds at most one meeting for
each of its times. What others have booked takes rooms and interpreters away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import lru_cache
from itertools import pairwise

from manzanita.domain.calendars import Calendar
from manzanita.domain.clocks.reviews import NOTICE_DAYS as NOTICE_DAYS

SATURDAY = 5


class PlanningError(ValueError):
    """A request that no plan can answer; the message says the fix."""


def minutes_of(at: time) -> int:
    return at.hour * 60 + at.minute


def overlap(starts: time, minutes: int, other: time, other_minutes: int) -> bool:
    first, second = minutes_of(starts), minutes_of(other)
    return first < second + other_minutes and second < first + minutes


@dataclass(frozen=True, slots=True)
class Slot:
    """A time of a school day at which a meeting may begin, with the minutes that it may take."""

    starts: time
    minutes: int = 60


@dataclass(frozen=True, slots=True)
class Days:
    """The weekdays (Monday is 0) from ``first`` to ``last`` inclusive; ``None`` is without end."""

    weekdays: frozenset[int] = frozenset(range(SATURDAY))
    first: date | None = None
    last: date | None = None

    def __contains__(self, day: date) -> bool:
        begun = self.first is None or self.first <= day
        return day.weekday() in self.weekdays and begun and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Room:
    """A room for one meeting at a time, at the school ``site``, or for every school of the LEA where that is blank."""

    key: str
    name: str
    site: str = ""
    days: Days = field(default_factory=Days)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Somebody who interprets one meeting at a time, at every school of the LEA."""

    key: str
    name: str
    language: str
    days: Days = field(default_factory=Days)


@dataclass(frozen=True, slots=True)
class Place:
    """When and with what a meeting is held. ``room`` and ``interpreter`` are keys, blank where none is needed."""

    day: date
    slot: Slot
    room: str = ""
    interpreter: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """One review that comes due: no meeting before ``not_before``, and none after ``due_on``.

    ``language`` is that of the interpreter whom the family needs, blank without. ``now`` is where the meeting is
    planned already: it stays there unless another day spreads the meetings better.
    """

    key: str
    due_on: date
    not_before: date
    site: str = ""
    language: str = ""
    needs_room: bool = True
    minutes: int = 60
    now: Place | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """A meeting that stays where it is; ``is_own``: of the same case manager, whose time it takes."""

    place: Place
    is_own: bool = False

    def takes(self, day: date, starts: time, minutes: int) -> bool:
        own = self.place
        return own.day == day and overlap(own.slot.starts, own.slot.minutes, starts, minutes)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many meetings the case manager holds a day and a week (Monday to Sunday), how early the family is told."""

    per_day: int = 2
    per_week: int = 4
    notice_days: int = NOTICE_DAYS


@dataclass(frozen=True, slots=True)
class Request:
    """Everything a plan depends on. ``calendars`` by site; a site without one has every weekday as a school day.

    Raises :class:`PlanningError` for two needs of one key, times that overlap, or limits that are none.
    """

    today: date
    needs: Sequence[Need]
    slots: Sequence[Slot]
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    rooms: Sequence[Room] = ()
    interpreters: Sequence[Interpreter] = ()
    bookings: Sequence[Booking] = ()
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if len({one.key for one in self.needs}) < len(self.needs):
            raise PlanningError("Two reviews have one key: each student is planned once.")
        if not self.slots:
            raise PlanningError("There is no time of day for a meeting: give one, for instance 8:00 am.")
        for one, after in pairwise(sorted(self.slots, key=lambda slot: slot.starts)):
            if overlap(one.starts, one.minutes, after.starts, after.minutes):
                raise PlanningError(
                    f"The times {one.starts:%H:%M} and {after.starts:%H:%M} overlap: a meeting that begins at "
                    f"{one.starts:%H:%M} may take {one.minutes} minutes. Leave more time between them."
                )
        if min(self.limits.per_day, self.limits.per_week) < 1 or self.limits.notice_days < 0:
            raise PlanningError("At least one meeting a day and a week is needed, and no negative notice.")

    @property
    def first_day(self) -> date:
        """The first day of which the family can still be told in time."""
        return self.today + timedelta(days=max(self.limits.notice_days, 1))

    def is_school_day(self, site: str, day: date) -> bool:
        calendar = self.calendars.get(site)
        return day.weekday() < SATURDAY if calendar is None else calendar.is_school_day(day)

    def window(self, need: Need) -> tuple[date, date]:
        """First and last day on which the meeting is in time; the first is later than the last where there is none."""
        return max(need.not_before, self.first_day), need.due_on

    def rooms_on(self, need: Need, day: date, slot: Slot) -> list[Room]:
        """Rooms at the student's school that are free then."""
        taken = self.taken(day, slot.starts, need.minutes)
        return [
            one
            for one in self.rooms
            if one.site in ("", need.site) and day in one.days and one.key not in taken
        ]

    def interpreters_on(self, need: Need, day: date, slot: Slot) -> list[Interpreter]:
        taken = self.taken(day, slot.starts, need.minutes)
        return [
            one
            for one in self.interpreters
            if one.language.casefold() == need.language.casefold()
            and day in one.days
            and one.key not in taken
        ]

    def taken(self, day: date, starts: time, minutes: int) -> set[str]:
        """Keys of the rooms and interpreters that others have then."""
        return {
            key
            for one in self.bookings
            if one.takes(day, starts, minutes)
            for key in (one.place.room, one.place.interpreter)
            if key
        }

    def is_busy(self, day: date, slot: Slot, minutes: int) -> bool:
        """Does the case manager hold another meeting then that stays?"""
        return any(one.is_own and one.takes(day, slot.starts, minutes) for one in self.bookings)

    def own_on(self, day: date) -> int:
        return sum(one.is_own and one.place.day == day for one in self.bookings)

    def own_in(self, week: date) -> int:
        return sum(one.is_own and week_of(one.place.day) == week for one in self.bookings)


# Asked for every place of every need, again and again.
@lru_cache(maxsize=4096)
def week_of(day: date) -> date:
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())
