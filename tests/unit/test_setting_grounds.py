"""On what grounds the office may change what the team decides of the setting, and what is said where it may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from manzanita.domain.findings import Owner
from manzanita.domain.setting_grounds import OFFERED, Changing, first_ground, ground_reason

ON = date(2026, 11, 16)
# A student of ten years in a regular school, whose team made the plan.
TEN = Changing(ON, "400", "300", "100", "1", date(2021, 8, 12), is_other_school=False)
# A child in preschool who turned five on 11/02/2026 and is in transitional kindergarten.
CHILD = replace(TEN, was="201", becomes="400", school_age_from=date(2026, 11, 2))


def against(key: str, asked: Changing) -> str:
    reason = ground_reason(key, asked, "Program setting")
    return reason.text if reason else ""


def test_without_a_ground_the_team_decides():
    reason = ground_reason("", TEN, "Program setting")
    assert reason is not None
    assert (reason.code, reason.owner) == ("team-decides", Owner.TEAM)
    assert reason.text.startswith("Program setting: the IEP team decides it and the family agrees")
    assert reason.way_out.startswith("Open an amendment;")
    assert "34 CFR 300.116(a)(1)" in reason.source


@pytest.mark.parametrize(
    ("key", "asked", "expected"),
    [
        ("five", CHILD, ""),
        ("five", TEN, "The setting is none of preschool."),
        ("five", replace(CHILD, on=date(2026, 11, 1)), "or a grade on 11/01/2026, but from 11/02/2026."),
        ("five", replace(CHILD, school_age_from=None), "not five and in kindergarten"),
        # Where a child goes to a separate school that is no birthday's doing.
        ("five", replace(CHILD, becomes="300"), "A birthday leads to a setting with a share"),
        ("school", TEN, "leaves the program setting as it is"),
        ("school", replace(TEN, becomes="400"), "No other school is known"),
        ("school", replace(TEN, becomes="400", is_other_school=True), ""),
        ("arrived", TEN, "was not adopted"),
        ("arrived", replace(TEN, plan_reason_code="3"), ""),
        ("private", replace(TEN, becomes="403"), "The plan is no services plan"),
        ("private", replace(TEN, plan_type_code="200"), "The setting of a services plan is 403."),
        ("private", replace(TEN, plan_type_code="200", becomes="403"), ""),
        ("said", TEN, ""),
    ],
)  # fmt: skip
def test_each_ground_holds_only_where_the_facts_bear_it(key, asked, expected):
    said = against(key, asked)
    assert expected in said if expected else said == ""


def test_what_was_planned_is_not_offered_on_the_day():
    assert [one.key for one in OFFERED] == ["five", "school", "arrived", "private", "said"]


def test_the_form_begins_with_a_ground_that_the_facts_give():
    assert first_ground(replace(CHILD, becomes="201")) == "five"
    assert first_ground(replace(TEN, becomes="400", plan_type_code="200")) == "private"
    assert first_ground(replace(TEN, plan_reason_code="3")) == "arrived"
    assert first_ground(TEN) == ""
