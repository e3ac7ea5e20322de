"""The state's reporting periods of each year, as data: dates move by statute, so none of them is computed.

``reporting_periods.csv``: one row a period; ``counts_until`` is the last day whose events count in it,
``closes_on`` the last day on which an LEA may still change what it certified.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

_CSV = Path(__file__).parent / "reporting_periods.csv"


@dataclass(frozen=True, slots=True)
class ReportingPeriod:
    """One period. Its days are inclusive; ``confidence`` is that of its dates. ``certify_by`` is ``None`` where no page
    prints it."""

    year: str
    key: str
    label: str
    counts_until: date
    opens_on: date
    certify_by: date | None
    closes_on: date
    confidence: str
    source: str


@cache
def reporting_periods() -> tuple[ReportingPeriod, ...]:
    """All known periods in the order of the file."""
    with _CSV.open(encoding="utf-8", newline="") as file:
        return tuple(
            ReportingPeriod(
                year=row["year"],
                key=row["key"],
                label=row["label"],
                counts_until=date.fromisoformat(row["counts_until"]),
                opens_on=date.fromisoformat(row["opens_on"]),
                certify_by=date.fromisoformat(row["certify_by"]) if row["certify_by"] else None,
                closes_on=date.fromisoformat(row["closes_on"]),
                confidence=row["confidence"],
                source=row["source"],
            )
            for row in csv.DictReader(file)
        )


def period_of(year: str, key: str) -> ReportingPeriod:
    """The period of a year by its key. Raises ``KeyError`` where no dates of it are known."""
    for period in reporting_periods():
        if (period.year, period.key) == (year, key):
            return period
    raise KeyError((year, key))


def period_open_on(day: date) -> ReportingPeriod | None:
    """The period in which an LEA reports on ``day``, if one is open."""
    return next(
        (period for period in reporting_periods() if period.opens_on <= day <= period.closes_on), None
    )
