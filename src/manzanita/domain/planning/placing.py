"""Which meeting goes where: as many as can be, those due first before others, then spread evenly.

Needs and places (a time of a day) are matched; days and weeks hold no more than their limits. The limits nest (a place
lies in a day, a day in a week), so a need that finds no free place gets one by moving others along a chain, where any
plan has room for it: no plan places more, and more rooms, interpreters, times or days never place fewer. Afterwards
meetings move one by one to where they crowd less and stand nearer to the day that is best for them.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from manzanita.domain.planning.asking import Interpreter, Need, Place, Request, Room, Slot, week_of

# How long before the due date a meeting is best: a second session, or a family that does not come, is still in time.
BEST_BEFORE_DUE = timedelta(days=21)
# Distance from the best day counts by its square, so that who is due earlier is also planned earlier: a second meeting
# in a week is worth 20 days of distance, on a day nearly 13. To leave a day that was planned already costs more.
_WEEK_WEIGHT, _DAY_WEIGHT, _LEAVING_WEIGHT = 200, 80, 20
_MOST_ROUNDS = 20

Spot = tuple[date, int]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one need's meeting is planned. ``in_week`` and ``in_day`` count all meetings of the case manager there."""

    need: Need
    place: Place
    in_day: int
    in_week: int

    @property
    def is_moved(self) -> bool:
        return self.need.now is not None and self.need.now != self.place


@dataclass(frozen=True, slots=True)
class Plan:
    """``placements`` by day and time; ``left`` are the needs without a place, the one due first first."""

    placements: Sequence[Placement]
    left: Sequence[Need]


def place_needs(request: Request) -> Plan:
    """The plan of a request; the same request has the same plan."""
    return _Board(request).plan()


class _Board:
    """Where everything stands while a plan is made."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.slots = sorted(request.slots, key=lambda one: one.starts)
        self.needs = sorted(request.needs, key=lambda one: (one.due_on, one.not_before, one.key))
        self._asked: dict[tuple[str, str, bool, int], dict[date, tuple[int, ...]]] = {}
        self.open_to = {one.key: tuple(self._spots_of(one)) for one in self.needs}
        self.can_be = {key: frozenset(spots) for key, spots in self.open_to.items()}
        self.at: dict[str, Spot] = {}
        self.held: dict[Spot, str] = {}
        self.day_load: Counter[date] = Counter()
        self.week_load: Counter[date] = Counter()
        for booking in request.bookings:
            if booking.is_own:
                self.day_load[booking.place.day] += 1
                self.week_load[week_of(booking.place.day)] += 1
        self.by_key = {one.key: one for one in self.needs}

    def plan(self) -> Plan:
        left = [need for need in self.needs if not (self._put_best(need) or self._put_by_moving(need))]
        for _ in range(_MOST_ROUNDS):
            # Each need looks anew: a list would not do, all of them have to.
            placed = [need for need in self.needs if need.key in self.at]
            if not sum(self._improve(need) for need in placed) + sum(map(self._exchange, placed)):
                break
        found = [self._placement(self.by_key[key], spot) for key, spot in self.at.items()]
        return Plan(sorted(found, key=lambda one: (one.place.day, one.place.slot.starts)), left)

    def _spots_of(self, need: Need) -> Iterator[Spot]:
        """Days and times at which the need could be met if nobody else were."""
        first, last = self.request.window(need)
        kind = (need.site, need.language.casefold(), need.needs_room, need.minutes)
        known = self._asked.setdefault(kind, {})
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            if day not in known:
                known[day] = tuple(self._times_on(need, day))
            yield from ((day, time) for time in known[day])

    def _times_on(self, need: Need, day: date) -> Iterator[int]:
        if not self.request.is_school_day(need.site, day):
            return
        for number, slot in enumerate(self.slots):
            if is_possible(self.request, need, day, slot):
                yield number

    def _is_free(self, spot: Spot) -> bool:
        day = spot[0]
        return spot not in self.held and self._has_day(day) and self._has_week(week_of(day))

    def _has_day(self, day: date) -> bool:
        return self.day_load[day] < self.request.limits.per_day

    def _has_week(self, week: date) -> bool:
        return self.week_load[week] < self.request.limits.per_week

    def _put(self, key: str, spot: Spot) -> None:
        self.at[key] = spot
        self.held[spot] = key
        self.day_load[spot[0]] += 1
        self.week_load[week_of(spot[0])] += 1

    def _take(self, key: str) -> Spot:
        spot = self.at.pop(key)
        del self.held[spot]
        self.day_load[spot[0]] -= 1
        self.week_load[week_of(spot[0])] -= 1
        return spot

    def _put_best(self, need: Need) -> bool:
        free = [spot for spot in self.open_to[need.key] if self._is_free(spot)]
        if free:
            self._put(need.key, min(free, key=lambda spot: (self._cost(need, spot), spot)))
        return bool(free)

    def _cost(self, need: Need, spot: Spot) -> int:
        """What it costs to add the meeting there: crowding grows with each one more."""
        day = spot[0]
        crowd = _WEEK_WEIGHT * (2 * self.week_load[week_of(day)] + 1) + _DAY_WEIGHT * (
            2 * self.day_load[day] + 1
        )
        return crowd + self._distance(need, spot)

    def _distance(self, need: Need, spot: Spot) -> int:
        day, number = spot
        if need.now is None:
            return (day - (need.due_on - BEST_BEFORE_DUE)).days ** 2
        is_other_time = self.slots[number].starts != need.now.slot.starts
        return _LEAVING_WEIGHT * abs((day - need.now.day).days) + is_other_time

    def _improve(self, need: Need) -> bool:
        """Move one meeting to where it costs less, if there is such a place."""
        before = self._take(need.key)
        self._put_best(need)
        after = self.at[need.key]
        if after == before:
            return False
        self._take(need.key)
        is_better = self._cost(need, after) < self._cost(need, before)
        self._put(need.key, after if is_better else before)
        return is_better

    def _exchange(self, need: Need) -> bool:
        """Let it and a later one change places where both can and stand better together. Crowds stay as they are."""
        for other in self.needs:
            if other.key not in self.at or (other.due_on, other.key) <= (need.due_on, need.key):
                continue
            mine, theirs = self.at[need.key], self.at[other.key]
            now = self._distance(need, mine) + self._distance(other, theirs)
            then = self._distance(need, theirs) + self._distance(other, mine)
            if then < now and theirs in self.can_be[need.key] and mine in self.can_be[other.key]:
                self._take(need.key)
                self._take(other.key)
                self._put(need.key, theirs)
                self._put(other.key, mine)
                return True
        return False

    def _put_by_moving(self, need: Need) -> bool:
        """Make room by a chain of moves, the shortest there is; whether there was one.

        ``came_from[key]`` is who takes the place that ``key`` leaves, and ``wants[key]`` what that one takes instead:
        the place itself, or another of the same day or week, which a meeting less there makes free.
        """
        came_from: dict[str, tuple[str, Spot]] = {}
        waiting = deque([need.key])
        seen, days_seen, weeks_seen = {need.key}, set[date](), set[date]()
        in_day: dict[date, list[str]] = defaultdict(list)
        in_week: dict[date, list[str]] = defaultdict(list)
        for key, spot in self.at.items():
            in_day[spot[0]].append(key)
            in_week[week_of(spot[0])].append(key)
        while waiting:
            key = waiting.popleft()
            for spot in self.open_to[key]:
                day, week = spot[0], week_of(spot[0])
                holder = self.held.get(spot)
                if holder is not None:
                    leaving = [holder]
                elif not self._has_day(day):
                    leaving = [] if day in days_seen else in_day[day]
                    days_seen.add(day)
                elif not self._has_week(week):
                    leaving = [] if week in weeks_seen else in_week[week]
                    weeks_seen.add(week)
                else:
                    self._follow(came_from, key, spot)
                    return True
                for other in leaving:
                    if other not in seen:
                        seen.add(other)
                        came_from[other] = (key, spot)
                        waiting.append(other)
        return False

    def _follow(self, came_from: Mapping[str, tuple[str, Spot]], key: str, spot: Spot) -> None:
        moves = [(key, spot)]
        while key in came_from:
            key, spot = came_from[key]
            moves.append((key, spot))
        for mover, _ in moves:
            if mover in self.at:
                self._take(mover)
        for mover, to in moves:
            self._put(mover, to)

    def _placement(self, need: Need, spot: Spot) -> Placement:
        day, number = spot
        slot = self.slots[number]
        room, interpreter = chosen_for(self.request, need, day, slot)
        taken = Slot(slot.starts, need.minutes)
        place = Place(day, taken, room.key if room else "", interpreter.key if interpreter else "")
        return Placement(need, place, self.day_load[day], self.week_load[week_of(day)])


def is_possible(request: Request, need: Need, day: date, slot: Slot) -> bool:
    """Can the meeting be held then, as far as its length, room, interpreter and what stays are concerned?"""
    return (
        need.minutes <= slot.minutes
        and not request.is_busy(day, slot, need.minutes)
        and (not need.needs_room or bool(request.rooms_on(need, day, slot)))
        and (not need.language or bool(request.interpreters_on(need, day, slot)))
    )


def chosen_for(request: Request, need: Need, day: date, slot: Slot) -> tuple[Room | None, Interpreter | None]:
    """The room and interpreter of a meeting then: those that it has, if they are free, else the first by name."""
    now = need.now
    rooms = request.rooms_on(need, day, slot) if need.needs_room else []
    people = request.interpreters_on(need, day, slot) if need.language else []
    room = min(rooms, key=lambda one: (now is None or one.key != now.room, one.name, one.key), default=None)
    person = min(
        people, key=lambda one: (now is None or one.key != now.interpreter, one.name, one.key), default=None
    )
    return room, person
