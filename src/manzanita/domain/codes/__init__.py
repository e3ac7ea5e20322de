"""Code sets of CALPADS by year, each code and each name with the confidence of its source.

The packaged sets hold in every year for which the district has not loaded the state's workbook
(:mod:`manzanita.domain.specification`).

``codes.csv`` holds one code a row; ``sets.csv`` says which sets are complete. An unknown code is an
error only in a complete set: elsewhere our list may simply be short of rows. ``years.csv`` holds the academic
years of the few codes for which a source prints them, ``labels.csv`` the words for those whose name the state runs
together (``NoKnownEnrollTruant``) or for which we have only a note.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from manzanita.domain.specification import CONFIRMED, specification

_FOLDER = Path(__file__).parent
# A name in one word, each part of it with a capital: ``OtherOrUnknown``.
_RUN_TOGETHER = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z]+)+")


@dataclass(frozen=True, slots=True)
class Code:
    """One code of one set. ``name`` is the state's, ``label`` is what people read; ``status`` is ``current`` or
    ``retired``; confidences as in the docs.

    ``words`` are ours where the state's name cannot be read well, else empty. ``first_year`` and ``last_year`` are
    the academic years (``"2023-2024"``) that bound its use, empty where no source prints them.
    """

    code: str
    name: str
    status: str
    code_confidence: str
    name_confidence: str
    source: str
    first_year: str = ""
    last_year: str = ""
    words: str = ""

    @property
    def label(self) -> str:
        """The name for people; one that is run together and for which we have no words is taken apart."""
        if not self.words and _RUN_TOGETHER.fullmatch(self.name):
            first, *others = re.findall("[A-Z][a-z]+", self.name)
            return " ".join([first, *(word.lower() for word in others)])
        return self.words or self.name

    @property
    def is_confirmed(self) -> bool:
        """True where a public state source or the state's own workbook prints the code."""
        return self.code_confidence in CONFIRMED


@dataclass(frozen=True, slots=True)
class CodeSet:
    """All known codes of one set. ``is_complete`` decides whether an unknown code is an error."""

    name: str
    is_complete: bool
    note: str
    codes: Mapping[str, Code]

    def label(self, code: str) -> str:
        """``290 Specific learning disability (SLD)``, or the bare code where it is unknown."""
        known = self.codes.get(code)
        return f"{code} {known.label}" if known else code

    def current(self) -> list[Code]:
        """Codes one may still choose, in code order."""
        return sorted((c for c in self.codes.values() if c.status == "current"), key=lambda c: c.code)


def unconfirmed_codes(codes: CodeSet, *, all_of_them: str) -> str:
    """The codes that one may choose and that no public state source prints, ``30, 40``; of all ``all_of_them``, of none
    empty text."""
    found = [one.code for one in codes.current() if not one.is_confirmed]
    return all_of_them if found and len(found) == len(codes.current()) else ", ".join(found)


def unconfirmed_in(codes: CodeSet) -> str:
    """What is said of them beside a field, once."""
    found = unconfirmed_codes(codes, all_of_them="these codes")
    return f"No public state source prints {found}." if found else ""


def code_sets(year: str | None = None) -> Mapping[str, CodeSet]:
    """Every code set of ``year`` (``None``: the year being judged) by name."""
    known = specification(year)
    return known.code_sets if known else packaged_code_sets()


@cache
def packaged_code_sets() -> Mapping[str, CodeSet]:
    """The sets that the product brings along. Raises ``ValueError`` for a set without a completeness row."""
    with (_FOLDER / "years.csv").open(encoding="utf-8", newline="") as file:
        years = {
            (row["code_set"], row["code"]): (row["first_year"], row["last_year"])
            for row in csv.DictReader(file)
        }
    with (_FOLDER / "labels.csv").open(encoding="utf-8", newline="") as file:
        words = {(row["code_set"], row["code"]): row["label"] for row in csv.DictReader(file)}
    codes: dict[str, dict[str, Code]] = {}
    with (_FOLDER / "codes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            in_set = codes.setdefault(row["code_set"], {})
            # The retired list of a set may reuse a number; the current meaning wins.
            if row["code"] in in_set and row["status"] == "retired":
                continue
            in_set[row["code"]] = Code(
                row["code"],
                row["name"],
                row["status"],
                row["code_confidence"],
                row["name_confidence"],
                row["source"],
                *years.get((row["code_set"], row["code"]), ("", "")),
                words=words.get((row["code_set"], row["code"]), ""),
            )
    sets: dict[str, CodeSet] = {}
    with (_FOLDER / "sets.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = row["code_set"]
            sets[name] = CodeSet(
                name, row["is_complete"] == "Y", row["note"], MappingProxyType(codes.pop(name, {}))
            )
    if codes:
        raise ValueError(f"code sets without a completeness row in sets.csv: {', '.join(sorted(codes))}")
    return MappingProxyType(sets)


def code_set(name: str, year: str | None = None) -> CodeSet:
    """The code set called ``name`` in ``year`` (``None``: the year being judged). Raises ``KeyError``."""
    return code_sets(year)[name]
