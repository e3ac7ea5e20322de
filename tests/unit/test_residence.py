"""Which district SIS files say a student lives in, day by day, and what is left of what was said by hand."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.effective import Span
from manzanita.domain.part_b import By, Owes, who_owes
from manzanita.domain.residence import (
    HERE,
    Lives,
    elsewhere,
    first_said,
    home_on,
    is_district_code,
    left_by_sis,
    said_by_sis,
)

OURS, THEIRS, COUNTY = "9910017", "9910025", "9910010"


def day(number: int) -> date:
    return date(2026, 9, number)


def lives(
    lea: str, first: int, last: int | None, code: str, status: str = "10", exit_code: str = ""
) -> Lives:
    return Lives(lea, day(first), None if last is None else day(last), status, exit_code, code)


def told(*enrollments: Lives) -> list[tuple[int, int | None, str]]:
    return [
        (span.start.day, span.end.day if span.end else None, span.value) for span in said_by_sis(enrollments)
    ]


@pytest.mark.parametrize(
    ("enrollments", "expected"),
    [
        ([], []),
        ([lives(COUNTY, 1, None, "")], []),
        ([lives(COUNTY, 1, None, THEIRS)], [(1, None, THEIRS)]),
        ([lives(COUNTY, 1, 9, THEIRS)], [(1, 9, THEIRS)]),
        ([lives(OURS, 1, None, OURS)], [(1, None, HERE)]),
        # Another school of the LEA: it goes on. A day between, and it does not.
        ([lives(COUNTY, 1, 4, THEIRS), lives(COUNTY, 5, 9, THEIRS)], [(1, 9, THEIRS)]),
        ([lives(COUNTY, 1, 4, THEIRS), lives(COUNTY, 6, 9, THEIRS)], [(1, 4, THEIRS), (6, 9, THEIRS)]),
        ([lives(COUNTY, 1, 4, THEIRS), lives(COUNTY, 5, 9, OURS)], [(1, 4, THEIRS), (5, 9, OURS)]),
        ([lives(COUNTY, 1, 9, THEIRS), lives(THEIRS, 5, None, THEIRS)], [(1, 4, THEIRS), (5, None, HERE)]),
        # Two at once: the primary one counts, of two primary ones the newer.
        (
            [lives(COUNTY, 1, None, THEIRS), lives(THEIRS, 5, 6, OURS, status="20")],
            [(1, None, THEIRS)],
        ),
        ([lives(COUNTY, 1, None, THEIRS), lives(OURS, 5, 6, OURS)], [(1, 4, THEIRS), (5, 6, HERE), (7, None, THEIRS)]),
        # A secondary one says nothing, also where the primary one is silent.
        ([lives(OURS, 1, None, ""), lives(COUNTY, 3, 4, THEIRS, status="20")], []),
        ([lives(OURS, 1, None, ""), lives(COUNTY, 3, None, COUNTY, status="20")], []),
        ([lives(COUNTY, 3, None, COUNTY, status="20")], []),
        # Who never came lives nowhere by it.
        ([lives(COUNTY, 1, 1, THEIRS, exit_code="N470")], []),
    ],
)  # fmt: skip
def test_what_sis_files_say(enrollments, expected):
    assert told(*enrollments) == expected
    assert told(*reversed(enrollments)) == expected


@pytest.mark.parametrize(
    ("enrollments", "home"),
    [
        ([], ""),
        ([lives(OURS, 1, None, OURS)], OURS),
        ([lives(OURS, 1, 8, OURS)], ""),
        ([lives(OURS, 1, None, "")], ""),
        ([lives(COUNTY, 1, None, THEIRS)], ""),
        ([lives(OURS, 1, None, OURS, exit_code="N470")], ""),
        # Beside the one that counts.
        ([lives(OURS, 1, None, OURS, status="20")], ""),
        ([lives(OURS, 1, None, ""), lives(COUNTY, 1, None, COUNTY, status="20")], ""),
        # The newer one of two primary ones counts: it names another, or its own.
        ([lives(OURS, 1, None, OURS), lives(COUNTY, 5, None, THEIRS)], ""),
        ([lives(OURS, 1, None, OURS), lives(COUNTY, 5, None, COUNTY)], COUNTY),
    ],
)
def test_the_lea_that_enrolls_whoever_lives_there(enrollments, home):
    assert home_on(enrollments, day(9)) == home
    assert home_on(list(reversed(enrollments)), day(9)) == home


def test_only_another_district_is_a_relation():
    said = said_by_sis([lives(COUNTY, 1, 4, THEIRS), lives(THEIRS, 5, None, THEIRS)])
    assert elsewhere(said) == [Span(day(1), day(4), THEIRS)]


@pytest.mark.parametrize(
    ("by_hand", "said", "left"),
    [
        ((1, None), [], (1, None)),
        ((1, None), [(5, 9)], (1, 4)),
        # It does not come back when the SIS is silent again.
        ((1, 20), [(5, 9)], (1, 4)),
        ((6, 20), [(5, 9)], None),
        ((10, 20), [(5, 9)], (10, 20)),
        ((1, 4), [(5, None)], (1, 4)),
        ((1, 5), [(5, None)], (1, 4)),
    ],
)
def test_what_was_said_by_hand_lasts_until_the_sis_says_anything(by_hand, said, left):
    def spans(*pairs):
        return [Span(day(first), day(last) if last else None, OURS) for first, last in pairs]

    # That the student lives where it is enrolled is said, too.
    stated = [Span(one.start, one.end, HERE) for one in spans(*said)]
    assert left_by_sis(spans(by_hand), stated) == (spans(left) if left else [])
    assert first_said(stated, day(1), None) == (day(said[0][0]) if said else None)


@pytest.mark.parametrize(
    ("text", "is_code"),
    [
        (OURS, True),
        ("0161119", True),
        ("991001", False),
        ("99100170", False),
        ("99100I7", False),
        ("", False),
    ],
)
def test_a_district_is_seven_digits(text, is_code):
    assert is_district_code(text) is is_code


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, None),
        ({"dsea": COUNTY}, None),
        ({"dsea": OURS}, Owes(OURS, By.DSEA)),
        ({"dsea": OURS, "residence": THEIRS}, Owes(THEIRS, By.RESIDENCE)),
        ({"residence": THEIRS, "is_of_sis": True}, Owes(THEIRS, By.RESIDENCE, True)),
        ({"residence": COUNTY}, Owes(COUNTY, By.RESIDENCE)),
        ({"dsea": OURS, "residence": THEIRS, "next_year": COUNTY}, Owes(COUNTY, By.NEXT_YEAR)),
        # Whoever planned it named the serving LEA itself.
        ({"next_year": COUNTY}, Owes(COUNTY, By.NEXT_YEAR)),
    ],
)
def test_who_owes_the_iep_and_by_which_fact(known, expected):
    given = {"dsea": "", "next_year": "", "residence": ""} | known
    assert who_owes(served_at=COUNTY, **given) == expected


def test_each_fact_has_its_words_and_its_field():
    told = [
        Owes(OURS, By.NEXT_YEAR),
        Owes(OURS, By.RESIDENCE, True),
        Owes(OURS, By.RESIDENCE),
        Owes(OURS, By.DSEA),
    ]
    assert [(one.words, one.field_key) for one in told] == [
        ("the district planned for next year", "next.agency_code"),
        ("the district of residence (by the SIS, SENR 1.31)", "enrollment.residence_code"),
        ("the district of residence (recorded by the office)", "residence.agency_code"),
        ("the district that the IFSP holds accountable (PLAN 23.10)", "plan.dsea_code"),
    ]
