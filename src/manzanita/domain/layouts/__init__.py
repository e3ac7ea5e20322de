"""Record layouts of CALPADS by year: which field stands where, how long, from which code set, how sure.

The packaged layouts hold in every year for which the district has not loaded the state's workbook
(:mod:`manzanita.domain.specification`).

Fields are named by the state's own numbers (``"23.15"``) everywhere in Manzanita. The reader and the
writer of caret files are in :mod:`manzanita.domain.layouts.files`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from manzanita.domain.specification import CONFIRMED, CURRENT_YEAR, specification, specified_years

SPED_RECORDS = ("SWDS", "MEET", "PLAN", "SERV")
SIS_RECORDS = ("SENR", "SINF")
# Every record that a file may hold: those above, and what became of students after school.
RECORDS = (*SPED_RECORDS, "PSTS", *SIS_RECORDS)
# Where a record says of which academic year it is.
YEAR_FIELD: Mapping[str, str] = {
    "SWDS": "22.05",
    "MEET": "24.05",
    "PLAN": "23.05",
    "SERV": "25.06",
    "PSTS": "17.07",
    "SENR": "1.07",
    "SINF": "2.08",
}

# A field whose length no source prints is too long beyond this.
UNKNOWN_LENGTH_LIMIT = 255

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Field:
    """One position of a record.

    ``required`` is ``Y``, ``N`` or the condition in words; ``type`` is character, number or date;
    ``confidence`` is that of the position, ``length_confidence`` that of the length.
    """

    number: str
    name: str
    type: str
    max_length: int | None
    required: str
    code_set: str | None
    format: str
    is_key: bool
    confidence: str
    length_confidence: str
    description: str
    source: str

    @property
    def is_required(self) -> bool:
        """Required without condition."""
        return self.required == "Y"

    @property
    def is_confirmed(self) -> bool:
        """True where a public state source or the state's own workbook prints the position."""
        return self.confidence in CONFIRMED


@dataclass(frozen=True)
class Layout:
    """One record type in one year. Positions are one-based in file order."""

    record: str
    year: str
    fields: tuple[Field, ...]

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        return tuple(field.number for field in self.fields)

    @cached_property
    def by_number(self) -> Mapping[str, Field]:
        return {field.number: field for field in self.fields}

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Numbers of the fields that together identify a record at the state."""
        return tuple(field.number for field in self.fields if field.is_key)


def layout(record: str, year: str | None = None) -> Layout:
    """The layout of ``record`` (``"PLAN"``) in ``year`` (``"2026-2027"``; ``None``: the year being judged).

    A year for which no workbook is loaded has the packaged layout. Raises ``KeyError`` for an unknown record.
    """
    known = specification(year)
    return known.layouts[record] if known else packaged_layout(record)


def layouts_in_use(record: str) -> list[Layout]:
    """Every layout that a line of ``record`` may have: that of the year being judged first, none twice."""
    years = (None, *reversed(specified_years()))
    return list(
        {id(one): one for one in (*(layout(record, y) for y in years), packaged_layout(record))}.values()
    )


def known_numbers(record: str) -> tuple[str, ...]:
    """Numbers of every field that ``record`` has in any layout in use, the packaged ones first."""
    others = (one.numbers for one in layouts_in_use(record))
    return tuple(
        dict.fromkeys((*packaged_layout(record).numbers, *(n for numbers in others for n in numbers)))
    )


@cache
def packaged_layout(record: str) -> Layout:
    """The layout of ``record`` that the product brings along. Raises ``KeyError`` for an unknown record."""
    path = _FOLDER / CURRENT_YEAR / f"{record.lower()}.csv"
    if not path.exists():
        raise KeyError(f"no layout of {record}")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    fields = tuple(
        Field(
            number=row["number"],
            name=row["name"],
            type=row["type"],
            max_length=int(row["max_length"]) if row["max_length"] else None,
            required=row["required"],
            code_set=row["code_set"] or None,
            format=row["format"],
            is_key=row["key"] == "Y",
            confidence=row["confidence"],
            length_confidence=row["length_confidence"],
            description=row["description"],
            source=row["source"],
        )
        for row in rows
    )
    return Layout(record, CURRENT_YEAR, fields)


def field(number: str, year: str | None = None) -> Field:
    """The field with the state's ``number`` (``"23.15"``). Raises ``KeyError`` when unknown.

    One that the layout of the year does not have any more is described as the packaged layout does: values of
    former years still need their name.
    """
    record = RECORD_OF_FILE_NUMBER[number.split(".")[0]]
    known = layout(record, year).by_number.get(number)
    return known or packaged_layout(record).by_number[number]


RECORD_OF_FILE_NUMBER = {
    "1": "SENR",
    "2": "SINF",
    "17": "PSTS",
    "22": "SWDS",
    "23": "PLAN",
    "24": "MEET",
    "25": "SERV",
}
