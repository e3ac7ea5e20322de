"""Who would not fit at a school next year; written by hand."""

from __future__ import annotations

import pytest

from manzanita.domain.grade_spans import grade_up, is_above, is_far, jump, next_grades, span_of


@pytest.mark.parametrize(
    ("grade", "expected"),
    [
        ("PS", ("PS", "TK", "KN")),
        ("TK", ("TK", "KN")),
        ("05", ("05", "06")),
        ("12", ("12",)),
        ("UE", ()),
        ("", ()),
    ],
)
def test_next_year_one_stays_or_goes_on(grade, expected):
    assert next_grades(grade) == expected


@pytest.mark.parametrize(
    ("grade", "seen", "far"),
    [
        ("PS", ("09", "12"), True),  # a preschooler to a high school
        ("12", ("06", "07", "08"), True),  # grade 12 to a middle school
        ("05", ("06", "08"), False),  # a feeder school
        ("04", ("06", "08"), False),  # 5 is one below 6: small schools show few grades
        ("03", ("06", "08"), True),
        ("09", ("10",), False),
        ("12", (), False),  # nobody attends: nothing is known
        ("12", ("UE",), False),
        ("UE", ("06",), False),
    ],
)
def test_only_who_is_more_than_a_grade_away_is_doubted(grade, seen, far):
    assert is_far(next_grades(grade), seen) is far


def test_the_span_is_in_the_order_of_school_not_of_letters():
    assert span_of(["TK", "KN", "01", "PS"]) == ("PS", "01")


@pytest.mark.parametrize(
    ("now", "then", "by"),
    [
        ("10", "05", -5),
        ("12", "05", -7),
        ("PS", "05", 7),
        ("PS", "KN", 0),
        ("TK", "01", 2),
        ("KN", "01", 0),
        ("04", "04", 0),
        ("04", "05", 0),
        ("04", "06", 2),
        ("04", "03", -1),
        ("UE", "05", 0),
        ("05", "UE", 0),
    ],
)
def test_a_jump_is_more_than_a_year_or_back(now, then, by):
    assert jump(now, then) == by


@pytest.mark.parametrize(
    ("now", "after"),
    [("TK", "KN"), ("KN", "01"), ("09", "10"), ("12", ""), ("PS", ""), ("IN", ""), ("UE", ""), ("", "")],
)
def test_one_grade_up_ends_with_twelve_and_goes_by_age_below_kindergarten(now, after):
    assert grade_up(now) == after


def test_above_is_above_everybody_there():
    assert is_above("06", ["KN", "05"]) and not is_above("05", ["KN", "05"])
    assert not is_above("06", []) and not is_above("UE", ["05"])
