"""What a field is that may be changed of many students at once, and how the cells of its column are read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Reason
from manzanita.domain.names import name_words
from manzanita.platform.facts import Statement

Values = Mapping[int, str]


@dataclass(frozen=True, slots=True)
class BatchField:
    """One field. ``heads`` are what its column may be called; ``choices`` what may be chosen on the page (value,
    words), ``None`` where it is typed. ``read`` makes values of the texts of cells, each with why it is none; ``now``
    gives what the students have; ``against`` what stands against giving them these, ``doubts`` what speaks for a second
    look; ``words`` are the values for people; ``rule`` is what makes a text no value. ``kind`` is the fact that it is,
    blank for a column of the student; ``stated`` its statement of one, or ``stated_all`` those of all where they need
    what stands already. ``blank`` is how the page offers to take the value
    away; empty where that is not done. ``each`` is asked of every student with the value that was told, and gives an
    own one to those of whom that says how it is found, and why others get none. ``more`` are what the page asks beside
    the choice: name, label, help; the answers follow the choice, parted by ``/``. ``follows`` says of whom the new
    value ends by itself: on which day, and which value follows; ``kept`` of whom what they have stays through which
    day, whatever is changed, and which value that is. ``is_next_year``: it is entered once the window of next
    year's data has opened (``next_year_window``), and before July 1."""

    key: str
    label: str
    help: str
    capability: Capability
    heads: tuple[str, ...]
    choices: Callable[[Actor], list[tuple[str, str]]] | None
    read: Callable[[Actor, Collection[str]], dict[str, tuple[str, str]]]
    now: Callable[[Collection[int]], dict[int, str]]
    words: Callable[[Collection[str]], dict[str, str]]
    rule: str
    against: Callable[[Actor, Values], dict[int, Reason]] = field(default=lambda actor, wanted: {})
    doubts: Callable[[Actor, Values], dict[int, Reason]] = field(default=lambda actor, wanted: {})
    kind: str = ""
    slot: Mapping[str, str] = field(default_factory=dict)
    blank: str = ""
    stated: Callable[[int, str], Statement] | None = None
    stated_all: Callable[[Values], list[Statement]] | None = None
    each: Callable[[Values], tuple[dict[int, str], dict[int, Reason]]] | None = None
    more: tuple[tuple[str, str, str], ...] = ()
    follows: Callable[[Collection[int]], dict[int, tuple[date, str]]] = field(default=lambda ids: {})
    kept: Callable[[Collection[int]], dict[int, tuple[date, str]]] = field(default=lambda ids: {})
    is_next_year: bool = False


def plain(text: str) -> str:
    """A word as it is looked up: without case, accents and marks, where letters or digits are left."""
    return " ".join(name_words(text)) or text.strip()


def read_words(
    texts: Collection[str],
    by_word: Mapping[str, Collection[str]],
    *,
    empty: str,
    several: Callable[[str, int], str],
    nobody: Callable[[str], str],
) -> dict[str, tuple[str, str]]:
    """The value of each text by the ``plain`` words for values, with why it is none: it is ``empty`` (said only where
    blank is no value), means ``several``, or nothing."""
    found = {}
    for text in texts:
        meant = by_word.get(plain(text), ())
        if not text:
            found[text] = ("", empty)
        elif len(meant) == 1:
            found[text] = (next(iter(meant)), "")
        else:
            found[text] = ("", several(text[:60], len(meant)) if meant else nobody(text[:60]))
    return found
