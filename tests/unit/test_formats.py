"""How values are written on a page."""

import pytest

from manzanita.ui.formats import is_iso_day, time_left


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (14_400, "4 h 0 min left"),
        (3_660, "1 h 1 min left"),
        (3_599, "59 min left"),
        (60, "1 min left"),
        (59, "less than a minute left"),
        (-5, "less than a minute left"),
    ],
)
def test_time_left_in_whole_minutes(seconds, words):
    assert time_left(seconds) == words


@pytest.mark.parametrize(
    ("text", "is_day"),
    [
        ("2026-11-23", True),
        ("2024-02-29", True),
        ("2026-02-29", False),
        ("11/23/2026", False),
        ("soon", False),
        ("", False),
    ],
)
def test_what_a_control_for_days_shows(text, is_day):
    assert is_iso_day(text) is is_day
