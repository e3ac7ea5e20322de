"""Which grades a school has, as those who attend it show, and who would not fit there next year.

No source that we read prints a school's grades, so this warns and never refuses. Here, too: how far a grade may be from
that of now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from manzanita.domain.codes import code_set

GRADES = ("IN", "TD", "PS", "TK", "KN", *(f"{number:02}" for number in range(1, 13)))
_PLACE = {grade: place for place, grade in enumerate(GRADES)}
_NEAR = 1


def next_grades(grade: str) -> tuple[str, ...]:
    """Grades in which a student of ``grade`` may be next year: the same, the next, after preschool kindergarten too."""
    if grade not in _PLACE:
        return ()
    last = _PLACE[grade] + (2 if grade == "PS" else 1)
    return GRADES[_PLACE[grade] : last + 1]


def grade_up(grade: str) -> str:
    """The grade after ``grade``; empty after the last one, and below transitional kindergarten, where it goes by age
    and not by year."""
    place = _PLACE.get(grade)
    if place is None or place < _PLACE["TK"] or place == len(GRADES) - 1:
        return ""
    return GRADES[place + 1]


def jump(now: str, then: str) -> int:
    """By how many grades ``then`` is more than one year after ``now`` (the whole way), or before it (negative); 0 where
    it may be so next year, or where one of them has no place in the order."""
    if now not in _PLACE or then not in _PLACE or then in next_grades(now):
        return 0
    return _PLACE[then] - _PLACE[now]


def is_above(grade: str, seen: Collection[str]) -> bool:
    """Whether ``grade`` lies above all of those ``seen``."""
    span = span_of(seen)
    return span is not None and grade in _PLACE and _PLACE[grade] > _PLACE[span[1]]


def in_order(codes: Iterable[str]) -> list[str]:
    """The youngest first; codes that are no step of a school (adults, ungraded) come last, in their order."""
    return sorted(codes, key=lambda code: (_PLACE.get(code, len(GRADES)), code))


def grade_choices() -> list[tuple[str, str]]:
    """Code and label of each grade that one may choose, the youngest first."""
    labels = {one.code: one.label for one in code_set("GradeLevel").current()}
    return [(code, labels[code]) for code in in_order(labels)]


def shown(grade: str) -> str:
    """``4`` for ``04``; other codes as they are."""
    return str(int(grade)) if grade.isdecimal() else grade


def span_of(seen: Collection[str]) -> tuple[str, str] | None:
    """The lowest and the highest of the grades that are one; ``None`` where there is none."""
    known = sorted((one for one in seen if one in _PLACE), key=_PLACE.__getitem__)
    return (known[0], known[-1]) if known else None


def is_far(expected: Collection[str], seen: Collection[str]) -> bool:
    """Whether every grade that is ``expected`` of a student lies more than one grade outside those ``seen``."""
    span = span_of(seen)
    places = [_PLACE[one] for one in expected if one in _PLACE]
    if span is None or not places:
        return False
    low, high = _PLACE[span[0]] - _NEAR, _PLACE[span[1]] + _NEAR
    return all(place < low or place > high for place in places)
