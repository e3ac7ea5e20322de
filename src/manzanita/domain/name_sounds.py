"""How a name sounds, roughly: one short text for spellings that are heard alike in English or Spanish.

It is a key to look names up by, and a word to a reader ("sounds alike"); it never decides who a person is. Nicknames
are not guessed: Beth is not Elizabeth here.
"""

from __future__ import annotations

import re
from functools import lru_cache

from manzanita.domain.names import name_words

# Spellings in the order in which they are read.
_SPELLINGS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"h+$", ""),  # Sarah, Sara
        (r"^x(?=[aeiouy])", "j"),  # Ximena, Jimena
        (r"^(kn|gn)", "n"),
        (r"ph", "f"),
        (r"sch|sh", "s"),
        (r"ck|qu?", "k"),
        (r"x", "ks"),
        (r"(?<=.)gh", ""),
        (r"g(?=[eiy])", "j"),  # Gimenez, Jimenez
        (r"c(?=[eiy])", "s"),
        (r"ch", "%"),
        (r"c", "k"),
        (r"%", "c"),
        (r"z", "s"),
        (r"v", "b"),  # Cordova, Cordoba
        (r"[hw]", ""),
        (r"dt", "t"),
    )
)
_VOWELS = str.maketrans({"e": "i", "y": "i", "u": "o"})
# They join the parts of a surname, and are left out as often as not.
PARTICLES = frozenset({"da", "de", "del", "di", "dos", "e", "la", "las", "los", "van", "von", "y"})
GENERATIONS = frozenset({"jr", "sr", "ii", "iii", "iv"})


# Parts of names repeat: 25,000 students have a few thousand.
@lru_cache(maxsize=8_192)
def sound_of(word: str) -> str:
    """The sound of one word of ``name_words``; ``sound_of("catherine") == sound_of("kathryn")``.

    The first vowel counts, and of those at the end a and o: Mario is another name than Maria.
    """
    read = word
    for pattern, sound in _SPELLINGS:
        read = pattern.sub(sound, read)
    read = read.translate(_VOWELS)
    last = read[-1:] if len(read) > 1 and read[-1:] in ("a", "o") else ""
    heard = read[:1] + re.sub(r"[aio]", "", read[1:]) + last
    return re.sub(r"(.)\1+", r"\1", heard) or word


def name_parts(name: str) -> tuple[str, ...]:
    """The words of a first or last name that tell people apart: ``name_parts("De la Cruz-Peña Jr.")`` is
    ``("cruz", "pena")``. A name of nothing else keeps its words."""
    words = name_words(name)
    while len(words) > 1 and words[-1] in GENERATIONS:
        words.pop()
    return tuple(word for word in words if word not in PARTICLES) or tuple(words)


def joined(name: str) -> str:
    """All letters of a name in one word, but for Jr. and its like: "Mary Ann" and "Maryann" are one name."""
    words = name_words(name)
    while len(words) > 1 and words[-1] in GENERATIONS:
        words.pop()
    return "".join(words)


def sound_keys(first: str, last: str) -> frozenset[str]:
    """Keys under which a name is found by sound: each part of the first with each of the last name, in either order.

    Two names share a key where a part of each sounds alike, whichever of the two is called the first name.
    """
    givens, surnames = _sounds(first), _sounds(last)
    if not givens or not surnames:
        return givens | surnames
    return frozenset(" ".join(sorted((given, surname))) for given in givens for surname in surnames)


# Of very long names the rest adds rows, and finds nobody more.
_MOST_PARTS = 3


def _sounds(name: str) -> frozenset[str]:
    parts = name_parts(name)[:_MOST_PARTS]
    whole = joined(name)
    return frozenset(sound_of(part) for part in (*parts, whole) if part)
