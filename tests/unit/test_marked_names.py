"""Which part of a name a search met."""

from __future__ import annotations

import pytest

from manzanita.domain.names import marked


@pytest.mark.parametrize(
    ("shown", "beginnings", "expected"),
    [
        ("Testcase, Alder", [], [("Testcase, Alder", False)]),
        ("Testcase, Alder", ["test"], [("Test", True), ("case, Alder", False)]),
        ("Testcase, Alder", ["case"], [("Testcase, Alder", False)]),
        ("Testcase, Alder", ["testcase", "alder"], [("Testcase", True), (", ", False), ("Alder", True)]),
        ("Ann Anna", ["an", "ann"], [("Ann", True), (" ", False), ("Ann", True), ("a", False)]),
        ("O’Hara, Ann", ["oha"], [("O’Ha", True), ("ra, Ann", False)]),
        (
            "Núñez-Đăng",
            ["nune", "da"],
            [("Núñe", True), ("z-", False), ("Đă", True), ("ng", False)],
        ),
        # An accent of its own is not torn from its letter.
        ("Jose\u0301 Li", ["jose"], [("Jose\u0301", True), (" Li", False)]),
        # One letter that is read as two.
        (
            "Æsc, Straße",
            ["a", "stras"],
            [("Æ", True), ("sc, ", False), ("Straß", True), ("e", False)],
        ),
        ("", ["a"], []),
    ],
)
def test_the_longest_beginning_of_each_word_is_marked(shown, beginnings, expected):
    assert marked(shown, beginnings) == expected
