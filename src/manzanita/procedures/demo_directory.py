"""What the districts of the demo have said of nonpublic schools, and what they ask of the directory.

The files bring the agreements (``agreements.csv``), and a student at a nonpublic school that nobody has listed
(``manzanita synth --movers``); here people record the ones, and ask for the other, by the same actions as anywhere.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

from manzanita.domain.access import Actor
from manzanita.domain.directory_requests import Asked, Kind, Place
from manzanita.orgs.request_actions import ask_directory, record_agreement
from manzanita.students.queries import students_by_ssid

# Placed on October 15 in Sandhill Crane School (``synthetic.movers``).
DOWITCHER_SSID, UNLISTED_SCHOOL, PLACED_ON = "9909000017", "9950037", date(2026, 10, 15)
CLOSING_SCHOOL = "9911006"


def record_demo_agreements(file: Path, coordinator_of: Callable[[str], Actor]) -> int:
    """Let each district's coordinator record its agreements; how many those are."""
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    actors = {code: coordinator_of(code) for code in sorted({row["lea"] for row in rows})}
    for row in rows:
        record_agreement(
            actor=actors[row["lea"]],
            agency_code=row["nps"],
            first=date.fromisoformat(row["first_on"]),
            last=date.fromisoformat(row["last_on"]),
            number=row["number"],
        )
    return len(rows)


def ask_demo_directory(coordinator: Actor) -> None:
    """Two requests that wait for the SELPA: a school closes with the year; and, where the files have somebody there, a
    nonpublic school is new, whose agreement nobody has recorded."""
    ask_directory(
        actor=coordinator,
        asked=Asked(
            Kind.CLOSED,
            Place.SCHOOL,
            coordinator.agency_code,
            CLOSING_SCHOOL,
            on=date(2027, 6, 11),
            evidence="The board's decision of November 12, 2026",
        ),
    )
    if students_by_ssid([DOWITCHER_SSID]):
        ask_directory(
            actor=coordinator,
            asked=Asked(
                Kind.NEW,
                Place.NPS,
                coordinator.agency_code,
                code=UNLISTED_SCHOOL,
                name="Sandhill Crane School",
                on=PLACED_ON,
                evidence="The state's list of certified nonpublic schools, October 2026",
            ),
        )
