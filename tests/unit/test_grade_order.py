"""Grades stand in the order in which they are gone through, wherever one is chosen, and look the same everywhere."""

from __future__ import annotations

from manzanita.domain.grade_spans import grade_choices, in_order, shown


def test_the_youngest_comes_first_and_adults_last():
    mixed = ["10", "AD", "02", "KN", "IN", "TK", "PS", "12", "01"]
    assert in_order(mixed) == ["IN", "PS", "TK", "KN", "01", "02", "10", "12", "AD"]


def test_choices_are_in_that_order():
    codes = [code for code, _ in grade_choices()]
    places = [codes.index(code) for code in ("IN", "PS", "TK", "KN", "01", "12", "AD")]
    assert places == sorted(places)
    assert dict(grade_choices())["04"] == "Grade 4"


def test_a_list_shows_no_leading_zero():
    assert (shown("04"), shown("12"), shown("KN"), shown("")) == ("4", "12", "KN", "")
