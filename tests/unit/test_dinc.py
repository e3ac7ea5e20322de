"""On which DINC lists a student stands, as of any day. Dates by hand."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.clocks import CLOCKS
from manzanita.domain.delays import delays_of, is_excuse
from manzanita.domain.dinc import DINC, Held, History, Span, held_late, lists_at, month_ends, window_opens
from manzanita.domain.watched_clocks import WATCHED

HERE = (Span(date(2020, 8, 17), None, ("9910017", "9910018")),)
ACTIVE = (Span(date(2021, 2, 1), None, ("1",)),)
IEP = (Span(date(2021, 2, 1), None, ("100", "")),)
BORN = date(2014, 5, 20)


def history(*held: Held, **changes) -> History:
    given = {"birth_on": BORN, "held": held, "stays": HERE, "statuses": ACTIVE, "plans": IEP, **changes}
    return History(**given)


def review(day: date, **changes) -> Held:
    return Held(day, is_plan_review=True, **changes)


def late(found: History, on: date = date(2026, 11, 23)) -> list[tuple]:
    return [(one.list_key, one.due_on, one.held_on, one.delay_code) for one in held_late(found, on)]


def test_each_list_has_a_clock_that_is_watched_and_each_judged_clock_takes_reasons():
    for one in DINC.values():
        assert one.clock in CLOCKS and one.clock in WATCHED
        assert bool(delays_of(one.clock)) is (one.number != 4)


@pytest.mark.parametrize(
    ("on", "is_there"), [(date(2026, 11, 14), False), (date(2026, 11, 15), True), (date(2027, 5, 1), True)]
)
def test_a_review_is_overdue_from_the_day_after_a_year(on, is_there):
    """Held on November 14, 2025; due on November 14, 2026."""
    found = history(review(date(2025, 11, 14)), Held(date(2024, 5, 6), evaluation_type_code="40"))
    assert ("1-annual" in lists_at(found, on)) is is_there


def test_who_has_left_or_does_not_participate_is_on_no_list():
    left = (Span(date(2020, 8, 17), date(2026, 10, 1), ("9910017", "9910018")),)
    assert lists_at(history(review(date(2024, 1, 8)), stays=left), date(2026, 11, 23)) == set()
    assert "1-annual" in lists_at(history(review(date(2024, 1, 8)), stays=left), date(2026, 10, 1))
    exited = (Span(date(2026, 6, 1), None, ("4",)),)
    assert lists_at(history(review(date(2024, 1, 8)), statuses=exited), date(2026, 11, 23)) == set()


@pytest.mark.parametrize(("second", "is_late"), [(date(2026, 3, 2), False), (date(2026, 3, 3), True)])
def test_a_review_held_a_day_after_its_year_is_late_until_the_next_is_held(second, is_late):
    found = history(review(date(2025, 3, 2)), review(second, delay_code="20"))
    assert late(found) == ([("1-annual-held", date(2026, 3, 2), second, "20")] if is_late else [])
    again = history(*found.held, review(date(2026, 9, 1)))
    assert late(again) == []
    # As of a day before the second was held nothing was late yet.
    assert late(found, date(2026, 3, 1)) == []


def test_an_initial_evaluation_starts_both_clocks_and_is_late_for_neither():
    first = Held(date(2023, 3, 1), evaluation_type_code="10")
    found = history(first, review(date(2024, 3, 4)), Held(date(2026, 3, 2), evaluation_type_code="40"))
    assert late(found) == [
        ("1-annual-held", date(2024, 3, 1), date(2024, 3, 4), ""),
        ("1-triennial-held", date(2026, 3, 1), date(2026, 3, 2), ""),
    ]


@pytest.mark.parametrize(
    ("held_on", "expected"),
    [
        # Consent on September 1, 2026 and sixty days: 29 of September and 31 of October.
        (date(2026, 10, 31), []),
        (date(2026, 11, 1), [("2-held", date(2026, 10, 31), date(2026, 11, 1), "40")]),
    ],
)
def test_sixty_days_are_counted_from_the_consent(held_on, expected):
    found = Held(held_on, evaluation_type_code="10", consent_on=date(2026, 9, 1), delay_code="40")
    assert late(history(found)) == expected


def test_consents_count_since_may_of_the_school_year_before():
    assert window_opens(date(2026, 11, 23)) == date(2026, 5, 1)
    assert window_opens(date(2027, 6, 30)) == date(2026, 5, 1)
    assert window_opens(date(2027, 7, 1)) == date(2027, 5, 1)
    for consent, is_there in ((date(2026, 4, 30), False), (date(2026, 5, 1), True)):
        found = Held(date(2026, 9, 1), evaluation_type_code="10", consent_on=consent)
        assert bool(late(history(found))) is is_there


@pytest.mark.parametrize(("on", "is_there"), [(date(2026, 10, 31), False), (date(2026, 11, 1), True)])
def test_an_evaluation_that_waits_is_on_the_list_after_sixty_days(on, is_there):
    found = history(waiting=(date(2026, 9, 1),), statuses=())
    assert ("2-overdue" in lists_at(found, on)) is is_there


CHILD = {"birth_on": date(2023, 11, 20), "plans": (Span(date(2025, 1, 6), None, ("150", "")),)}


def test_a_child_with_an_ifsp_is_on_list_three_from_the_day_after_the_birthday():
    child = history(**CHILD)
    assert lists_at(child, date(2026, 11, 20)) == set()
    assert lists_at(child, date(2026, 11, 21)) == {"3-overdue"}


@pytest.mark.parametrize(("held_on", "is_late"), [(date(2026, 11, 20), False), (date(2026, 11, 21), True)])
def test_an_evaluation_after_the_third_birthday_is_held_late(held_on, is_late):
    found = history(Held(held_on, evaluation_type_code="10", consent_on=date(2026, 9, 1)), **CHILD)
    expected = [("3-held", date(2026, 11, 20), held_on, "")] if is_late else []
    assert late(found) == expected


def test_a_plan_without_transition_indicators_is_on_list_four_from_sixteen_on():
    fresh = (review(date(2026, 9, 1)), Held(date(2026, 9, 1), evaluation_type_code="40"))
    young = history(*fresh, birth_on=date(2010, 11, 24))
    assert lists_at(young, date(2026, 11, 23)) == set()
    assert lists_at(young, date(2026, 11, 24)) == {"4"}
    complete = (Span(date(2021, 2, 1), None, ("100", "1")),)
    assert lists_at(history(*fresh, birth_on=date(2010, 11, 24), plans=complete), date(2026, 11, 24)) == set()


def test_the_reasons_that_the_state_takes():
    assert is_excuse("annual-review", "20") and not is_excuse("annual-review", "90")
    assert not is_excuse("annual-review", "")
    # A school break is an excuse of the sixty days, not of the third birthday.
    assert is_excuse("initial-iep", "40") and not is_excuse("c-to-b-iep", "40")


def test_month_ends_end_with_today():
    assert month_ends(date(2026, 3, 1), 2) == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 1)]
    assert len(month_ends(date(2026, 11, 23))) == 13
