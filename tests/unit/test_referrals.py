"""Referrals: which clock runs and until when, by hand; and what keeps one from being recorded."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from manzanita.domain.calendars import calendar_for
from manzanita.domain.calendars.csv_file import read_calendar_csv
from manzanita.domain.clocks import Setting, Tolling
from manzanita.domain.findings import Owner
from manzanita.domain.referrals import (
    WAITS,
    Asked,
    Waits,
    party_words,
    reasons_against_days,
    reasons_against_step,
    reasons_not_to_refer,
    waits_for,
)
from manzanita.domain.running_clocks import count, running_clocks
from manzanita.domain.situation import Referred, Situation

DATA = Path(__file__).parents[1] / "data"
CALENDAR = read_calendar_csv((DATA / "expected" / "calendar_worked-example.csv").read_text(encoding="utf-8"))
LEA, SCHOOL = "9910017", "9910018"
TODAY = date(2026, 11, 23)


def _rows():
    with (DATA / "clocks" / "referrals.csv").open(encoding="utf-8", newline="") as file:
        return [pytest.param(row, id=row["what"]) for row in csv.DictReader(file)]


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


@pytest.mark.parametrize("row", _rows())
def test_what_was_counted_by_hand(row):
    referred_on = _day(row["referred_on"])
    assert referred_on is not None
    waits = waits_for(_day(row["plan_given_on"]), row["answer"])
    now = Situation(
        today=referred_on, birth_on=_day(row["born"]), referrals=(Referred(LEA, SCHOOL, referred_on, waits),)
    )
    found = list(running_clocks(now))
    assert [one.clock for one in found] == ([row["clock"]] if row["clock"] else [])
    for one in found:
        assert (one.lea_code, one.school_code, one.started_on) == (LEA, SCHOOL, referred_on)
        setting = Setting(calendar_for(CALENDAR, school="", track=""), Tolling(row["tolling"]))
        assert count(one, setting).statutory_due_on == _day(row["due_on"]), row["working"]


def test_each_wait_says_what_ends_it_how_long_it_may_stand_and_by_which_rule():
    assert set(WAITS) == set(Waits)
    assert all(one.words and one.ends and one.stands and one.source for one in WAITS.values())
    assert party_words("30") == "student study team / intervention team"
    assert party_words("77") == "somebody not named"


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        (Asked(True), []),
        (Asked(True, "2"), []),
        (Asked(True, "4", is_enrolled_here=False), []),
        (Asked(False), ["no-referral"]),
        (Asked(True, "1"), ["participating"]),
        (
            Asked(True, left_on=date(2026, 10, 30), is_enrolled_here=False, is_enrolled_elsewhere=True),
            ["has-left"],
        ),
        (Asked(True, is_enrolled_here=False, is_enrolled_elsewhere=True), ["enrolled-elsewhere"]),
        # Who attends both districts is referred to either.
        (Asked(True, is_enrolled_elsewhere=True), []),
        (Asked(True, waits_since=TODAY, has_open_evaluation=True), ["referred-already"]),
        (Asked(True, has_open_evaluation=True), ["open-evaluation"]),
        (Asked(False, "1", waits_since=TODAY), ["no-referral", "participating", "referred-already"]),
    ],
)
def test_why_no_referral_can_be_recorded(asked, codes):
    found = list(reasons_not_to_refer(asked))
    assert [one.code for one in found] == codes
    assert all(one.text and one.way_out and one.source for one in found)


@pytest.mark.parametrize(
    ("on", "party", "known", "codes"),
    [
        (TODAY, "10", {}, []),
        (date(2026, 11, 24), "10", {}, ["future-date"]),
        (None, "", {}, ["no-day", "no-party"]),
        (TODAY, "77", {}, ["no-party"]),
        (date(2016, 5, 20), "10", {"birth_on": date(2016, 5, 20)}, []),
        (date(2016, 5, 19), "10", {"birth_on": date(2016, 5, 20)}, ["before-birth"]),
        (date(2026, 11, 2), "10", {"over_on": date(2026, 11, 2)}, ["before-last"]),
        (date(2026, 11, 3), "10", {"over_on": date(2026, 11, 2)}, []),
        (date(2026, 11, 3), "10", {"plan_given_on": date(2026, 11, 2)}, ["after-plan"]),
        (date(2026, 11, 2), "10", {"plan_given_on": date(2026, 11, 2)}, []),
    ],
)
def test_days_that_cannot_be(on, party, known, codes):
    found = list(reasons_against_days(on, party, today=TODAY, **known))
    assert [one.code for one in found] == codes
    assert all(one.owner is Owner.YOU for one in found)


@pytest.mark.parametrize(
    ("on", "codes"),
    [
        (None, ["no-day"]),
        (date(2026, 11, 24), ["future-date"]),
        (date(2026, 11, 15), ["before-referral"]),
        (date(2026, 11, 16), []),
        (TODAY, []),
    ],
)
def test_the_day_of_a_step(on, codes):
    found = reasons_against_step(on, "it was withdrawn", referred_on=date(2026, 11, 16), today=TODAY)
    assert [one.code for one in found] == codes
