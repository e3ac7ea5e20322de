"""What a search for students means: names in any order, numbers, a birth date."""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, OuterRef, Q

from manzanita.domain.names import marked, name_words
from manzanita.domain.records import parse_state_date
from manzanita.students.models import Enrollment, ScopedQuerySet, Ssid


def search(students: ScopedQuerySet, text: str) -> ScopedQuerySet:
    """Cut ``students`` to those a search text means: names in any order, SSID, local id, or birth date.

    Of a name the beginning of each part is enough, of middle and double names too, with or without its accents.
    """
    for word in _words(text):
        digits = _digits(word)
        if digits.isdecimal():
            students = students.filter(_number_means(word, digits))
        elif not _is_of_name(word):
            students = students.filter(_has_local_id(word))
        else:
            parts = name_words(word)
            for part in parts:
                students = students.filter(name_key__contains=f" {part}")
            if not parts:
                students = students.none()
    return students


def marks_of_name(text: str, shown: str) -> list[tuple[str, bool]]:
    """A shown name in pieces, each with whether it is what the search for ``text`` met."""
    return marked(shown, {part for word in _words(text) if _is_of_name(word) for part in name_words(word)})


def means_number(text: str, *, ssid: str = "", born: date | None = None) -> bool:
    """Does one word of a search text name this SSID, or this birth date?"""
    numbers = [(word, digits) for word in _words(text) if (digits := _digits(word)).isdecimal()]
    return any(
        (ssid and digits == ssid) or (born is not None and _birth_date(word, digits) == born)
        for word, digits in numbers
    )


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _digits(word: str) -> str:
    return word.replace("-", "").replace("/", "")


def _is_of_name(word: str) -> bool:
    return not any(character.isdecimal() for character in word)


def _number_means(word: str, digits: str) -> Q:
    ssid = Ssid.objects.believed().filter(student=OuterRef("pk"), ssid=digits)
    meaning = Q(Exists(ssid)) | Q(_has_local_id(word))
    born = _birth_date(word, digits)
    return meaning | Q(birth_on=born) if born else meaning


def _has_local_id(word: str) -> Exists:
    return Exists(Enrollment.objects.believed().filter(student=OuterRef("pk"), local_student_id=word))


def _birth_date(word: str, digits: str) -> date | None:
    try:
        if "/" in word:
            month, day, year = word.split("/")
            return date(int(year), int(month), int(day))
        return parse_state_date(digits)
    except (ValueError, OverflowError):
        return None
