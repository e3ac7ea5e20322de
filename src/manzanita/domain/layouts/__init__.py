"""Record layouts of CALPADS by year: which field stands where, how long, from which code set, how sure.

Fields are named by the state's own numbers (``"23.15"``) everywhere in Manzanita. The reader and the
writer of caret files are in :mod:`manzanita.domain.layouts.files`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

CURRENT_YEAR = "2026-2027"
SPED_RECORDS = ("SWDS", "MEET", "PLAN", "SERV")
SIS_RECORDS = ("SENR", "SINF")
# Every record that a file may hold: those above, and what became of students after school.
RECORDS = (*SPED_RECORDS, "PSTS", *SIS_RECORDS)

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
        """True where a public state source prints the position."""
        return self.confidence == "seen"


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


@cache
def layout(record: str, year: str = CURRENT_YEAR) -> Layout:
    """The layout of ``record`` (``"PLAN"``) in ``year`` (``"2026-2027"``).

    Raises ``KeyError`` when no layout of that record and year is known.
    """
    path = _FOLDER / year / f"{record.lower()}.csv"
    if not path.exists():
        raise KeyError(f"no layout of {record} for {year}")
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
    return Layout(record, year, fields)


def field(number: str, year: str = CURRENT_YEAR) -> Field:
    """The field with the state's ``number`` (``"23.15"``). Raises ``KeyError`` when unknown."""
    record = RECORD_OF_FILE_NUMBER[number.split(".")[0]]
    return layout(record, year).by_number[number]


RECORD_OF_FILE_NUMBER = {
    "1": "SENR",
    "2": "SINF",
    "17": "PSTS",
    "22": "SWDS",
    "23": "PLAN",
    "24": "MEET",
    "25": "SERV",
}
