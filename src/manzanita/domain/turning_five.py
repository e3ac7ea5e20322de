"""Turning five: from which day a setting of preschool is no longer one.

A child of five in transitional kindergarten, kindergarten or a grade has a setting of school age, with a share of
general education where the setting has one (CALPADS Flash 193). Transitional kindergarten counts because the law makes
it the first year of kindergarten (EC 48000(d)). Who is five and still in preschool keeps the setting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from manzanita.domain.dates import years_after

FIVE = 5
SOURCE = "CALPADS Flash 193; Education Code 48000(d); MZ-PLAN-KINDERGARTEN"
PRESCHOOL_SETTINGS = ("200", "201", "203", "204")
INFANT_SETTINGS = ("102", "103", "104")
# Settings that are counted with the share of general education, 23.23.
WITH_SHARE = ("400", "500")
# Grades in which a child of five has a setting of school age.
SCHOOL_GRADES = ("TK", "KN", *(f"{number:02}" for number in range(1, 13)))


def fifth_birthday_of(born: date) -> date:
    return years_after(born, FIVE)


@dataclass(frozen=True, slots=True)
class InGrade:
    """The student is in the grade from ``first`` to ``last`` (``None``: no end is known), or is to be."""

    grade_code: str
    first: date
    last: date | None = None


def school_age_from(born: date, grades: Iterable[InGrade]) -> date | None:
    """The first day on which the child is five and in a grade of school; ``None`` where no such day is known."""
    fifth = fifth_birthday_of(born)
    found = [
        max(one.first, fifth)
        for one in grades
        if one.grade_code in SCHOOL_GRADES and (one.last is None or one.last >= max(one.first, fifth))
    ]
    return min(found, default=None)
