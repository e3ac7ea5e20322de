"""What SIS staff are told of a finding: what the SIS sends, and days; no special education."""

from __future__ import annotations

import pytest

from manzanita.domain.sis_work import is_of_sis, told_values


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
