"""The days by which the special groups are cut, counted by hand."""

from __future__ import annotations

from datetime import date

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
    assert infants_born_by(date(2026, 8, 31)) == date(2024, 2, 28)


def test_ages_in_completed_years():
    assert age_in_years(date(2008, 11, 23), TODAY) == 18
    assert age_in_years(date(2008, 11, 24), TODAY) == 17
    assert age_in_years(date(2004, 2, 29), date(2026, 2, 28)) == 22


def test_every_date_of_a_group_is_one_that_is_watched():
    for group in GROUPS.values():
        assert set(group.clocks) <= set(WATCHED) <= set(CLOCKS)
        assert group.sentence and group.why and group.nothing and group.source
