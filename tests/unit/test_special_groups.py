"""The days by which the special groups are cut, counted by hand."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manzanita.domain.clocks import CLOCKS
from manzanita.domain.special_groups import (
    GROUPS,
    adults_born_by,
    age_in_years,
    children_born_after,
    infants_born_by,
)
from manzanita.domain.watched_clocks import WATCHED

TODAY = date(2026, 11, 23)


def test_the_days_of_birth_by_which_they_are_cut():
    # Three on May 23, 2027, which is six months away.
    assert infants_born_by(TODAY) == date(2024, 5, 23)
    # Six today: no child of a preschool any more.
    assert children_born_after(TODAY) == date(2020, 11, 23)
    assert adults_born_by(TODAY) == date(2008, 11, 23)


@pytest.mark.parametrize(
    ("today", "born"),
    [
        # Born on February 29, 2024: three on February 28, 2027, and six months before that is August 28.
        (date(2026, 8, 27), date(2024, 2, 27)),
        (date(2026, 8, 28), date(2024, 2, 29)),
        (date(2026, 8, 30), date(2024, 2, 29)),
        (date(2026, 8, 31), date(2024, 2, 29)),
        (date(2026, 9, 1), date(2024, 3, 1)),
        # Six months before August 28 to 31, 2027 are February 28.
        (date(2027, 2, 27), date(2024, 8, 27)),
        (date(2027, 2, 28), date(2024, 8, 31)),
        # In a year with a 29th it is the 28th for August 28 alone.
        (date(2028, 2, 28), date(2025, 8, 28)),
        (date(2028, 2, 29), date(2025, 8, 31)),
        # Six months before October 31 are April 30.
        (date(2027, 4, 29), date(2024, 10, 29)),
        (date(2027, 4, 30), date(2024, 10, 31)),
    ],
)
def test_an_infant_is_listed_from_the_day_of_the_notice(today, born):
    assert infants_born_by(today) == born


def test_who_was_born_on_the_29th_of_february_is_older_on_the_28th():
    assert adults_born_by(date(2026, 2, 27)) == date(2008, 2, 27)
    assert adults_born_by(date(2026, 2, 28)) == date(2008, 2, 29)
    # Six today: no child under six any more.
    assert children_born_after(date(2026, 2, 27)) == date(2020, 2, 27)
    assert children_born_after(date(2026, 2, 28)) == date(2020, 2, 29)


def _same_day(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


def _birthday(born: date, years: int) -> date:
    return _same_day(born.year + years, born.month, born.day)


def _notice_due(born: date) -> date:
    """The same day six months before the third birthday, or the last day of that month."""
    third = _birthday(born, 3)
    year, month = (third.year, third.month - 6) if third.month > 6 else (third.year - 1, third.month + 6)
    return _same_day(year, month, third.day)


def _all_born(first: date, days: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(days)]


# The last days of months among them: only there one day is the same day of several birthdays.
days = st.dates(date(2015, 1, 1), date(2035, 12, 31)) | st.builds(
    lambda year, month: date(year, month, monthrange(year, month)[1]),
    st.integers(2015, 2035),
    st.integers(1, 12),
)


@given(days)
def test_the_days_of_birth_are_those_of_a_look_at_every_birthday(today):
    for bound, born, is_in in (
        (
            infants_born_by(today),
            _all_born(date(today.year - 4, 1, 1), 1500),
            lambda one: _notice_due(one) <= today,
        ),
        (
            adults_born_by(today),
            _all_born(date(today.year - 19, 1, 1), 1100),
            lambda one: _birthday(one, 18) <= today,
        ),
        (
            children_born_after(today),
            _all_born(date(today.year - 7, 1, 1), 1100),
            lambda one: _birthday(one, 6) <= today,
        ),
    ):
        assert [one for one in born if is_in(one)] == [one for one in born if one <= bound]
        assert born[0] < bound < born[-1]


def test_ages_in_completed_years():
    assert age_in_years(date(2008, 11, 23), TODAY) == 18
    assert age_in_years(date(2008, 11, 24), TODAY) == 17
    assert age_in_years(date(2004, 2, 29), date(2026, 2, 28)) == 22


def test_every_date_of_a_group_is_one_that_is_watched():
    for group in GROUPS.values():
        assert set(group.clocks) <= set(WATCHED) <= set(CLOCKS)
        assert group.sentence and group.why and group.nothing and group.source
