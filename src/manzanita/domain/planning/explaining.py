"""Why a meeting is planned where it is, and why one has no place: whose job it is, and what would help.

What would help is not guessed: each way is tried on the whole plan, and told where this meeting gets a place by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from manzanita.domain.findings import Owner, Reason
from manzanita.domain.planning.asking import Interpreter, Need, Request, Room, Slot, week_of
from manzanita.domain.planning.placing import Placement, Plan, is_possible, place_needs

_LOOKS_AHEAD = 180
_EARLIER = timedelta(days=30)
WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays")


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A need without a place: why, what would give it one, and the first day after its due date that is free."""

    need: Need
    reason: Reason
    helps: Sequence[str] = ()
    first_free_on: date | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with its words. ``because`` by key of the need."""

    placements: Sequence[Placement]
    unplaced: Sequence[Unplaced]
    because: Mapping[str, Sequence[str]]


def plan(request: Request) -> Planned:
    """Plan the needs and explain each; the same request has the same answer."""
    found = place_needs(request)
    ways = _ways(request, found.left)
    return Planned(
        found.placements,
        [_unplaced(request, found, need, ways) for need in found.left],
        {one.need.key: tuple(_because(request, one)) for one in found.placements},
    )


def _because(request: Request, one: Placement) -> Iterator[str]:
    need, place, limits = one.need, one.place, request.limits
    before = (need.due_on - place.day).days
    yield f"{before} day{'' if before == 1 else 's'} before it is due" if before else "on the day it is due"
    notice_by = place.day - timedelta(days=limits.notice_days)
    yield f"the family is told by {notice_by}, {limits.notice_days} days before"
    alone = "the only meeting" if one.in_week == 1 else f"one of {one.in_week} meetings"
    yield f"{alone} of its week, where at most {limits.per_week} are planned"
    if need.needs_room:
        room = next(room for room in request.rooms if room.key == place.room)
        yield f"{room.name} is free then"
    if need.language:
        person = next(who for who in request.interpreters if who.key == place.interpreter)
        yield f"{person.name} interprets {need.language} then"


def _unplaced(request: Request, found: Plan, need: Need, ways: Mapping[str, frozenset[str]]) -> Unplaced:
    reason = _why(request, need)
    helps = tuple(way for way, placed in ways.items() if need.key in placed)
    return Unplaced(need, reason, helps, _first_free(request, found, need))


def _why(request: Request, need: Need) -> Reason:
    """The first that is true of: no day left, no school, too long, nobody to interpret, no room, all taken."""
    first, last = request.window(need)
    if need.due_on < request.today:
        return _reason(
            "overdue",
            f"It was due on {need.due_on}.",
            "Hold it on the first day that suits everybody, and record the reason for the delay.",
            source="Education Code 56343(d), 56380, 56381",
        )
    if need.due_on < request.first_day:
        return _reason(
            "notice",
            f"It is due on {need.due_on}, sooner than the family can be told {request.limits.notice_days} days before.",
            "Ask the family whether a shorter notice suits them, and plan the day by hand.",
            source="Education Code 56341.5; the number of days is practice",
            confidence="unverified",
        )
    if first > last:
        return _reason(
            "too-early",
            f"It is due on {need.due_on}, and nothing is planned before {need.not_before}.",
            "Let meetings be planned earlier.",
        )
    days = [
        day
        for number in range((last - first).days + 1)
        if request.is_school_day(need.site, day := first + timedelta(days=number))
    ]
    span = f"from {first} to {last}"
    if not days:
        return _reason(
            "no-school",
            f"There is no school day {span}.",
            "Let meetings be planned earlier, so that it is held before the break.",
        )
    if need.minutes > max(slot.minutes for slot in request.slots):
        return _reason(
            "too-long",
            f"It takes {need.minutes} minutes, more than any time of day leaves.",
            "Give a time of day with more minutes.",
        )
    times = [(day, slot) for day in days for slot in request.slots if slot.minutes >= need.minutes]
    return _why_no_time(request, need, times, span)


def _why_no_time(request: Request, need: Need, times: Sequence[tuple[date, Slot]], span: str) -> Reason:
    alone = replace(need, language="", needs_room=False)
    if need.language and not any(
        is_possible(request, replace(need, needs_room=False), *one) for one in times
    ):
        known = any(one.language.casefold() == need.language.casefold() for one in request.interpreters)
        return _reason(
            "no-interpreter",
            f"No interpreter of {need.language} is free on a school day {span}."
            if known
            else f"No interpreter of {need.language} is listed.",
            f"Book an interpreter of {need.language} for a day in that time, and list the day.",
            owner=Owner.COORDINATOR,
            source="Education Code 56341.5",
        )
    if need.needs_room and not any(is_possible(request, replace(need, language=""), *one) for one in times):
        return _reason(
            "no-room",
            f"No room of the school is free on a school day {span}.",
            "List a further room, or more days of one; or plan the meeting without a room.",
            owner=Owner.COORDINATOR,
        )
    if not any(is_possible(request, alone, *one) for one in times):
        return _reason(
            "busy",
            f"Meetings that stay where they are take every time {span}.",
            "Move one of them by hand, or give a further time of day.",
        )
    if not any(is_possible(request, need, *one) for one in times):
        return _reason(
            "not-together",
            f"The room and the interpreter of {need.language} are never free together {span}.",
            "Bring the interpreter's days and those of a room together.",
            owner=Owner.COORDINATOR,
        )
    limits = request.limits
    return _reason(
        "full",
        f"Every place {span} is taken by meetings that are due no later; at most {limits.per_day} are planned a day "
        f"and {limits.per_week} a week.",
        "Allow more meetings a day or a week, give a further time of day, or hold some earlier.",
    )


def _reason(
    code: str,
    text: str,
    way_out: str,
    *,
    owner: Owner = Owner.TEAM,
    source: str = "",
    confidence: str = "seen",
) -> Reason:
    return Reason(code, text, owner, way_out, source=source, confidence=confidence)


def _ways(request: Request, left: Sequence[Need]) -> Mapping[str, frozenset[str]]:
    """Each way to make more room, with the keys of the needs without a place that get one by it."""
    missing = [one for one in left if one.due_on >= request.first_day]
    if not missing:
        return {}
    limits = request.limits
    tries = {
        "one more meeting a week": replace(request, limits=replace(limits, per_week=limits.per_week + 1)),
        "one more meeting a day": replace(request, limits=replace(limits, per_day=limits.per_day + 1)),
        "one more meeting a day and a week": replace(
            request, limits=replace(limits, per_day=limits.per_day + 1, per_week=limits.per_week + 1)
        ),
        "planning 30 days earlier": replace(
            request, needs=[replace(one, not_before=one.not_before - _EARLIER) for one in request.needs]
        ),
    }
    if any(one.needs_room for one in missing):
        tries["one more room"] = replace(request, rooms=[*request.rooms, Room("+", "one more room")])
    for language in sorted({one.language for one in missing if one.language}):
        more = [*request.interpreters, Interpreter("+", "one more interpreter", language)]
        tries[f"one more interpreter of {language}"] = replace(request, interpreters=more)
    keys = frozenset(one.key for one in missing)
    found = {way: keys - {one.key for one in place_needs(tried).left} for way, tried in tries.items()}
    both = "one more meeting a day and a week"
    # The two together are told only of those whom neither helps alone.
    found[both] -= found["one more meeting a week"] | found["one more meeting a day"]
    return found


def _first_free(request: Request, found: Plan, need: Need) -> date | None:
    """The first day with a place that the plan leaves free, also after the due date."""
    taken = {(one.place.day, one.place.slot.starts) for one in found.placements}
    in_day = [one.place.day for one in found.placements]
    in_week = [week_of(day) for day in in_day]
    for number in range(_LOOKS_AHEAD):
        day = max(request.first_day, need.not_before) + timedelta(days=number)
        week = week_of(day)
        if (
            request.is_school_day(need.site, day)
            and in_day.count(day) + request.own_on(day) < request.limits.per_day
            and in_week.count(week) + request.own_in(week) < request.limits.per_week
            and any(
                (day, slot.starts) not in taken and is_possible(request, need, day, slot)
                for slot in request.slots
            )
        ):
            return day
    return None
