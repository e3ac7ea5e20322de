"""The sentence above a list of students: its parts with their choices, and what to take away where nobody is left."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from manzanita.domain.codes import code_set
from manzanita.domain.narrowing import NOBODY, PARTS, REVIEWS, Part, grade_places
from manzanita.students.listing import COUNT_CAP
from manzanita.students.models import ScopedQuerySet
from manzanita.students.narrowing import Occurring, counts_without, occurring
from manzanita.ui.formats import plural
from manzanita.web.found import Found, value_words


@dataclass(frozen=True, slots=True)
class Choice:
    """One part of the sentence: what may be chosen, as (value, words), what is, and the address without it."""

    part: Part
    options: Sequence[tuple[str, str]]
    value: str
    words: str
    without_url: str


def choices_of(found: Found, students: ScopedQuerySet) -> list[Choice]:
    """The parts with what occurs among ``students``, and with what is chosen, though nobody has it."""
    occurs = occurring(students, found.actor)
    return [
        Choice(
            part,
            _options(part.key, _values(part.key, occurs), found.narrowing.value(part.key)),
            found.narrowing.value(part.key),
            found.words.get(part.key, ""),
            found.address(**{part.key: ""}),
        )
        for part in PARTS
    ]


def _values(part: str, occurs: Occurring) -> Collection[str]:
    return {
        "school": occurs.schools,
        "grade": occurs.grades,
        "manager": {str(pk) for pk in occurs.managers} | {NOBODY},
        "plan": occurs.plans,
        "disability": occurs.disabilities,
        "review": REVIEWS.keys(),
    }[part]


def _options(part: str, values: Collection[str], chosen: str) -> list[tuple[str, str]]:
    """Names by the alphabet, grades from the youngest, the rest by their codes; nobody comes first."""
    words = value_words(part, [*values, *({chosen} - {"", *values})])
    if part == "grade":
        places = grade_places(code_set("GradeLevel").codes)
        return sorted(words.items(), key=lambda one: (places.get(one[0], len(places)), one[0]))
    if part == "review":
        return list(words.items())
    if part in ("school", "manager"):
        return sorted(words.items(), key=lambda one: (one[0] != NOBODY, one[1].lower(), one[0]))
    return sorted(words.items())


@dataclass(frozen=True, slots=True)
class TakeAway:
    """A part that may be taken away from a sentence that leaves nobody: how many there are without it."""

    label: str
    words: str
    count: int
    url: str

    @property
    def count_text(self) -> str:
        return (
            f"more than {COUNT_CAP:,} students" if self.count > COUNT_CAP else plural(self.count, "student")
        )


def to_take_away(found: Found, students: ScopedQuerySet) -> list[TakeAway]:
    """The parts without which somebody is left, the most first; one query."""
    counts = counts_without(students, found.actor, found.narrowing)
    offered = [
        TakeAway(part.label, found.words[part.key], counts[part.key], found.address(**{part.key: ""}))
        for part, _ in found.narrowing.chosen
        if counts[part.key]
    ]
    return sorted(offered, key=lambda one: -one.count)
