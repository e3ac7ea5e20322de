"""Whom a report of an agency is about: the enrollment that qualifies on a day, or why there is none."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from manzanita.domain.compliance.facts import Enrolled, Status

# Primary before short-term before non-ADA.
_ORDER = {"10": 0, "30": 1, "50": 2}
SCHOOL_GRADES = frozenset({"PS", "TK", "KN", *(f"{grade:02}" for grade in range(1, 13))})
INFANT_GRADES = frozenset({"IN", "PS"})
RETURNING = frozenset({"E155", "E156"})
INFANT_EXITS = frozenset({"E155", "E170", "E450"})
PARTICIPATING = "1"


@dataclass(frozen=True, slots=True)
class Qualified:
    """The enrollment that qualifies; else ``enrollment`` is the one that comes nearest and ``why_not`` the reason."""

    enrollment: Enrolled | None
    why_not: str = ""


def qualify(
    enrollments: Iterable[Enrolled],
    day: date,
    leas: Collection[str],
    grades: Collection[str] = SCHOOL_GRADES,
    exits: Collection[str] = RETURNING,
) -> Qualified:
    """The enrollment at one of ``leas`` by which a student belongs to their report on ``day``.

    ``enrollments`` are those at all LEAs. Who is enrolled nowhere, and left last with one of ``exits``, still belongs.
    """
    begun = [one for one in enrollments if one.start <= day]
    counted = [one for one in begun if one.status_code in _ORDER]
    now = [one for one in counted if one.covers(day)]
    here = [one for one in now if one.lea_code in leas]
    if here:
        fitting = [one for one in here if one.grade_code in grades]
        if fitting:
            return Qualified(min(fitting, key=_rank))
        return Qualified(min(here, key=_rank), "grade")
    if now:
        return Qualified(min(now, key=_rank), "elsewhere")
    if not counted:
        other = next((one for one in begun if one.covers(day)), None)
        return Qualified(other, "status-of-enrollment" if other else "never-enrolled")
    last = max(counted, key=lambda one: (one.end or day, one.start))
    if last.lea_code not in leas:
        return Qualified(last, "left-elsewhere")
    if last.exit_reason_code not in exits:
        return Qualified(last, "left")
    return Qualified(last, "" if last.grade_code in grades else "grade")


def _rank(one: Enrolled) -> tuple[int, int, int]:
    end = one.end.toordinal() if one.end else date.max.toordinal()
    return _ORDER[one.status_code], -end, -one.start.toordinal()


def participates(statuses: Iterable[Status], day: date) -> str:
    """Why the student does not participate on ``day``; empty where status 1 holds, whichever LEA reported it."""
    holding = [one for one in statuses if one.covers(day)]
    if not holding:
        return "no-status"
    return "" if max(holding, key=lambda one: one.start).status_code == PARTICIPATING else "not-participating"
