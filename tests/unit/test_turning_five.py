"""Turning five, and the window of next year's data: days written by hand, and what holds of every day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manzanita.domain.dates import born_by
from manzanita.domain.next_year_window import is_open, opens_on
from manzanita.domain.turning_five import InGrade, fifth_birthday_of, school_age_from

DAY = timedelta(days=1)
BORN = date(2021, 12, 10)  # five on December 10, 2026
AUGUST, NEXT_AUGUST = date(2026, 8, 12), date(2027, 8, 12)


@pytest.mark.parametrize(
    ("born", "fifth"),
    [
        (date(2021, 12, 10), date(2026, 12, 10)),
        # Without a 29th five years later the 28th is the birthday (decision 17).
        (date(2024, 2, 29), date(2029, 2, 28)),
        (date(2024, 2, 28), date(2029, 2, 28)),
        (date(2023, 3, 1), date(2028, 3, 1)),
    ],
)
def test_the_fifth_birthday(born, fifth):
    assert fifth_birthday_of(born) == fifth


@pytest.mark.parametrize(
    ("day", "born"),
    [
        (date(2026, 12, 10), date(2021, 12, 10)),
        (date(2029, 2, 27), date(2024, 2, 27)),
        # Whoever was born on the 29th is five on the 28th.
        (date(2029, 2, 28), date(2024, 2, 29)),
        (date(2029, 3, 1), date(2024, 3, 1)),
        (date(2028, 2, 29), date(2023, 2, 28)),
    ],
)
def test_who_is_five_on_a_day_was_born_by(day, born):
    assert born_by(day, 5) == born


@pytest.mark.parametrize(
    ("grades", "day"),
    [
        ([], None),
        # In preschool with five years the setting stays.
        ([InGrade("PS", AUGUST)], None),
        # In kindergarten on the birthday itself.
        ([InGrade("TK", AUGUST)], date(2026, 12, 10)),
        ([InGrade("KN", date(2026, 12, 10))], date(2026, 12, 10)),
        ([InGrade("KN", date(2026, 12, 11))], date(2026, 12, 11)),
        # Its last day is the birthday, or the day before it.
        ([InGrade("KN", AUGUST, date(2026, 12, 10))], date(2026, 12, 10)),
        ([InGrade("KN", AUGUST, date(2026, 12, 9))], None),
        # Preschool until June, then kindergarten.
        ([InGrade("PS", AUGUST, date(2027, 6, 11)), InGrade("KN", NEXT_AUGUST)], NEXT_AUGUST),
        # It left and came back: the first day on which both hold.
        ([InGrade("TK", AUGUST, date(2026, 11, 30)), InGrade("TK", date(2027, 1, 11))], date(2027, 1, 11)),
        ([InGrade("01", AUGUST)], date(2026, 12, 10)),
        ([InGrade("UE", AUGUST)], None),
    ],
)
def test_the_first_day_of_a_setting_of_school_age(grades, day):
    assert school_age_from(BORN, grades) == day


# The last of February of every year among them: only there the bound is not the same day years before.
days = st.dates(date(2015, 1, 1), date(2035, 12, 31)) | st.builds(
    date, st.integers(2015, 2035), st.just(2), st.just(28)
)


@given(days, st.integers(1, 9))
def test_born_by_parts_everybody_on_every_day(day, years):
    """Asked of the three days around the bound, by the birthday alone."""
    bound = born_by(day, years)

    def is_that_old(born: date) -> bool:
        has_day = not (born.month == 2 and born.day == 29) or (day.year % 4 == 0 and day.year % 100 != 0)
        month, of_month = (born.month, born.day) if has_day else (2, 28)
        age = day.year - born.year - ((day.month, day.day) < (month, of_month))
        return age >= years

    assert is_that_old(bound) and is_that_old(bound - DAY)
    assert not is_that_old(bound + DAY) and not is_that_old(bound + 2 * DAY)


@given(
    st.dates(date(2018, 1, 1), date(2024, 12, 31)),
    st.lists(
        st.tuples(
            st.sampled_from(["PS", "TK", "KN", "01"]), st.integers(0, 900), st.none() | st.integers(0, 400)
        ),
        max_size=4,
    ),
)
def test_the_first_day_is_found_by_looking_at_every_day(born, drawn):
    base = date(born.year + 4, 6, 1)
    grades = [
        InGrade(code, base + start * DAY, None if length is None else base + (start + length) * DAY)
        for code, start, length in drawn
    ]
    fifth = date(born.year + 5, born.month, min(born.day, 28) if born.month == 2 else born.day)

    def holds(day: date) -> bool:
        return day >= fifth and any(
            one.grade_code != "PS" and one.first <= day and (one.last is None or day <= one.last)
            for one in grades
        )

    found = next((base + n * DAY for n in range(-200, 1700) if holds(base + n * DAY)), None)
    assert school_age_from(born, grades) == found


@pytest.mark.parametrize(
    ("day", "answer", "opens"),
    [
        (date(2027, 6, 30), "census", date(2026, 10, 8)),
        (date(2027, 7, 1), "census", date(2027, 10, 7)),
        (date(2027, 7, 2), "july", date(2027, 7, 1)),
        (date(2026, 10, 7), "census", date(2026, 10, 8)),
        (date(2026, 12, 31), "january", date(2027, 1, 1)),
        (date(2027, 3, 1), "march", date(2027, 3, 1)),
    ],
)
def test_when_the_window_opens(day, answer, opens):
    assert opens_on(day, answer) == opens


@pytest.mark.parametrize(
    ("day", "answer", "expected"),
    [
        (date(2027, 6, 30), "census", True),
        (date(2027, 7, 1), "census", False),
        (date(2026, 10, 7), "census", False),
        (date(2026, 10, 8), "census", True),
        (date(2027, 7, 1), "july", True),
        (date(2026, 12, 31), "january", False),
        (date(2027, 1, 1), "january", True),
        (date(2027, 2, 28), "march", False),
        (date(2027, 3, 1), "march", True),
        (date(2027, 6, 30), "march", True),
    ],
)
def test_whether_it_is_open(day, answer, expected):
    assert is_open(day, answer) is expected
