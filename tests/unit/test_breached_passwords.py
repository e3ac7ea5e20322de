"""The list of passwords that breaches made known: what is in it, and what is not."""

from __future__ import annotations

import pytest

from manzanita.accounts.breached_passwords import count, is_breached
from tests.support.breached import content


def test_far_more_than_three_thousand_that_our_rule_would_allow_are_known():
    assert count() == 337_335


@pytest.mark.parametrize(
    # From the top of the list of the million most common ones, and from its very end: each of 15 characters or more.
    "password",
    [
        *("Mailcreated5240", "123456789987654321", "1qaz2wsx3edc4rfv", "123456789123456789"),
        *("qwerty123456789", "q1w2e3r4t5y6u7i8", "1qazxsw23edcvfr4", "passwordstandard"),
        *("vjkjrjcjcsrtqcb", "vjhutyinthy1987", "vjhtrhsvdctcegth", "PASSWORDSTANDARD"),
    ],
)
def test_what_is_known_is_found_in_any_case_of_its_letters(password):
    assert is_breached(password)


@pytest.mark.parametrize(
    "password", ["granite lupine otter fence", "日本の春はとても美しいですねえ", "", "passwordstandarc"]
)
def test_what_is_not_known_is_not_found(password):
    assert not is_breached(password)


def test_the_file_is_made_of_lists_without_what_our_rule_refuses_anyway(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("fourteen-chars\nfifteen--chars!\nFIFTEEN--CHARS!\n", encoding="utf-8")

    # SHA-256 of "fifteen--chars!", by sha256sum.
    assert content([path]).hex() == "40a3847df8"
