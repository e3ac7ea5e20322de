"""A caseload is planned: by hand what is expected, and what holds of any plan.

November 2026: the 2nd, 9th, 16th, 23rd and 30th are Mondays. Today is Monday, November 2; with ten days' notice the
first day that can be planned is Thursday, November 12.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manzanita.domain.calendars import Calendar, Period, PeriodKind
from manzanita.domain.planning import (
    Booking,
    Days,
    Interpreter,
    Limits,
    Need,
    Place,
    PlanningError,
    Request,
    Room,
    Slot,
    place_needs,
    plan,
)

TODAY = date(2026, 11, 2)
EIGHT, TEN = Slot(time(8)), Slot(time(10))
WITHOUT_THANKSGIVING = Calendar(
    [
        Period(date(2026, 8, 17), date(2027, 6, 4), PeriodKind.TERM),
        Period(date(2026, 11, 23), date(2026, 11, 27), PeriodKind.BREAK),
    ]
)
ROOM = Room("r1", "Room 12")


def need(key: str, due: date, **more) -> Need:
    return Need(key, due, **({"not_before": TODAY} | more))


def request(*needs: Need, **more) -> Request:
    told = {"today": TODAY, "slots": [EIGHT, TEN], "rooms": [ROOM], "calendars": {"": WITHOUT_THANKSGIVING}}
    return Request(needs=needs, **(told | more))


def days_of(found) -> dict[str, date]:
    return {one.need.key: one.place.day for one in found.placements}


# By hand


def test_one_review_stands_three_weeks_before_it_is_due():
    # Three weeks before Wednesday, December 9 is Wednesday, November 18.
    found = plan(request(need("oak", date(2026, 12, 9))))
    (one,) = found.placements
    assert (one.place.day, one.place.slot, one.place.room) == (date(2026, 11, 18), Slot(time(8), 60), "r1")
    assert found.because["oak"] == (
        "21 days before it is due",
        "the family is told by 2026-11-08, 10 days before",
        "the only meeting of its week, where at most 4 are planned",
        "Room 12 is free then",
    )


def test_no_meeting_in_a_break_though_its_best_day_lies_there():
    # Three weeks before December 16 is November 25, in the break; November 20 is five days away, 30 is, too.
    found = place_needs(request(need("oak", date(2026, 12, 16))))
    assert days_of(found) == {"oak": date(2026, 11, 20)}


@pytest.mark.parametrize(
    ("due", "code"),
    [
        (date(2026, 11, 1), "overdue"),
        (date(2026, 11, 2), "notice"),
        (date(2026, 11, 11), "notice"),
        (date(2026, 11, 12), None),
    ],
)
def test_the_days_before_notice_can_be_given_are_told_apart(due, code):
    found = plan(request(need("oak", due)))
    assert [one.reason.code for one in found.unplaced] == ([code] if code else [])
    if code:
        assert found.unplaced[0].first_free_on == date(2026, 11, 12)
    else:
        assert days_of(found) == {"oak": date(2026, 11, 12)}


def test_four_reviews_of_one_due_date_spread_over_four_weeks():
    # Weeks of 11/16, 11/30, 12/07, 12/14 (the 23rd is a break) lie nearest to the best day, December 4.
    due = date(2026, 12, 25)
    found = place_needs(request(*(need(f"s{number}", due) for number in range(4))))
    weeks = Counter(day - timedelta(days=day.weekday()) for day in days_of(found).values())
    assert weeks == {
        date(2026, 11, 16): 1,
        date(2026, 11, 30): 1,
        date(2026, 12, 7): 1,
        date(2026, 12, 14): 1,
    }


def test_who_is_due_earlier_is_planned_earlier():
    # Two Mondays are left to both; each alone would like the later one best.
    mondays = Room("r1", "Room 12", days=Days(frozenset([0])))
    needs = (need("a", date(2027, 1, 4)), need("b", date(2027, 1, 6)))
    for given_in in (needs, needs[::-1]):
        found = place_needs(request(*given_in, rooms=[mondays], limits=Limits(per_week=1)))
        # Three weeks before are 12/14 and 12/16: the 14th and the 7th or 21st, the earlier for who is due earlier.
        days = days_of(found)
        assert days["a"] < days["b"]


def test_who_is_due_first_is_planned_where_not_all_can_be():
    only = request(
        need("late", date(2026, 11, 16)),
        need("soon", date(2026, 11, 12)),
        need("next", date(2026, 11, 13)),
        slots=[EIGHT],
        limits=Limits(per_day=1, per_week=2),
    )
    # One place each on Thursday, Friday and Monday, and two a week: all three.
    assert days_of(place_needs(only)) == {
        "soon": date(2026, 11, 12),
        "next": date(2026, 11, 13),
        "late": date(2026, 11, 16),
    }
    found = plan(replace(only, limits=Limits(per_day=1, per_week=1)))
    assert days_of(found) == {"soon": date(2026, 11, 12), "late": date(2026, 11, 16)}
    (one,) = found.unplaced
    assert (one.need.key, one.reason.code) == ("next", "full")
    assert "at most 1 are planned a day and 1 a week" in one.reason.text
    # A second meeting a week is Friday's; a second a day helps only with a second a week.
    assert "one more meeting a week" in one.helps
    assert "one more meeting a day" not in one.helps and "one more room" not in one.helps


def test_others_move_so_that_one_more_has_a_place():
    # Both may be held at 8 on Thursday; only "soon" must be. Placed first, it would stand there or on Friday.
    tight = request(
        need("soon", date(2026, 11, 12)),
        need("also", date(2026, 11, 12), minutes=60),
        need("free", date(2026, 11, 13)),
        slots=[EIGHT, TEN],
        limits=Limits(per_day=2, per_week=3),
    )
    assert days_of(place_needs(tight)) == {
        "soon": date(2026, 11, 12),
        "also": date(2026, 11, 12),
        "free": date(2026, 11, 13),
    }


def test_an_interpreter_comes_on_tuesdays_only():
    tuesdays = Interpreter("i1", "County interpreter", "Spanish", Days(frozenset([1])))
    asked = need("oak", date(2026, 12, 9), language="spanish")
    (one,) = plan(request(asked, interpreters=[tuesdays])).placements
    assert (one.place.day, one.place.interpreter) == (date(2026, 11, 17), "i1")
    (left,) = plan(request(asked)).unplaced
    assert (left.reason.code, left.reason.owner.value) == ("no-interpreter", "SEDS coordinator")
    assert left.reason.text == "No interpreter of spanish is listed."
    assert left.helps == ("one more interpreter of spanish",)
    gone = replace(tuesdays, days=Days(frozenset([1]), last=date(2026, 11, 10)))
    (left,) = plan(request(asked, interpreters=[gone])).unplaced
    assert left.reason.text == (
        "No interpreter of spanish is free on a school day from 2026-11-12 to 2026-12-09."
    )


def test_a_room_of_another_school_is_none():
    asked = need("oak", date(2026, 12, 9), site="here")
    (left,) = plan(request(asked, rooms=[Room("r1", "Room 12", "there")])).unplaced
    assert left.reason.code == "no-room" and left.helps == ("one more room",)
    assert days_of(plan(request(replace(asked, needs_room=False), rooms=[]))) == {"oak": date(2026, 11, 18)}


def test_room_and_interpreter_that_never_meet():
    asked = need("oak", date(2026, 12, 9), language="Spanish")
    tuesdays = Interpreter("i1", "County interpreter", "Spanish", Days(frozenset([1])))
    mondays = Room("r1", "Room 12", days=Days(frozenset([0])))
    (left,) = plan(request(asked, interpreters=[tuesdays], rooms=[mondays])).unplaced
    assert left.reason.code == "not-together"


def test_a_summer_has_no_school_day():
    calendar = Calendar([Period(date(2026, 8, 17), date(2026, 11, 13), PeriodKind.TERM)])
    # Without a day after the term in the calendar nothing is known of it: a summer says that there is no school.
    calendar = Calendar([*calendar.periods, Period(date(2026, 11, 14), date(2027, 1, 10), PeriodKind.SUMMER)])
    asked = need("oak", date(2026, 12, 9), not_before=date(2026, 11, 16))
    (left,) = plan(request(asked, calendars={"": calendar})).unplaced
    assert left.reason.code == "no-school"
    assert left.reason.text == "There is no school day from 2026-11-16 to 2026-12-09."
    assert left.helps == ("planning 30 days earlier",) and left.first_free_on == date(2027, 1, 11)


def test_what_takes_longer_than_any_time_of_day():
    (left,) = plan(request(need("oak", date(2026, 12, 9), minutes=90))).unplaced
    assert left.reason.code == "too-long"
    long = request(need("oak", date(2026, 12, 9), minutes=90), slots=[EIGHT, Slot(time(13), 90)])
    (one,) = plan(long).placements
    assert one.place.slot == Slot(time(13), 90)


def test_what_stays_takes_room_interpreter_and_time():
    due = date(2026, 11, 12)
    others = Booking(Place(due, Slot(time(8, 30), 60), "r1"))
    (one,) = plan(request(need("oak", due), bookings=[others])).placements
    assert one.place.slot.starts == time(10)
    own = Booking(Place(due, Slot(time(9, 30), 60)), is_own=True)
    (left,) = plan(request(need("oak", due), bookings=[others, own])).unplaced
    assert left.reason.code == "no-room"
    (left,) = plan(request(need("oak", due, needs_room=False), slots=[TEN], bookings=[own])).unplaced
    assert left.reason.code == "busy"
    # At 8 the case manager is free, and nothing needs the room.
    (one,) = plan(request(need("oak", due, needs_room=False), bookings=[others, own])).placements
    assert (one.place.slot.starts, one.in_day) == (time(8), 2)


def test_what_is_planned_already_stays_where_nothing_crowds():
    now = Place(date(2026, 11, 13), Slot(time(10), 60), "r1")
    asked = need("oak", date(2026, 12, 9), now=now)
    (one,) = plan(request(asked)).placements
    assert one.place == now and not one.is_moved
    # On a day that has become one without school it cannot stay.
    (one,) = plan(request(replace(asked, now=replace(now, day=date(2026, 11, 23))))).placements
    assert one.place.day == date(2026, 11, 20) and one.is_moved


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"slots": []}, "no time of day"),
        ({"slots": [EIGHT, Slot(time(8, 45))]}, "overlap"),
        ({"limits": Limits(per_day=0)}, "At least one"),
        ({"needs": [need("a", TODAY), need("a", TODAY)]}, "Two reviews"),
    ],
)
def test_a_request_that_no_plan_can_answer(more, words):
    with pytest.raises(PlanningError, match=words):
        Request(**({"today": TODAY, "needs": [], "slots": [EIGHT]} | more))


# Of any plan

LANGUAGES = ("", "", "Spanish", "Hmong")


@st.composite
def requests(draw) -> Request:
    def days() -> Days:
        return Days(frozenset(draw(st.sets(st.integers(0, 4), min_size=1, max_size=5))))

    needs = []
    for number in range(draw(st.integers(0, 9))):
        due = TODAY + timedelta(days=draw(st.integers(-3, 34)))
        needs.append(
            Need(
                f"s{number}",
                due,
                due - timedelta(days=draw(st.integers(0, 30))),
                site=draw(st.sampled_from(["a", "b"])),
                language=draw(st.sampled_from(LANGUAGES)),
                needs_room=draw(st.booleans()),
                minutes=draw(st.sampled_from([60, 90])),
            )
        )
    booked = TODAY + timedelta(days=draw(st.integers(10, 25)))
    return Request(
        today=TODAY,
        needs=needs,
        slots=draw(st.sampled_from([[EIGHT], [EIGHT, Slot(time(10), 90)]])),
        calendars={"a": WITHOUT_THANKSGIVING},
        rooms=[Room(f"r{n}", f"Room {n}", draw(st.sampled_from(["", "a"])), days()) for n in range(2)],
        interpreters=[
            Interpreter(f"i{n}", f"I {n}", draw(st.sampled_from(LANGUAGES[2:])), days()) for n in range(2)
        ],
        bookings=[Booking(Place(booked, EIGHT, "r0"), is_own=draw(st.booleans()))],
        limits=Limits(draw(st.integers(1, 2)), draw(st.integers(1, 3))),
    )


@given(requests())
@settings(max_examples=150, deadline=None)
def test_what_holds_of_every_placement(asked):
    found = plan(asked)
    placed, left = [one.need.key for one in found.placements], [one.need.key for one in found.unplaced]
    assert sorted([*placed, *left]) == sorted(one.key for one in asked.needs)
    assert found == plan(replace(asked, needs=list(reversed(asked.needs))))
    own = [one.place.day for one in asked.bookings if one.is_own]
    day_load, week_load = Counter(own), Counter(day.isocalendar()[:2] for day in own)
    times = set()
    for one in found.placements:
        day, slot = one.place.day, one.place.slot
        assert max(one.need.not_before, date(2026, 11, 12)) <= day <= one.need.due_on
        assert day.weekday() < 5
        assert one.need.site == "b" or not date(2026, 11, 23) <= day <= date(2026, 11, 27)
        assert (day, slot.starts) not in times
        times.add((day, slot.starts))
        day_load[day] += 1
        week_load[day.isocalendar()[:2]] += 1
        assert bool(one.place.room) == one.need.needs_room
        assert bool(one.place.interpreter) == bool(one.need.language)
        if one.need.needs_room:
            room = next(room for room in asked.rooms if room.key == one.place.room)
            assert day.weekday() in room.days.weekdays and room.site in ("", one.need.site)
            assert (day, slot.starts, room.key) != (asked.bookings[0].place.day, time(8), "r0")
        if one.need.language:
            who = next(who for who in asked.interpreters if who.key == one.place.interpreter)
            assert day.weekday() in who.days.weekdays and who.language == one.need.language
    assert all(count <= max(asked.limits.per_day, own.count(day)) for day, count in day_load.items())
    assert all(count <= asked.limits.per_week for count in week_load.values())
    for one in found.unplaced:
        assert one.reason.text and one.reason.way_out
        if one.need.due_on >= date(2026, 11, 12) and one.first_free_on is not None:
            assert one.first_free_on > one.need.due_on


@given(requests(), st.integers(0, 4))
@settings(max_examples=200, deadline=None)
def test_more_of_anything_never_plans_fewer(asked, which):
    more = [
        {"limits": replace(asked.limits, per_day=asked.limits.per_day + 1)},
        {"limits": replace(asked.limits, per_week=asked.limits.per_week + 1)},
        {"rooms": [*asked.rooms, Room("r9", "Room 9", "b", Days(frozenset([2])))]},
        {"interpreters": [*asked.interpreters, Interpreter("i9", "I 9", "Hmong", Days(frozenset([3])))]},
        {"slots": [*asked.slots, Slot(time(13), 90)]},
    ][which]
    assert len(place_needs(replace(asked, **more)).left) <= len(place_needs(asked).left)


@given(requests())
@settings(max_examples=60, deadline=None)
def test_no_plan_places_more(asked):
    """Against trying everything, on requests small enough."""
    small = replace(asked, needs=asked.needs[:5], bookings=[])
    found = place_needs(small)
    spots = {}
    for one in small.needs:
        alone = replace(small, needs=[one])
        spots[one.key] = [
            (day, slot.starts)
            for number in range(40)
            for slot in small.slots
            for day in [TODAY + timedelta(days=number)]
            if max(one.not_before, date(2026, 11, 12)) <= day <= one.due_on
            and alone.is_school_day(one.site, day)
            and one.minutes <= slot.minutes
            and (not one.needs_room or alone.rooms_on(one, day, slot))
            and (not one.language or alone.interpreters_on(one, day, slot))
        ]

    def best(keys: list[str], taken: list) -> int:
        if not keys:
            return 0
        most = best(keys[1:], taken)
        for day, starts in spots[keys[0]]:
            week = day.isocalendar()[:2]
            if most == len(keys):
                return most
            if (
                (day, starts) not in taken
                and sum(one[0] == day for one in taken) < small.limits.per_day
                and sum(one[0].isocalendar()[:2] == week for one in taken) < small.limits.per_week
            ):
                most = max(most, 1 + best(keys[1:], [*taken, (day, starts)]))
        return most

    # Trying everything is for few places only.
    if sum(map(len, spots.values())) <= 40:
        assert len(found.placements) == best([one.key for one in small.needs], [])
