"""Names as a search reads them: without case, accents and marks, each part of a name a word of its own."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence

# Letters that are no base letter with a mark, but are typed as one on a keyboard that lacks them.
_PLAIN = str.maketrans({"đ": "d", "ø": "o", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"})
_APOSTROPHES = str.maketrans(dict.fromkeys("'’ʻ‘ʼ`", ""))


def name_words(*names: str) -> list[str]:
    """``name_words("José-Đạt", "O’Hara")`` is ``["jose", "dat", "ohara"]``."""
    text = unicodedata.normalize("NFKD", " ".join(names)).casefold().translate(_APOSTROPHES).translate(_PLAIN)
    kept = (character for character in text if not unicodedata.combining(character))
    return "".join(character if character.isalnum() else " " for character in kept).split()


def marked(shown: str, beginnings: Collection[str]) -> list[tuple[str, bool]]:
    """``shown`` cut into pieces, each with whether it is what a search for ``beginnings`` (as ``name_words`` gives
    them) met: ``marked("O’Hara, Ann", ["oha"])`` is ``[("O’Ha", True), ("ra, Ann", False)]``."""
    as_read = [_as_read(character) for character in shown]
    pieces: list[tuple[str, bool]] = []
    at = 0
    while at < len(shown):
        end = at + 1
        if as_read[at] == " ":
            pieces.append((shown[at], False))
        else:
            while end < len(shown) and as_read[end] != " ":
                end += 1
            cut = at + _met(as_read[at:end], beginnings)
            pieces += [(shown[at:cut], True), (shown[cut:end], False)]
        at = end
    joined: list[tuple[str, bool]] = []
    for text, is_met in pieces:
        if text and joined and joined[-1][1] is is_met:
            joined[-1] = (joined[-1][0] + text, is_met)
        elif text:
            joined.append((text, is_met))
    return joined


def _as_read(character: str) -> str:
    """What one character is to a search: nothing, a blank, or letters."""
    if unicodedata.combining(character) or character.translate(_APOSTROPHES) == "":
        return ""
    return "".join(name_words(character)) or " "


def _met(word: Sequence[str], beginnings: Collection[str]) -> int:
    """With how many characters of a word the longest of ``beginnings`` that it begins with is over."""
    text = "".join(word)
    longest = max((len(one) for one in beginnings if text.startswith(one)), default=0)
    end, met = 0, 0
    while met < longest:
        met += len(word[end])
        end += 1
    # A mark of its own belongs to the letter before it.
    while end and end < len(word) and not word[end]:
        end += 1
    return end


def name_key(*names: str) -> str:
    """What is stored of the names of one person: a word begins after each blank."""
    return "".join(f" {word}" for word in name_words(*names))


def person_key(name: str) -> str:
    """What two accounts of one person's name have in common: its words in the order of the alphabet, without initials.

    ``person_key("Mockup, Juniper B.")`` and ``person_key("Juniper Mockup")`` are ``" juniper mockup"``.
    """
    words = [word for word in name_words(name) if len(word) > 1]
    return name_key(*sorted(words))
