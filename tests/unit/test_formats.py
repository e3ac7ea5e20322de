"""How values are written on a page."""

import pytest

from manzanita.ui.formats import time_left


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
