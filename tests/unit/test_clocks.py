"""Every clock against dates counted by hand: those of the reference, and our own with their working.

``tests/data/clocks/by_hand.csv`` was counted on paper from the law and the two calendars, before the code ran.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest

from manzanita.domain.calendars import NO_CALENDAR, Tolling, calendar_for
from manzanita.domain.calendars.csv_file import read_calendar_csv
from manzanita.domain.clocks import CLOCKS, Setting, clock

DATA = Path(__file__).parents[1] / "data"
CALENDARS = {
    "worked-example": DATA / "expected" / "calendar_worked-example.csv",
    "foothill": DATA / "clocks" / "calendar_foothill.csv",
}
# What those who count back, or count spans that are given, do not have: days in a row from the start.
NOT_FROM_THE_START = {"meeting-notice", "removal-days", "transfer-30", "transfer-out-of-state"}


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [pytest.param(row, id=f"{row['clock']}-{number}") for number, row in enumerate(csv.DictReader(file), 2)]


@cache
def _calendar(name, school, track):
    if not name:
        return NO_CALENDAR
    return calendar_for(read_calendar_csv(CALENDARS[name].read_text(encoding="utf-8")), school=school, track=track)


def _answer(row):
    wanted = clock(row["clock"])
    given = wanted.read(dict(pair.split("=", 1) for pair in row["given"].split()))
    calendar = _calendar(row["calendar"], row.get("school", ""), row.get("track", ""))
    return wanted.answer(given, Setting(calendar, Tolling(row["tolling"] or "A")))


def _iso(day):
    return day.isoformat() if day else ""


@pytest.mark.parametrize("row", _rows(DATA / "expected" / "clocks.csv"))
def test_the_reference_to_the_day(row):
    assert _iso(_answer(row).statutory_due_on) == row["statutory_due_on"]


HAND = _rows(DATA / "clocks" / "by_hand.csv")


@pytest.mark.parametrize("row", HAND)
def test_what_was_counted_by_hand(row):
    answer = _answer(row)
    assert (_iso(answer.statutory_due_on), _iso(answer.state_due_on)) == (
        row["statutory_due_on"],
        row["state_due_on"],
    ), row["working"]


def test_enough_was_counted_by_hand_and_no_clock_was_forgotten():
    rows = [param.values[0] for param in HAND]
    assert len(rows) >= 100
    assert {row["clock"] for row in rows} == set(CLOCKS)
    assert all(row["working"] for row in rows)
