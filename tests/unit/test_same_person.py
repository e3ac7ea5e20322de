"""Whether a line of the SIS can be the student whom its number names: cases written by hand."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.likeness import Known
from manzanita.domain.same_person import Verdict, judge_identity, why_no_birth_date

MIA = Known("Mia", "Bitterroot", date(2015, 3, 12))

# What the line says, whether its local ID is another's, the verdict, and what speaks against one person.
CASES = {
    "the same": (("Mia", "Bitterroot", "2015-03-12"), False, "same", ()),
    "the same in other letters": (("MIA", "BITTERROOT", "2015-03-12"), False, "same", ()),
    "marriage or adoption: another last name": (
        ("Mia", "Quillwort", "2015-03-12"),
        False,
        "same",
        ("last_name",),
    ),
    "blank says nothing": (("", "", ""), False, "same", ()),
    "blank first name": (("", "Bitterroot", "2015-03-12"), False, "same", ()),
    "a day mistyped in one digit": (("Mia", "Bitterroot", "2015-03-13"), False, "told", ("birth_on",)),
    "month and day swapped": (("Mia", "Bitterroot", "2015-12-03"), False, "told", ("birth_on",)),
    "a birth date corrected": (("Mia", "Bitterroot", "2012-08-30"), False, "told", ("birth_on",)),
    "a last name misspelled": (("Mia", "Biterroot", "2015-03-12"), False, "told", ("last_name",)),
    "a second first name": (("Mia Rose", "Bitterroot", "2015-03-12"), False, "told", ("first_name",)),
    "names swapped": (("Bitterroot", "Mia", "2015-03-12"), False, "told", ("first_name", "last_name")),
    "another last name and a digit": (
        ("Mia", "Quillwort", "2015-03-13"),
        False,
        "told",
        ("last_name", "birth_on"),
    ),
    "the local ID of another, else the same": (
        ("Mia", "Bitterroot", "2015-03-12"),
        True,
        "told",
        ("local_id",),
    ),
    "twins": (("Noel", "Bitterroot", "2015-03-12"), False, "other", ("first_name",)),
    "a sister or brother": (("Noel", "Bitterroot", "2017-03-14"), False, "other", ("first_name", "birth_on")),
    "a sibling whose birth date is not known": (("Noel", "Bitterroot", ""), False, "other", ("first_name",)),
    "wholly another": (
        ("Noel", "Lupine", "2017-06-02"),
        False,
        "other",
        ("first_name", "last_name", "birth_on"),
    ),
    "another who is born on the same day": (
        ("Noel", "Lupine", "2015-03-12"),
        False,
        "other",
        ("first_name", "last_name"),
    ),
    "only the first name is the same": (
        ("Mia", "Lupine", "2017-06-02"),
        False,
        "other",
        ("last_name", "birth_on"),
    ),
    "the local ID of another and a digit": (
        ("Mia", "Bitterroot", "2015-03-13"),
        True,
        "other",
        ("birth_on", "local_id"),
    ),
    "the local ID of another and another last name": (
        ("Mia", "Lupine", "2015-03-12"),
        True,
        "other",
        ("last_name", "local_id"),
    ),
}


@pytest.mark.parametrize(("stated", "is_taken", "verdict", "parts"), CASES.values(), ids=CASES)
def test_who_may_speak_for_the_student(stated, is_taken, verdict, parts):
    first, last, born = stated
    line = Known(first, last, date.fromisoformat(born) if born else None)
    judged = judge_identity(MIA, line, is_local_id_taken=is_taken)
    assert (judged.verdict, judged.parts) == (Verdict(verdict), parts)
    assert bool(judged.words) == bool(parts)


def test_of_a_student_of_whom_nothing_is_known_nothing_contradicts():
    judged = judge_identity(Known("", "", None), Known("Mia", "Bitterroot", date(2015, 3, 12)))
    assert judged.verdict is Verdict.SAME


def test_it_is_told_how_the_birth_date_differs():
    line = Known("Mia", "Bitterroot", date(2015, 3, 13))
    assert judge_identity(MIA, line).words == ("the birth date differs in one digit",)


@pytest.mark.parametrize(
    ("born", "why"),
    [
        (date(2026, 11, 24), "is still to come"),
        (date(2026, 11, 23), ""),
        (date(2003, 11, 24), ""),  # 22 for one day more
        (date(2003, 11, 23), "makes the student older than 22"),
        (date(1950, 1, 1), "makes the student older than 22"),
    ],
)
def test_a_birth_date_that_cannot_be(born, why):
    assert why_no_birth_date(born, date(2026, 11, 23)) == why


def test_a_leap_day_is_a_day_like_another():
    assert why_no_birth_date(date(2005, 2, 28), date(2028, 2, 29)) == "makes the student older than 22"
    assert why_no_birth_date(date(2005, 3, 1), date(2028, 2, 29)) == ""
    # Born on February 29, one is a year older on February 28 (decision 17).
    assert why_no_birth_date(date(2004, 2, 29), date(2027, 2, 27)) == ""
    assert why_no_birth_date(date(2004, 2, 29), date(2027, 2, 28)) == "makes the student older than 22"


def test_month_and_day_swapped_are_called_so():
    line = Known("Mia", "Bitterroot", date(2015, 12, 3))
    assert judge_identity(MIA, line).words == ("month and day of the birth date are swapped",)
