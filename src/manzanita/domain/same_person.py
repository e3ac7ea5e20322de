"""May a line of the SIS speak for the student whom its number names? Rule MZ-OTHER-PERSON.

A number typed wrongly names a stranger, and what is loaded to a stranger is sent for that stranger. So a line whose
identity contradicts that of the student is set aside until somebody has looked. People do change names, and birth
dates are corrected: one such change alone passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from manzanita.domain.dates import years_after
from manzanita.domain.likeness import Birth, Degree, Known, birth_likeness, name_likeness

RULE = "MZ-OTHER-PERSON"
# IDEA Part B serves through the school year in which a student turns 22 (Education Code 56026).
OLDEST_STUDENT_YEARS = 22


class Verdict(StrEnum):
    """``SAME`` passes in silence, ``TOLD`` passes with a note, ``OTHER`` is set aside."""

    SAME = "same"
    TOLD = "told"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Judged:
    """``parts`` are what speaks against one person, by name as on an identity, and ``local_id``; ``words`` say how."""

    verdict: Verdict
    parts: tuple[str, ...]
    words: tuple[str, ...]


def judge_identity(known: Known, stated: Known, *, is_local_id_taken: bool = False) -> Judged:
    """Whether ``stated`` can be the student ``known``; ``is_local_id_taken``: the line's local ID is that of another
    student who is enrolled there. What either side does not say speaks neither for nor against."""
    first, last = _degree(known.first, stated.first), _degree(known.last, stated.last)
    is_swapped = _is_swapped(known, stated, first, last)
    birth = birth_likeness(known.birth_on, stated.birth_on)
    parts: list[str] = []
    words: list[str] = []
    if is_swapped:
        parts += ["first_name", "last_name"]
        words.append("first and last name are swapped")
    else:
        for part, degree, what in (("first_name", first, "first name"), ("last_name", last, "last name")):
            if degree is not Degree.SAME:
                parts.append(part)
                words.append(
                    f"the {what} is another" if degree is Degree.OTHER else f"the {what} is spelled otherwise"
                )
    if birth not in (Birth.SAME, Birth.UNKNOWN):
        parts.append("birth_on")
        words.append(_BIRTH_WORDS[birth])
    is_other_first = first is Degree.OTHER and not is_swapped
    is_other_last = last is Degree.OTHER and not is_swapped
    is_other = (
        # A twin, a sibling, or a stranger. A person's first name changes seldom, and somebody can say so.
        is_other_first
        # Of first name, last name and birth date only one is left.
        or (is_other_last and birth is Birth.OTHER)
        # The number says one student, the local ID another, and the line fits the first not wholly.
        or (is_local_id_taken and bool(parts))
    )
    if is_local_id_taken:
        parts.append("local_id")
        words.append("the local ID is that of another student")
    if is_other:
        return Judged(Verdict.OTHER, tuple(parts), tuple(words))
    is_told = bool(set(parts) - {"last_name"}) or (last is not Degree.SAME and not is_other_last)
    return Judged(Verdict.TOLD if is_told else Verdict.SAME, tuple(parts), tuple(words))


_BIRTH_WORDS = {
    Birth.SWAPPED: "month and day of the birth date are swapped",
    Birth.DIGIT: "the birth date differs in one digit",
    Birth.OTHER: "the birth date is another",
}


def _degree(known: str, stated: str) -> Degree:
    # Nearly every line of an export says what is known.
    return name_likeness(known, stated) if known and stated and known != stated else Degree.SAME


def _is_swapped(known: Known, stated: Known, first: Degree, last: Degree) -> bool:
    if first is last is Degree.SAME or not all((known.first, known.last, stated.first, stated.last)):
        return False
    crossed = (name_likeness(known.first, stated.last), name_likeness(known.last, stated.first))
    return max(crossed) <= Degree.NEAR and sum(crossed) < first + last


def why_no_birth_date(birth_on: date, today: date) -> str:
    """Why a student of a school cannot be born on this day, in words; empty text of one that can be."""
    if birth_on > today:
        return "is still to come"
    # On the 23rd birthday one is 22 no more.
    if years_after(birth_on, OLDEST_STUDENT_YEARS + 1) <= today:
        return f"makes the student older than {OLDEST_STUDENT_YEARS}"
    return ""
