"""Who would not fit at a school next year; written by hand."""

from __future__ import annotations

import pytest

from manzanita.domain.grade_spans import is_far, next_grades, span_of


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
