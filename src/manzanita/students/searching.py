"""What a search for students means: names in any order, numbers, a birth date."""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, OuterRef, Q

from manzanita.domain.names import name_words
from manzanita.domain.records import parse_state_date
from manzanita.students.models import Enrollment, ScopedQuerySet, Ssid


def search(students: ScopedQuerySet, text: str) -> ScopedQuerySet:
    """Cut ``students`` to those a search text means: names in any order, SSID, local id, or birth date.

    Of a name the beginning of each part is enough, of middle and double names too, with or without its accents.
    """
    for word in text.replace(",", " ").split():
        digits = word.replace("-", "").replace("/", "")
        if digits.isdecimal():
            students = students.filter(_number_means(word, digits))
        elif any(character.isdecimal() for character in word):
            students = students.filter(_has_local_id(word))
        else:
            parts = name_words(word)
            for part in parts:
                students = students.filter(name_key__contains=f" {part}")
            if not parts:
                students = students.none()
    return students


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
