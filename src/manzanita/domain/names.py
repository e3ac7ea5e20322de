"""Names as a search reads them: without case, accents and marks, each part of a name a word of its own."""

from __future__ import annotations

import unicodedata

# Letters that are no base letter with a mark, but are typed as one on a keyboard that lacks them.
_PLAIN = str.maketrans({"đ": "d", "ø": "o", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"})
_APOSTROPHES = str.maketrans(dict.fromkeys("'’ʻ‘ʼ`", ""))


def name_words(*names: str) -> list[str]:
    """``name_words("José-Đạt", "O’Hara")`` is ``["jose", "dat", "ohara"]``."""
    text = unicodedata.normalize("NFKD", " ".join(names)).casefold().translate(_APOSTROPHES).translate(_PLAIN)
    kept = (character for character in text if not unicodedata.combining(character))
    return "".join(character if character.isalnum() else " " for character in kept).split()


def name_key(*names: str) -> str:
    """What is stored of the names of one person: a word begins after each blank."""
    return "".join(f" {word}" for word in name_words(*names))


def person_key(name: str) -> str:
    """What two accounts of one person's name have in common: its words in the order of the alphabet, without initials.

    ``person_key("Mockup, Juniper B.")`` and ``person_key("Juniper Mockup")`` are ``" juniper mockup"``.
    """
    words = [word for word in name_words(name) if len(word) > 1]
    return name_key(*sorted(words))
