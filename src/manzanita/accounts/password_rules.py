"""What makes a long password weak all the same. Named in the settings, beside Django's own rules."""

from __future__ import annotations

import re

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

_REPEATED = re.compile(r"(.{1,12}?)\1+(.{0,3})")
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm")
_SHORTEST_RUN = 8
# Words that everybody around here has in mind; docs/security/controls.md lists them.
HOUSE_WORDS = (
    *(
        "manzanita",
        "calpads",
        "seds",
        "seis",
        "selpa",
        "sped",
        "specialeducation",
        "special",
        "education",
        "iep",
    ),
    *("ifsp", "student", "teacher", "school", "district", "unified", "county", "california", "coordinator"),
    *("casemanager", "password", "welcome", "admin", "spring", "summer", "autumn", "winter"),
)
_LEAST_OWN_LETTERS = 6


class PaddedPasswordValidator:
    """Refuses a common password made long: repeated, counted on, or with digits and signs around it.

    Lists of common passwords hold few of 15 characters; these are what people make of the short ones.
    """

    def __init__(self) -> None:
        self._common = CommonPasswordValidator().passwords

    def validate(self, password: str, user: object = None) -> None:
        plain = password.lower().strip()
        repeated = _REPEATED.fullmatch(plain)
        inner = plain.strip("0123456789 !?.,;:-_#*+$%&@=/\\'\"")
        is_weak = (
            repeated is not None
            or len(inner) < 4
            or inner in self._common
            or (len(set(plain)) <= 4)
            or _is_run(plain)
        )
        if is_weak:
            raise ValidationError(
                "This is a common password made longer: those are tried first. Take words that do not belong together.",
                code="password_padded",
            )

    def get_help_text(self) -> str:
        return "Your password can’t be a common one made longer."


class HouseWordsValidator:
    """Refuses a password of which little is left once the words of this house, digits and signs are taken out."""

    def validate(self, password: str, user: object = None) -> None:
        plain = re.sub(r"[\W\d_]", "", password.lower())
        own = re.sub("|".join(sorted(HOUSE_WORDS, key=len, reverse=True)), "", plain)
        if own != plain and len(own) < _LEAST_OWN_LETTERS:
            raise ValidationError(
                "This is made of words that everybody here would try first. Take words that do not belong together.",
                code="password_house_words",
            )

    def get_help_text(self) -> str:
        return "Your password can’t be made of words of special education alone."


def _is_run(plain: str) -> bool:
    """Mostly one run along the alphabet, the digits or the keyboard, in either direction."""
    letters = re.sub(r"[^a-z0-9]", "", plain)
    for row in _ROWS:
        for line in (row, row[::-1]):
            longest = next((n for n in range(len(letters), 0, -1) if _has_run(letters, line, n)), 0)
            if longest >= _SHORTEST_RUN and longest * 2 > len(letters):
                return True
    return False


def _has_run(letters: str, line: str, length: int) -> bool:
    return any(letters[at : at + length] in line for at in range(len(letters) - length + 1))
