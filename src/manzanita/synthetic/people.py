"""Who a random student is: name, birth, family."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from manzanita.synthetic.disabilities import weighted
from manzanita.synthetic.names import GIVEN_NAMES, MIDDLE_WORDS, PLANTS
from manzanita.synthetic.schoolyear import age_on
from manzanita.synthetic.students import RightsHolder, Student

ADULT = 18

_LANGUAGES = {
    "English": 600,
    "Spanish": 290,
    "Vietnamese": 20,
    "Mandarin": 18,
    "Tagalog": 14,
    "Cantonese": 10,
    "Punjabi": 10,
    "Arabic": 10,
    "Armenian": 8,
    "Korean": 8,
    "Russian": 6,
    "Hmong": 6,
}
_RACE_OF_LANGUAGE = {
    "Vietnamese": "204",
    "Mandarin": "201",
    "Cantonese": "201",
    "Tagalog": "400",
    "Punjabi": "205",
    "Korean": "203",
    "Hmong": "208",
    "Arabic": "700",
    "Armenian": "700",
    "Russian": "700",
    "Spanish": "700",
}
_RACES = {"700": 62, "600": 12, "400": 4, "201": 5, "205": 5, "100": 3, "299": 5, "399": 2, "301": 2}
_PAIRS = (("Mother", "Father"), ("Mother", ""), ("Father", ""), ("Guardian", ""), ("Grandmother", ""))
_PAIR_SHARES = (52, 30, 8, 6, 4)
_FOSTER = ("Foster parent", "")


@dataclass(frozen=True, slots=True)
class Family:
    """What a household has in common."""

    language: str
    relations: tuple[str, str]


def draw_birth(rng: Random, age: int, year: int, newest: date) -> date:
    """A birth date of someone who is ``age`` on September 1 of ``year``, born by ``newest``."""
    first = date(year - age - 1, 9, 2)
    last = min(date(year - age, 9, 1), newest)
    return first + timedelta(days=rng.randint(0, max(0, (last - first).days)))


def draw_student(rng: Random, index: int, birth: date, as_of: date, reserved: Collection[str]) -> Student:
    """A student with family and without school; ``reserved`` first names are taken by the demo students."""
    first_name = rng.choice(GIVEN_NAMES)
    while first_name in reserved:
        first_name = rng.choice(GIVEN_NAMES)
    middle_name = rng.choice(MIDDLE_WORDS) if rng.random() < 0.6 else ""
    language = weighted(rng, _LANGUAGES)
    is_hispanic = language == "Spanish" or (language == "English" and rng.random() < 0.38)
    student = Student(
        index=index,
        first_name=first_name,
        middle_name=middle_name if middle_name != first_name else "",
        birth=birth,
        gender=weighted(rng, {"M": 62, "F": 37, "X": 1}),
        is_hispanic=is_hispanic,
        race=_RACE_OF_LANGUAGE.get(language) or weighted(rng, _RACES),
        address=f"{rng.randint(1, 999)} {rng.choice(PLANTS)} Lane",
    )
    relations = _PAIRS[rng.choices(range(len(_PAIRS)), weights=_PAIR_SHARES)[0]]
    student.rights_holders = _rights_holders(rng, student, Family(language, relations), as_of)
    return student


def place_in_foster_care(student: Student) -> None:
    """The foster parent holds the rights of a child in a foster home."""
    holder = student.rights_holders[0]
    if holder.relation != "Self":
        student.rights_holders = [RightsHolder(holder.first_name, _FOSTER[0], holder.language, holder.phone)]


def _rights_holders(rng: Random, student: Student, family: Family, as_of: date) -> list[RightsHolder]:
    if age_on(student.birth, as_of) >= ADULT:
        return [RightsHolder(student.first_name, "Self", "English", _phone(rng))]
    names = rng.sample(GIVEN_NAMES, 2)
    return [
        RightsHolder(name, relation, family.language, _phone(rng))
        for name, relation in zip(names, family.relations, strict=True)
        if relation
    ]


def _phone(rng: Random) -> str:
    """One of the hundred numbers that are kept for fiction."""
    return f"707-555-{rng.randint(100, 199):04d}"
