"""What SIS staff are told of a finding: what the SIS sends, and days; no special education."""

from __future__ import annotations

import pytest

from manzanita.domain.sis_work import is_of_sis, is_told, told_values


@pytest.mark.parametrize(
    ("number", "is_theirs"),
    [("1.22", True), ("2.18", True), ("22.06", True), ("22.12", False), ("23.15", False), ("25.13", False)],
)
def test_whose_field_it_is(number, is_theirs):
    assert is_of_sis(number) is is_theirs


def test_a_field_of_no_layout_is_not_told():
    assert told_values(["99.99", "nonsense"], {"99.99": "280"}) == {"99.99": None, "nonsense": None}


def test_their_own_values_and_days_are_told_and_no_other():
    values = {"1.05": "9910018", "22.11": "20260901", "22.12": "1", "23.15": "280"}
    assert told_values(["1.05", "22.11", "22.12", "23.15", "1.26"], values) == {
        "1.05": "9910018",
        "22.11": "20260901",
        "22.12": None,
        "23.15": None,
        "1.26": "",
    }


@pytest.mark.parametrize(
    ("message", "is_theirs"),
    [
        (
            "The status starts on 2026-01-10, and no enrollment at Chaparral Unified (9910017) covers it.",
            True,
        ),
        ("The status is 1 already since 2026-01-10.", False),
        ("Disability 280 of the plan.", False),
        ("The plan says OTHER HEALTH IMPAIRMENT.", False),
        ("", True),
    ],
)
def test_a_message_is_told_where_it_names_nothing_of_special_education(message, is_theirs):
    values = {"22.04": "9910017", "22.11": "20260110", "22.12": "1", "23.15": "280", "23.16": ""}
    assert is_told(message, values) is is_theirs
