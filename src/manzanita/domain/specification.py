"""Which layouts, code sets and error texts hold in which reporting year.

What the product brings along holds in every year for which nothing else is said. The outer layer says so with
:func:`put_in_force`; layouts and code sets then answer by the academic year that is being judged
(:func:`judging`), so that two years stand side by side. This module knows no layout and no code: it only keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manzanita.domain.codes import CodeSet
    from manzanita.domain.layouts import Layout

# The year whose layouts the product brings along.
CURRENT_YEAR = "2026-2027"
# Confidences of what may go to the real state: a public page of the state prints it, or its own workbook does.
CONFIRMED = frozenset({"seen", "confirmed"})
_WORDS = {"retired": "in use, printed only in a retired rule"}


def confidence_words(confidence: str) -> str:
    """How sure a position or a code is, for people. What only a retired rule prints is no retired code."""
    return _WORDS.get(confidence, confidence)


@dataclass(frozen=True, slots=True, eq=False)
class Specification:
    """One year's layouts by record, code sets by name and error texts by code. ``origin`` says whence, in words.

    Two specifications are equal only where they are the same one, so that what is derived from it may be kept.
    """

    year: str
    origin: str
    layouts: Mapping[str, Layout]
    code_sets: Mapping[str, CodeSet]
    error_texts: Mapping[str, str]


_in_force: Mapping[str, Specification] = MappingProxyType({})
_judged_year: ContextVar[str | None] = ContextVar("judged_year", default=None)


def _current_year() -> str:
    return CURRENT_YEAR


_usual_year: Callable[[], str] = _current_year


def put_in_force(specifications: Mapping[str, Specification]) -> None:
    """From now on these hold, by academic year, and what the product brings along in every other year."""
    global _in_force
    _in_force = MappingProxyType(dict(specifications))


def judge_usually(year: Callable[[], str]) -> None:
    """From now on layouts and code sets are those of the ``year`` that is told whenever it is asked, wherever no other
    year is being judged: a process goes on over June 30."""
    global _usual_year
    _usual_year = year


def specification(year: str | None = None) -> Specification | None:
    """The one in force in ``year`` (``None``: the year being judged); ``None`` where ours holds."""
    # Asked for every field and code of a page: where nothing was loaded, no clock is.
    return _in_force.get(judged_year() if year is None else year) if _in_force else None


def in_force() -> Mapping[str, Specification]:
    """All that are in force now, by academic year: another mapping once something else was put in force."""
    return _in_force


def specified_years() -> tuple[str, ...]:
    """Years in which another specification than ours is in force, in order."""
    return tuple(sorted(_in_force))


def judged_year() -> str:
    """The academic year by whose specification layouts and codes answer now; empty text for ours."""
    year = _judged_year.get()
    return _usual_year() if year is None else year


@contextmanager
def judging(year: str) -> Iterator[None]:
    """Within this, layouts and code sets are those of ``year``. Empty text: those the product brings along."""
    token = _judged_year.set(year)
    try:
        yield
    finally:
        _judged_year.reset(token)


def error_text(code: str, year: str | None = None) -> str:
    """The state's own words for the error ``code``, or empty text where no workbook says them."""
    known = specification(year)
    return known.error_texts.get(code, "") if known else ""
