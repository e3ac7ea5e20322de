"""From which day a plan may count. Meeting on October 6, the family's last yes on October 13."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from manzanita.domain.plan_start import PlanMade, before_consent, before_meeting

MADE = PlanMade(date(2026, 10, 13), held_on=date(2026, 10, 6), agreed_on=date(2026, 10, 13))


@pytest.mark.parametrize(
    ("becomes", "is_refused", "is_doubtful"),
    [
        (date(2026, 10, 5), True, True),
        (date(2026, 10, 6), False, True),
        (date(2026, 10, 12), False, True),
        (date(2026, 10, 13), False, False),
        (date(2026, 10, 14), False, False),
    ],
)
def test_a_plan_starts_with_its_meeting_at_the_earliest_and_with_the_yes_without_a_word(
    becomes, is_refused, is_doubtful
):
    moved = replace(MADE, starts_on=becomes)
    assert (before_meeting(MADE, moved) is not None) == is_refused
    assert (before_consent(MADE, moved) is not None) == is_doubtful


def test_a_meeting_is_not_moved_behind_the_plan_it_made():
    assert before_meeting(MADE, replace(MADE, held_on=date(2026, 10, 13))) is None
    refused = before_meeting(MADE, replace(MADE, held_on=date(2026, 10, 14)))
    assert refused.code == "plan-before-meeting"
    assert refused.way_out.startswith("Choose a day up to 10/13/2026")


def test_what_stood_wrong_may_become_less_wrong():
    wrong = replace(MADE, starts_on=date(2026, 9, 1))
    assert before_meeting(wrong, replace(wrong, starts_on=date(2026, 10, 1))) is None
    assert before_meeting(wrong, replace(wrong, starts_on=date(2026, 8, 31))) is not None


def test_without_a_meeting_nothing_is_said_of_one():
    amended = PlanMade(date(2026, 10, 13), agreed_on=date(2026, 10, 13))
    assert before_meeting(amended, replace(amended, starts_on=date(2026, 10, 1))) is None
