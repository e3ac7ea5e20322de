"""Who plans, and what speaks against a day that somebody chose by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.planning import Need, Request, Slot
from manzanita.domain.planning.asking import week_of
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.planning import Review, Situation, may_plan
from manzanita.platform import clock


def refuse_unless_may(actor: Actor, manager_id: int) -> None:
    if not may_plan(actor, manager_id):
        text = "This caseload is planned by its case manager, and by whoever holds meetings for the district."
        way_out = "Ask the case manager, or the SEDS coordinator."
        raise NotPossible([Reason("not-yours", text, Owner.COORDINATOR, way_out)])


@dataclass(frozen=True, slots=True)
class Wish:
    """A day by hand; room and interpreter are keys of ``PlanningSupply``."""

    day: date
    starts: time
    minutes: int
    room_id: int | None = None
    interpreter_id: int | None = None
    is_locked: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """What speaks against a day by hand: ``refused`` forbids it, ``warned`` is for whoever decides to know."""

    refused: Sequence[Reason]
    warned: Sequence[Reason]


def judge_wish(situation: Situation, review: Review, wish: Wish) -> Judged:
    """A day by hand may break what a plan keeps, but not what cannot be: the past, one room for two meetings."""
    request = situation.request(besides=review.student.pk)
    slot = Slot(wish.starts, wish.minutes)
    need = Need(
        review.key, review.due_on, review.due_on, review.school_code, review.language, minutes=wish.minutes
    )
    refused, warned = [], []
    if wish.day < clock.today():
        refused.append(_team("past", f"{wish.day} has passed.", "Choose a day from today on."))
    if any(one.is_own and one.takes(wish.day, wish.starts, wish.minutes) for one in request.bookings):
        refused.append(
            _team(
                "busy",
                "The case manager has another planned meeting then.",
                "Choose another time, or move that one.",
            )
        )
    taken = request.taken(wish.day, wish.starts, wish.minutes)
    rooms = {one.key for one in request.rooms_on(need, wish.day, slot)}
    people = {one.key for one in request.interpreters_on(need, wish.day, slot)}
    for key, free, word in (
        (wish.room_id, rooms, "room"),
        (wish.interpreter_id, people, "interpreter"),
    ):
        if key is not None and str(key) in taken:
            refused.append(
                _team(f"{word}-taken", f"Another meeting has the {word} then.", "Choose another time or one.")
            )
        elif key is not None and str(key) not in free:
            warned.append(
                _team(
                    f"{word}-day", f"By the list the {word} is not there on that day.", f"Ask for the {word}."
                )
            )
    warned += _warnings(request, review, wish)
    return Judged(refused, warned)


def _warnings(request: Request, review: Review, wish: Wish) -> list[Reason]:
    found = []
    if wish.day > review.due_on:
        found.append(
            Reason(
                "late",
                f"It is due on {review.due_on}: on that day it would be late.",
                Owner.TEAM,
                "Record the reason for the delay when the meeting is held.",
                source="Education Code 56343(d), 56380, 56381",
            )
        )
    if not request.is_school_day(review.school_code, wish.day):
        found.append(
            _team("no-school", f"{wish.day} is no school day by the calendar.", "Ask who has to come.")
        )
    if clock.today() <= wish.day < request.first_day:
        found.append(
            Reason(
                "notice",
                f"The family would be told less than {request.limits.notice_days} days before.",
                Owner.TEAM,
                "Ask whether that suits them.",
                source="Education Code 56341.5; the number of days is practice",
                confidence="unverified",
            )
        )
    if review.language and wish.interpreter_id is None:
        found.append(
            Reason(
                "no-interpreter",
                f"The family speaks {review.language}, and no interpreter is chosen.",
                Owner.TEAM,
                "Choose one, or say on the notice how the family will follow the meeting.",
                source="Education Code 56341.5",
            )
        )
    own = [one.place.day for one in request.bookings if one.is_own]
    if own.count(wish.day) >= request.limits.per_day:
        found.append(
            _team(
                "day-full", f"More than {request.limits.per_day} meetings on that day.", "It is your choice."
            )
        )
    week = week_of(wish.day)
    if sum(week_of(day) == week for day in own) >= request.limits.per_week:
        text = f"More than {request.limits.per_week} meetings in that week."
        found.append(_team("week-full", text, "It is your choice."))
    return found


def _team(code: str, text: str, way_out: str) -> Reason:
    return Reason(code, text, Owner.TEAM, way_out)
