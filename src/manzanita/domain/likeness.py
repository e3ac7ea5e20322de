"""Are these two the same student? What speaks for it, in words, and how strongly. Nobody is merged by this.

A finding, not a decision: somebody looks at both. Everything is symmetric: A is as like B as B is like A.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from manzanita.domain.name_sounds import joined, name_parts, sound_of


class Strength(IntEnum):
    """The smaller, the more speaks for it."""

    EXACT = 1
    LIKELY = 2
    POSSIBLE = 3


class Degree(IntEnum):
    """How like two first names, or two last names, are."""

    SAME = 0
    PART = 1
    SOUND = 2
    NEAR = 3
    OTHER = 9


class Birth(IntEnum):
    """How like two birth dates are."""

    SAME = 0
    SWAPPED = 1
    DIGIT = 2
    UNKNOWN = 3
    OTHER = 9


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a student, or asked for: legal names as written, birth date, SSID or empty text."""

    first: str
    last: str
    birth_on: date | None
    ssid: str = ""


@dataclass(frozen=True, slots=True)
class Likeness:
    """``reasons`` in the order in which they weigh; ``order`` sorts the best first."""

    strength: Strength
    reasons: tuple[str, ...]
    order: tuple[int, int, int]

    @property
    def words(self) -> str:
        return "; ".join(self.reasons)

    @property
    def is_same_ssid(self) -> bool:
        """One SSID is that of one student: it is the same one, whatever else differs."""
        return _SAME_SSID in self.reasons


_SAME_SSID = "same SSID"
_BIRTH_WORDS = {
    Birth.SAME: "same birth date",
    Birth.SWAPPED: "month and day of the birth date swapped",
    Birth.DIGIT: "birth date differs in one digit",
    Birth.UNKNOWN: "birth date not known",
    Birth.OTHER: "another birth date",
}
_DEGREE_WORDS = {
    Degree.SAME: "same {}",
    Degree.PART: "one part of the {} the same",
    Degree.SOUND: "{} sounds alike",
    Degree.NEAR: "{} spelled nearly alike",
    Degree.OTHER: "another {}",
}


def likeness(a: Known, b: Known) -> Likeness | None:
    """What speaks for one student behind both; ``None`` where too little does."""
    birth = birth_likeness(a.birth_on, b.birth_on)
    straight = (name_likeness(a.first, b.first), name_likeness(a.last, b.last))
    crossed = (name_likeness(a.first, b.last), name_likeness(a.last, b.first))
    is_swapped = sum(crossed) < sum(straight)
    names = crossed if is_swapped else straight
    has_same_ssid = bool(a.ssid) and a.ssid == b.ssid
    strength = Strength.EXACT if has_same_ssid else _strength(birth, names, is_swapped)
    if strength is None:
        return None
    reasons = [_SAME_SSID] if has_same_ssid else []
    reasons += [_BIRTH_WORDS[birth], *_name_words(names, is_swapped)]
    if a.ssid and b.ssid and not has_same_ssid:
        reasons.append("each has an SSID of its own")
    return Likeness(strength, tuple(reasons), (strength, int(birth), int(sum(names)) + is_swapped))


def _strength(birth: Birth, names: tuple[Degree, Degree], is_swapped: bool) -> Strength | None:
    worst, best = max(names), min(names)
    if birth is Birth.SAME:
        if worst is Degree.SAME and not is_swapped:
            return Strength.EXACT
        if worst <= Degree.NEAR:
            return Strength.LIKELY
        # A twin, or a name that has changed.
        return Strength.POSSIBLE if best <= Degree.SOUND and not is_swapped else None
    if birth is Birth.OTHER or worst > Degree.SOUND:
        return None
    return Strength.LIKELY if worst is Degree.SAME and birth is not Birth.UNKNOWN else Strength.POSSIBLE


def _name_words(names: tuple[Degree, Degree], is_swapped: bool) -> list[str]:
    if is_swapped:
        exact = max(names) is Degree.SAME
        return ["names swapped" if exact else "names swapped, and not spelled alike"]
    if max(names) is Degree.SAME:
        return ["same name"]
    return [
        _DEGREE_WORDS[degree].format(what)
        for degree, what in sorted(zip(names, ("first name", "last name"), strict=True))
    ]


def name_likeness(a: str, b: str) -> Degree:
    """How like two first names are, or two last names. Case, accents, hyphens, blanks and Jr. do not count."""
    whole = (joined(a), joined(b))
    if not all(whole):
        return Degree.OTHER
    if whole[0] == whole[1]:
        return Degree.SAME
    parts = (set(name_parts(a)), set(name_parts(b)))
    if parts[0] <= parts[1] or parts[1] <= parts[0]:
        return Degree.PART
    sounds = ({sound_of(one) for one in parts[0]}, {sound_of(one) for one in parts[1]})
    if sounds[0] <= sounds[1] or sounds[1] <= sounds[0] or sound_of(whole[0]) == sound_of(whole[1]):
        return Degree.SOUND
    return Degree.NEAR if is_spelled_nearly(*whole) else Degree.OTHER


def is_spelled_nearly(a: str, b: str) -> bool:
    """One slip of the keyboard apart, in long names two: a letter more, less, other, or two neighbors swapped.

    A name and its feminine form are two names, not a slip: Mario and Maria, Daniel and Daniela.
    """
    shorter, longer = sorted((a, b), key=len)
    if (a[:-1] == b[:-1] and {a[-1:], b[-1:]} == {"a", "o"}) or longer == f"{shorter}a":
        return False
    if len(shorter) < 4:
        return False
    return _slips(a, b) <= (1 if len(shorter) < 6 else 2)


def _slips(a: str, b: str) -> int:
    """Fewest letters to add, drop, change, or swap with their neighbor, so that one becomes the other."""
    before_last: list[int] = []
    last = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, before_last[j - 2] + 1)
            row.append(cost)
        before_last, last = last, row
    return last[-1]


def birth_likeness(a: date | None, b: date | None) -> Birth:
    if a is None or b is None:
        return Birth.UNKNOWN
    if a == b:
        return Birth.SAME
    if (a.year, a.month, a.day) == (b.year, b.day, b.month):
        return Birth.SWAPPED
    texts = (f"{a:%m%d}{a.year:04}", f"{b:%m%d}{b.year:04}")
    wrong = [place for place in range(8) if texts[0][place] != texts[1][place]]
    is_turned = (
        len(wrong) == 2
        and wrong[1] == wrong[0] + 1
        and texts[0][wrong[0]] == texts[1][wrong[1]]
        and texts[0][wrong[1]] == texts[1][wrong[0]]
    )
    return Birth.DIGIT if len(wrong) == 1 or is_turned else Birth.OTHER


def near_birth_dates(day: date) -> frozenset[date]:
    """Every other date that could be ``day`` mistyped: month and day swapped, one digit wrong, two neighbors turned."""
    text = f"{day:%m%d}{day.year:04}"
    typed = {f"{day.day:02}{day.month:02}{day.year:04}"}
    for place in range(8):
        typed |= {text[:place] + digit + text[place + 1 :] for digit in "0123456789"}
        if place < 7:
            typed.add(text[:place] + text[place + 1] + text[place] + text[place + 2 :])
    return frozenset(found for one in typed if (found := _date_of(one)) is not None and found != day)


def _date_of(text: str) -> date | None:
    try:
        return date(int(text[4:]), int(text[:2]), int(text[2:4]))
    except ValueError:
        return None
