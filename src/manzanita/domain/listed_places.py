"""Whether the directory knows the school that an enrollment names, on the days on which it names it.

Asked of the lines of a file, of the enrollments on a student's page, and of everybody enrolled in a district: it is
found anew each time, so that it settles itself once the directory has the school.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from manzanita.domain.directory_requests import GROUP_CODES, Entry, Kind, Place
from manzanita.domain.findings import Owner, Reason

# By this code imports and pages name it.
CODE = "MZ-SCHOOL"
NOTHING_MORE = "Once the directory has it, nothing more is to do."
_CODE = re.compile(r"[0-9]{7}")
_KINDS: Mapping[Place, tuple[str, ...]] = {
    Place.SCHOOL: (Place.SCHOOL.value,),
    Place.NPS: (Place.NPS.value,),
}
_WORDS: Mapping[Place, str] = {Place.SCHOOL: "School", Place.NPS: "Nonpublic school"}


@dataclass(frozen=True, slots=True)
class Attended:
    """What an enrollment says: SENR 1.04, 1.05, 1.06, its first day and its last one, ``None`` while it is open."""

    lea_code: str
    school_code: str
    nps_code: str
    first: date
    last: date | None = None

    def until(self, today: date) -> date:
        """The last day that is known: today, or before; of one to come its first."""
        return max(self.first, min(self.last or today, today))


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A school that the directory does not know on those days. ``asks`` is the request that would change it, where one
    would, and ``first`` the day from which it is named."""

    place: Place
    code: str
    reason: Reason
    asks: Kind | None
    first: date


def named_by(one: Attended) -> Iterator[tuple[Place, str]]:
    """The codes that have to stand in the directory: not the state's for groups of schools, nor the district's own,
    under which it enrolls whom it serves itself."""
    if one.school_code and one.school_code not in GROUP_CODES and one.school_code != one.lea_code:
        yield Place.SCHOOL, one.school_code
    if one.nps_code:
        yield Place.NPS, one.nps_code


def unlisted(one: Attended, directory: Mapping[str, Entry], today: date) -> list[Unlisted]:
    """What the directory does not know of it; empty where all is well. ``directory`` is by code."""
    found = []
    for place, code in named_by(one):
        said = _against(one, place, code, directory.get(code), today)
        if said is not None:
            reason, asks = said
            found.append(Unlisted(place, code, reason, asks, one.first))
    return found


def _against(
    one: Attended, place: Place, code: str, entry: Entry | None, today: date
) -> tuple[Reason, Kind | None] | None:
    name = f"{_WORDS[place]} {code[:20]}"
    if not _CODE.fullmatch(code):
        return _reason(
            "school-malformed",
            f"{name} is no code: a school has seven digits.",
            Owner.SIS,
            "Correct it in the SIS, and export again.",
        ), None
    if entry is None or entry.place not in _KINDS[place]:
        text = f"{name} is not in the directory."
        if entry is not None:
            text = f"{name} is not in the directory: the code is that of {entry.name}."
        return _reason(
            "school-unlisted",
            text,
            Owner.COORDINATOR,
            f"Ask for it; where the code is wrong, correct it in the SIS, and export again. {NOTHING_MORE}",
        ), None if entry is not None else Kind.NEW
    if entry.last is not None and one.until(today) > entry.last:
        goes_on = f" It goes on as {entry.successor}." if entry.successor else ""
        return _reason(
            "school-closed",
            f"{entry.name} ({code}) ended in the directory on {_us(entry.last)}, and the enrollment is later.{goes_on}",
            Owner.SIS,
            "Name the school that the student attends since in the SIS, and export again.",
        ), None
    if entry.first is not None and one.first < entry.first:
        return _reason(
            "school-to-come",
            f"{entry.name} ({code}) begins in the directory on {_us(entry.first)}, and the enrollment is earlier.",
            Owner.SIS,
            "Correct the first day or the school in the SIS, and export again; or tell the SELPA the right day.",
        ), None
    return None


def _reason(code: str, text: str, owner: Owner, way_out: str) -> Reason:
    return Reason(code, text, owner, way_out, source=CODE)


def _us(day: date) -> str:
    return f"{day:%m/%d/%Y}"
