"""Days of forms: what is read as a day, and what is refused instead of being taken for blank."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.web.form_days import NO_DAY, day_of, day_or_error


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-23", date(2026, 11, 23)),
        (" 2026-11-23\n", date(2026, 11, 23)),
        ("11/23/2026", date(2026, 11, 23)),
        ("4/9/2016", date(2016, 4, 9)),
        ("2024-02-29", date(2024, 2, 29)),
        ("", None),
        ("soon", None),
        ("2026-02-29", None),
        ("23/11/2026", None),
        ("11/23/26", None),
        # Of the calendar, but no day that a form shows: a week, a day without hyphens, other digits.
        ("2026-W48-1", None),
        ("20261123", None),
        ("２０２６-11-23", None),
        # A year that cannot be meant is still a day: the page says what is wrong with it.
        ("9999-12-31", date(9999, 12, 31)),
        ("0000-11-23", None),
        ("20266-11-23", None),
    ],
)
def test_what_a_day_is(text, day):
    assert day_of(text) == day


@pytest.mark.parametrize(
    ("given", "day", "errors"),
    [
        ({}, None, {}),
        ({"on": " "}, None, {}),
        ({"on": "2026-11-23"}, date(2026, 11, 23), {}),
        ({"on": "2026-11-31"}, None, {"on": NO_DAY}),
        ({"on": "soon"}, None, {"on": "This is no day. Write it as the field shows it, or choose it."}),
    ],
)
def test_a_day_that_may_stay_blank_is_not_blank_when_it_is_none(given, day, errors):
    told: dict[str, str] = {}
    assert day_or_error(given, "on", told) == day
    assert told == errors
