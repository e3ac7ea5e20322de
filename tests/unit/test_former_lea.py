"""How long a former LEA reads and mends: days counted by hand from the state's calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manzanita.domain import former_lea
from manzanita.domain.former_lea import (
    first_last_day,
    may_amend,
    opened_again,
    told_until,
    why_closed,
    why_ended,
    window_of,
)
from manzanita.domain.reporting_periods import reporting_periods
from manzanita.domain.years import last_day


@pytest.mark.parametrize(
    ("left_on", "closes_on", "told", "confidence"),
    [
        # 2024-2025 was EOY 4, amended until August 8, 2025; the year ends on June 30.
        (date(2024, 7, 1), date(2025, 8, 8), "EOY 4 2024-2025", "seen"),
        (date(2025, 6, 30), date(2025, 8, 8), "EOY 4 2024-2025", "seen"),
        (date(2025, 7, 1), date(2026, 7, 31), "EOY 1 2025-2026", "seen_vendor"),
        (date(2026, 6, 12), date(2026, 7, 31), "EOY 1 2025-2026", "seen_vendor"),
        (date(2026, 7, 1), date(2027, 7, 30), "EOY 1 2026-2027", "provisional"),
        (date(2026, 10, 30), date(2027, 7, 30), "EOY 1 2026-2027", "provisional"),
        # Of years without dates: 30 days after June 30, as of the last known one; 39, as of the first.
        (date(2028, 2, 29), date(2028, 7, 30), "EOY 1 2027-2028", "provisional"),
        (date(2031, 1, 1), date(2031, 7, 30), "EOY 1 2030-2031", "provisional"),
        (date(2020, 1, 15), date(2020, 8, 8), "EOY 4 2019-2020", "provisional"),
    ],
)
def test_the_window_is_that_of_the_school_year_of_the_last_day(left_on, closes_on, told, confidence):
    window = window_of(left_on)
    assert (window.closes_on, window.told, window.confidence) == (closes_on, told, confidence)
    assert may_amend(left_on, closes_on)
    assert not may_amend(left_on, date.fromordinal(closes_on.toordinal() + 1))


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2025, 8, 8), date(2024, 7, 1)),
        (date(2025, 8, 9), date(2025, 7, 1)),
        (date(2026, 6, 30), date(2025, 7, 1)),
        (date(2026, 7, 1), date(2025, 7, 1)),
        (date(2026, 7, 31), date(2025, 7, 1)),
        (date(2026, 8, 1), date(2026, 7, 1)),
        (date(2026, 11, 23), date(2026, 7, 1)),
        (date(2027, 7, 30), date(2026, 7, 1)),
        (date(2027, 7, 31), date(2027, 7, 1)),
    ],
)
def test_the_earliest_last_day_that_may_still_be_amended(today, first):
    assert first_last_day(today) == first


days = st.dates(date(2018, 1, 1), date(2040, 12, 31))


@given(days, days)
def test_one_bound_says_of_every_last_day_whether_it_may_be_amended(left_on, today):
    assert (left_on >= first_last_day(today)) is may_amend(left_on, today)


@pytest.fixture
def reopened(monkeypatch):
    """The state amends 2024-2025 until December 31, 2026, and 2025-2026 no more since July 31."""
    moved = tuple(
        replace(one, closes_on=date(2026, 12, 31)) if (one.year, one.key) == ("2024-2025", "eoy") else one
        for one in reporting_periods()
    )
    monkeypatch.setattr(former_lea, "reporting_periods", lambda: moved)


@pytest.mark.parametrize(
    ("today", "first", "again"),
    [
        (date(2026, 7, 31), date(2024, 7, 1), []),
        (date(2026, 8, 1), date(2026, 7, 1), [(date(2024, 7, 1), date(2025, 6, 30))]),
        (date(2026, 12, 31), date(2026, 7, 1), [(date(2024, 7, 1), date(2025, 6, 30))]),
        (date(2027, 1, 1), date(2026, 7, 1), []),
    ],
)
def test_a_year_that_the_state_has_opened_again_is_open_by_itself(reopened, today, first, again):
    assert (first_last_day(today), opened_again(today)) == (first, again)
    assert may_amend(date(2025, 3, 1), today) is (today <= date(2026, 12, 31))
    assert may_amend(date(2026, 3, 1), today) is (today <= date(2026, 7, 31))


@given(days)
def test_no_year_is_open_by_itself_by_the_dates_of_the_file(today):
    assert opened_again(today) == []


@given(days)
def test_it_always_ends_and_never_before_the_year_itself(left_on):
    window = window_of(left_on)
    assert last_day(window.year) < window.closes_on
    assert window.closes_on.toordinal() - last_day(window.year).toordinal() < 92


def test_every_submission_of_the_file_closes_after_it_opens_and_after_what_it_counts():
    for period in reporting_periods():
        assert period.opens_on < period.closes_on and period.counts_until <= period.closes_on
        assert period.certify_by is None or period.opens_on < period.certify_by <= period.closes_on


def test_a_date_that_no_page_of_the_state_prints_is_told_as_such():
    assert window_of(date(2025, 3, 1)).doubt == ""
    assert window_of(date(2026, 3, 1)).doubt.startswith("The date is not confirmed (seen by a vendor): ")
    assert window_of(date(2027, 3, 1)).doubt == (
        "The date is not confirmed (provisional): dates of 2025-2026 moved by a year; the state has not been seen to "
        "print them."
    )


def test_what_is_said_names_both_days_the_submission_the_rule_and_the_way_out():
    left_on = date(2025, 3, 1)
    for reason in (why_closed(left_on), why_ended(left_on)):
        assert "03/01/2025" in reason.text and "08/08/2025" in reason.text
        assert "EOY 4 2024-2025" in reason.text
        assert reason.way_out and reason.source.startswith("A former LEA ") and reason.owner


@pytest.mark.parametrize(
    ("is_reporting", "is_expected_back", "before", "after"),
    [
        (
            False,
            False,
            "after that day it sees the record no more.",
            "no other LEA has reported the student since",
        ),
        (
            True,
            True,
            "after that day it reads and mends on for as long as no other LEA reports the student.",
            "because no other LEA has reported the student since; it ends when one does.",
        ),
        # Census Day of 2025-2026 is October 1, 2025.
        (False, True, "through Census Day, 10/01/2025, at the latest.", "after Census Day, 10/01/2025."),
    ],
)
def test_what_comes_after_the_window_is_told_as_it_will_be(is_reporting, is_expected_back, before, after):
    left_on = date(2025, 3, 1)
    known = {"is_reporting": is_reporting, "is_expected_back": is_expected_back}
    open_still = told_until(left_on, date(2025, 8, 8), **known)
    assert "through 08/08/2025, when the amendment window of EOY 4 2024-2025 closes; after" in open_still
    assert before in open_still
    assert after in told_until(left_on, date(2025, 8, 9), **known)
