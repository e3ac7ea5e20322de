"""How long an LEA that a student has left goes on reading and mending what it reported: F22 in days.

It may until the state's End-of-Year submission of the academic year of its last day is amended no more
(``reporting_periods.csv``, key ``eoy``). After that day nothing remains to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from manzanita.domain.findings import Owner, Reason
from manzanita.domain.reporting_periods import ReportingPeriod, reporting_periods
from manzanita.domain.years import (
    academic_year_of,
    census_day,
    first_calendar_year,
    first_day,
    last_day,
    year_end,
    year_start,
)

EOY = "eoy"
CLOSED = "amendment-closed"
ENDED = "former-ended"
# What stands behind the end, on every page that says it.
RULE = "A former LEA reads and mends what it reported until the End-of-Year amendment window closes"


@dataclass(frozen=True, slots=True)
class Window:
    """``closes_on`` is the last day, in California, on which what was reported of ``year`` may be amended;
    ``confidence`` that of the date, ``source`` who prints it."""

    year: str
    label: str
    closes_on: date
    confidence: str
    source: str

    @property
    def told(self) -> str:
        """The submission whose window it is: ``EOY 1 2026-2027``."""
        return f"{self.label} {self.year}"

    @property
    def doubt(self) -> str:
        """How sure the date is, in a sentence; empty text where the state prints it."""
        if self.confidence == "seen":
            return ""
        return f"The date is not confirmed ({self.confidence.replace('_', ' by a ')}): {self.source}."


def window_of(left_on: date) -> Window:
    """The window of an LEA whose last day with a student was ``left_on``. Of a year without dates it has those of the
    nearest year that has some, moved: it must end, and a page says that the date is not confirmed."""
    year = academic_year_of(left_on)
    known = [one for one in reporting_periods() if one.key == EOY]
    nearest = min(known, key=lambda one: (_distance(one.year, year), one.year))
    if nearest.year == year:
        return Window(year, nearest.label, nearest.closes_on, nearest.confidence, nearest.source)
    return Window(
        year,
        nearest.label,
        _moved(nearest, year),
        "provisional",
        f"no dates of {year} are known here; those of {nearest.year} were moved to it",
    )


def _distance(year: str, other: str) -> int:
    return abs(first_calendar_year(year) - first_calendar_year(other))


def _moved(period: ReportingPeriod, year: str) -> date:
    """As many days after the end of ``year`` as it closes after that of its own."""
    return last_day(year) + (period.closes_on - last_day(period.year))


def may_amend(left_on: date, today: date) -> bool:
    """The last day counts whole: through 23:59 in California."""
    return today <= window_of(left_on).closes_on


def first_last_day(today: date) -> date:
    """From this last day on ``may_amend`` holds of every one: July 1 of the first academic year since which all may be
    amended."""
    first = year_start(today)
    while may_amend(_year_before(first), today):
        first = _year_before(first)
    return first


def opened_again(today: date) -> list[tuple[date, date]]:
    """July 1 and June 30 of each earlier academic year that may be amended while a later one may not, the newest
    first: the state has opened it again. Usually none."""
    oldest = min(first_day(one.year) for one in reporting_periods() if one.key == EOY)
    found = []
    july = _year_before(first_last_day(today))
    while july >= oldest or may_amend(july, today):
        if may_amend(july, today):
            found.append((july, year_end(july)))
        july = _year_before(july)
    return found


def _year_before(july: date) -> date:
    return date(july.year - 1, july.month, july.day)


def why_closed(left_on: date) -> Reason:
    """Why a former LEA may not mend what it reported, and what can be done instead."""
    window = window_of(left_on)
    return Reason(
        CLOSED,
        f"The student left this district on {left_on:%m/%d/%Y}. What it reported of {window.year} could be corrected "
        f"and sent again through {window.closes_on:%m/%d/%Y}, when the amendment window of {window.told} closed. "
        f"{window.doubt}".strip(),
        Owner.COORDINATOR,
        "The SEDS coordinator of the district of today reports what is so now, and may ask the SELPA whether the "
        "state opens the year again; with a later date it is open here, too.",
        source=RULE,
        confidence=window.confidence,
    )


def why_ended(left_on: date) -> Reason:
    """Why a former LEA reads a student no more. Who the student is and where it went is not said."""
    window = window_of(left_on)
    return Reason(
        ENDED,
        f"The student left your LEA on {left_on:%m/%d/%Y}. As former LEA it read what was true until then, and mended "
        f"what it had reported, through {window.closes_on:%m/%d/%Y}, when the amendment window of {window.told} "
        f"closed. {window.doubt}".strip(),
        Owner.COORDINATOR,
        "The district of today has the record. Its SEDS coordinator lets you in as a guest where you need to look; "
        "should the student come back, ask for a transfer.",
        source=RULE,
        confidence=window.confidence,
    )


def told_until(left_on: date, today: date, *, is_reporting: bool, is_expected_back: bool) -> str:
    """For the page of a student who has left: until when the LEA reads and mends. ``is_reporting``: the status of today
    is this LEA's; ``is_expected_back``: its SIS ended the enrollment for the summer (``domain.leaving.EXPECTED_BACK``).
    """
    window = window_of(left_on)
    census = census_day(academic_year_of(last_day(window.year) + timedelta(days=1)))
    # Of a year that is open beyond Census Day it adds nothing.
    is_expected_back = is_expected_back and window.closes_on < census
    if today > window.closes_on:
        closed = f"The amendment window of {window.told} closed on {window.closes_on:%m/%d/%Y}."
        if is_reporting or not is_expected_back:
            return (
                f"{closed} Your LEA still reads and mends the record, because no other LEA has reported the student "
                "since; it ends when one does."
            )
        return (
            f"{closed} Your LEA still reads and mends the record, because the student is expected back after the "
            "summer, and no other LEA has enrolled or reported the student since. It ends when one does, and after "
            f"Census Day, {census:%m/%d/%Y}."
        )
    if is_reporting:
        then = "it reads and mends on for as long as no other LEA reports the student"
    elif is_expected_back:
        then = (
            "it reads and mends on only while the student is expected back and no other LEA enrolls or reports the "
            f"student, through Census Day, {census:%m/%d/%Y}, at the latest"
        )
    else:
        then = "it sees the record no more"
    return (
        f"Your LEA may correct and send again what it reported through {window.closes_on:%m/%d/%Y}, when the "
        f"amendment window of {window.told} closes; after that day {then}. {window.doubt}"
    ).strip()
