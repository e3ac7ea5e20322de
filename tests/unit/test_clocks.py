"""Every clock against dates counted by hand: those of the reference, and our own with their working.

``tests/data/clocks/by_hand.csv`` was counted on paper from the law and the two calendars, before the code ran.
"""

from __future__ import annotations

import csv
import gc
import weakref
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from manzanita.domain.calendars import NO_CALENDAR, Calendar, Period, PeriodKind, Tolling, calendar_for
from manzanita.domain.calendars.csv_file import read_calendar_csv
from manzanita.domain.clocks import CLOCKS, ClockError, Setting, clock, compute_many, due

DATA = Path(__file__).parents[1] / "data"
CALENDARS = {
    "worked-example": DATA / "expected" / "calendar_worked-example.csv",
    "foothill": DATA / "clocks" / "calendar_foothill.csv",
}


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [
            pytest.param(row, id=f"{row['clock']}-{number}")
            for number, row in enumerate(csv.DictReader(file), 2)
        ]


@cache
def _calendar(name, school, track):
    if not name:
        return NO_CALENDAR
    return calendar_for(
        read_calendar_csv(CALENDARS[name].read_text(encoding="utf-8")), school=school, track=track
    )


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


def _why(name, calendar="worked-example", tolling="A", **texts):
    row = {
        "clock": name,
        "given": " ".join(f"{key}={value}" for key, value in texts.items()),
        "calendar": calendar,
        "tolling": tolling,
    }
    return [f"{step.first} {step.why}" for step in _answer(row).trace if not step.days]


def test_consent_and_referral_on_two_sides_of_the_line_are_both_told():
    told = "{} charts that go by the day of consent say {}; the law says referral"
    # The law counts; by consent it would be August 16 + 30.
    assert _why("initial-iep", referral_on="2027-05-04", consent_on="2027-05-18") == [
        told.format("2027-05-18", "2027-09-15")
    ]
    # Consent in June, after the school year: there is only the law's branch to speak of.
    assert _why("initial-iep", referral_on="2027-05-05", consent_on="2027-06-20") == []
    assert _why("initial-iep", referral_on="2027-05-05", consent_on="2027-05-19") == []
    assert _why("initial-iep", referral_on="2027-04-05", consent_on="2027-05-04") == []
    assert _why("initial-iep", consent_on="2027-05-05") == [
        "2027-05-05 consent in the last 30 days of the school year: give referral_on, it decides the branch"
    ]
    assert _why("initial-iep", consent_on="2027-05-04") == []


def test_a_weekend_does_not_move_a_date_and_the_school_day_before_is_named():
    assert _why("part-c-45", referral_on="2026-10-01") == [
        "2026-11-15 a Sunday, which does not move the date; the school day before is Friday, 2026-11-13"
    ]
    # November 29 is the Sunday after a week without school.
    assert _why("part-c-45", referral_on="2026-10-15") == [
        "2026-11-29 a Sunday, which does not move the date; the school day before is Friday, 2026-11-20"
    ]
    assert _why("part-c-45", referral_on="2026-10-02") == []
    assert _why("age-of-majority", birth_on="2008-11-15") == []  # a Sunday, and nothing to do by it


def test_a_transfer_between_school_years_is_told_of_the_first_day():
    told = (
        "2027-08-16 enrolled between school years: an IEP is in effect on 2027-08-16 in any case (56344(c))"
    )
    assert _why("transfer-30", enrolled_on="2027-06-05")[:1] == [told]
    assert _why("transfer-30", enrolled_on="2027-08-15") == [told]
    assert told not in _why("transfer-30", enrolled_on="2027-06-04")
    assert told not in _why("transfer-30", enrolled_on="2027-08-16")


def test_a_third_birthday_in_summer_has_the_team_set_the_day_and_moves_nothing():
    told = "between school years: the team sets the day on which services start (56426.9(d))"
    assert _why("c-to-b-iep", birth_on="2024-06-04") == []  # the last day of the school year
    assert _why("c-to-b-iep", birth_on="2024-06-07") == [f"2027-06-07 {told}"]
    assert _why("c-to-b-iep", birth_on="2024-08-15")[0] == f"2027-08-15 {told}"
    assert _why("c-to-b-iep", birth_on="2024-08-16") == []
    assert _why("c-to-b-iep", birth_on="2023-12-22") == []  # winter break


def test_a_transition_plan_is_needed_where_the_birthday_lies_in_the_plan():
    asked = {"birth_on": "2011-03-10", "calendar": "", "plan_ends_on": "2027-03-09"}
    assert _why("transition-plan", **asked) == [
        "2027-03-09 the plan that ends here does not need a transition plan"
    ]
    asked["plan_ends_on"] = "2027-03-10"
    assert _why("transition-plan", **asked) == ["2027-03-10 the plan that ends here needs a transition plan"]


def test_the_conference_has_a_first_day_too():
    assert _why("transition-conference", birth_on="2024-05-20") == [
        "2026-08-20 not before this day: two years and three months old"
    ]


def test_removals_warn_at_five_eight_and_ten_and_a_long_run_is_a_change_of_placement():
    eleven = _why("removal-days", removed_on="2026-09-08..2026-09-22")
    assert eleven == [
        "2026-09-14 alert: 5 school days of removal",
        "2026-09-17 alert: 8 school days of removal",
        "2026-09-21 alert: 10 school days of removal",
        "2026-09-22 11 school days in a row: a change of placement; manifestation is determined",
        "2026-09-22 11th school day of removal: services are owed from this day on; look for a pattern (34 CFR "
        "300.530(d), 300.536)",
    ]
    assert _why("removal-days", removed_on="2026-09-08..2026-09-21")[2:] == [
        "2026-09-21 alert: 10 school days of removal",
        "2026-09-21 10 of 10 school days used, 0 left",
    ]
    # A week without school does not break a run, a day of school does; a day told twice counts once.
    over_thanksgiving = "2026-11-16..2026-11-20,2026-11-20,2026-11-30..2026-12-07"
    assert "in a row" in " ".join(_why("removal-days", removed_on=over_thanksgiving))
    assert "in a row" not in " ".join(
        _why("removal-days", removed_on="2026-09-08..2026-09-14,2026-09-16..2026-09-23")
    )
    assert _why("removal-days", removed_on="2026-09-05") == ["2026-09-05 none of the days is a school day"]


def test_ab_1412_is_told_whenever_it_would_matter():
    off = _why("transfer-30", enrolled_on="2026-10-05", unofficial_received_on="2026-09-28")
    assert off == ["2026-09-28 records were received, and AB 1412 is switched off (its text is not verified)"]
    waiting = _why("transfer-out-of-state", enrolled_on="2026-10-05", ab1412="yes")
    assert waiting[1:] == ["2026-10-05 AB 1412: its 30 days begin with the first records"]
    row = {
        "clock": "transfer-30",
        "given": "enrolled_on=2026-10-05 ab1412=yes official_received_on=2026-09-28",
        "calendar": "",
        "tolling": "",
    }
    assert _answer(row).confidence == "unverified"


def test_an_agreed_day_that_is_not_later_is_told():
    told = "the agreed day is not later: it extends nothing"
    assert _why("initial-iep", consent_on="2026-11-16", agreed_on="2027-01-27") == [f"2027-01-27 {told}"]
    assert _why("initial-iep", consent_on="2026-11-16", agreed_on="2027-01-28") == []


def test_a_count_is_unsure_where_the_calendar_does_not_reach_and_only_there():
    fall = Setting(Calendar([Period(date(2026, 8, 17), date(2026, 12, 18), PeriodKind.TERM)]))
    for request, remarks in {
        date(2026, 8, 15): ["the calendar begins here; earlier days count as without breaks"],
        date(2026, 8, 16): [],  # its first counted day is the first of the calendar
        date(2026, 11, 18): [],  # 30 days later the calendar ends
        date(2026, 11, 20): ["the calendar ends here; later days count as without breaks until 2026-12-20"],
    }.items():
        answer = due("parent-requested-meeting", fall, request_on=request)
        told = [
            step.why for step in answer.trace if "calendar ends" in step.why or "calendar begins" in step.why
        ]
        assert told == remarks, request
        assert answer.confidence == ("provisional" if remarks else "seen")


@pytest.mark.parametrize(
    ("name", "given", "confidence"),
    [
        ("c-to-b-iep", {"birth_on": date(2024, 2, 29)}, "inferred"),  # 2027 has no February 29
        ("c-to-b-iep", {"birth_on": date(2024, 2, 28)}, "seen"),
        ("annual-review", {"last_iep_on": date(2024, 2, 29)}, "inferred"),
        ("annual-review", {"last_iep_on": date(2027, 2, 28)}, "seen"),
        ("transition-plan", {"birth_on": date(2012, 2, 29)}, "seen"),  # 2028 has one
    ],
)
def test_a_day_that_does_not_exist_makes_a_date_less_sure_and_is_told(name, given, confidence):
    answer = due(name, **given)
    assert answer.confidence == confidence
    assert ("so the last day of the month counts" in answer.trace[0].why) == (confidence == "inferred")


def test_a_last_day_that_cannot_be_meant_is_refused():
    with pytest.raises(
        ClockError, match="esy_ends_on: 2026-07-23 is not after 2027-06-30 and until 2027-09-30"
    ):
        due("maximum-age", birth_on=date(2005, 3, 3), esy_ends_on=date(2026, 7, 23))
    with pytest.raises(
        ClockError, match="term_ends_on: 2027-06-30 is not after 2027-06-30 and until 2027-12-31"
    ):
        due("maximum-age", birth_on=date(2005, 8, 3), term_ends_on=date(2027, 6, 30))


def test_a_calendar_is_forgotten_with_what_was_counted_on_it():
    calendar = Calendar([Period(date(2026, 8, 17), date(2027, 6, 4), PeriodKind.TERM)])
    due("parent-requested-meeting", Setting(calendar), request_on=date(2026, 9, 1))
    left = weakref.ref(calendar)
    del calendar
    gc.collect()
    assert left() is None


def test_many_rows_share_answers_and_a_bad_row_is_an_answer_of_its_own():
    wanted = clock("initial-iep")
    consent, referral = date(2026, 11, 16), date(2026, 11, 17)
    setting = Setting(_calendar("worked-example", "", ""), Tolling.A)
    first, again, bad, later = compute_many(
        wanted,
        ("consent_on", "referral_on"),
        [(consent, None), (consent, None), (consent, referral), (referral, None)],
        setting,
    )
    assert first.statutory_due_on == date(2027, 1, 27)
    assert again is first
    assert isinstance(bad, ClockError)
    assert later.statutory_due_on == date(2027, 1, 28)
