"""Every clock of the law is watched, with its sources, or says why not."""

from __future__ import annotations

from manzanita.domain.clocks import CLOCKS
from manzanita.domain.watched_clocks import NOT_WATCHED, WATCHED


def test_every_clock_is_watched_or_says_why_not():
    assert WATCHED.keys() | NOT_WATCHED.keys() == CLOCKS.keys()
    assert not WATCHED.keys() & NOT_WATCHED.keys()
    assert all(NOT_WATCHED.values())


def test_every_watched_clock_says_where_each_input_it_uses_comes_from():
    for name, watched in WATCHED.items():
        assert watched.sources.keys() <= {one.name for one in CLOCKS[name].inputs}
        needed = {one.name for one in CLOCKS[name].inputs if one.is_required}
        assert needed <= watched.sources.keys()
