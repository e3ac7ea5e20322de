"""Periods as a district states them, and which of them hold for one school and track."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from manzanita.domain.years import academic_year_of

LONGEST_DAYS = 400


class CalendarError(ValueError):
    """A calendar that cannot be read as it is; each message says where, what and the fix."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class PeriodKind(StrEnum):
    """What a period says of its days. Only ``TERM`` holds school."""

    TERM = "term"
    BREAK = "break"
    HOLIDAY = "holiday"
    CLOSURE = "closure"
    INTERSESSION = "intersession"
    SUMMER = "summer"


KINDS = tuple(kind.value for kind in PeriodKind)
# Days on which offices are closed too: no business days. They hold for every school below.
OFFICE_CLOSED = frozenset((PeriodKind.HOLIDAY, PeriodKind.CLOSURE))


@dataclass(frozen=True, slots=True)
class Period:
    """``kind`` holds from ``start`` to ``end`` inclusive; an empty ``lea``, ``school`` or ``track`` means all.

    Raises ``ValueError`` where it ends before it starts, or lasts longer than a school year can.
    """

    start: date
    end: date
    kind: PeriodKind
    lea: str = ""
    school: str = ""
    track: str = ""

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(
                f"it ends ({self.end}) before it starts ({self.start}): correct one of the two days"
            )
        days = (self.end - self.start).days + 1
        if days > LONGEST_DAYS:
            raise ValueError(
                f"it lasts {days} days, longer than a school year: correct the year of one of its days"
            )


def periods_of(
    periods: Iterable[Period], *, lea: str = "", school: str = "", track: str = ""
) -> tuple[Period, ...]:
    """The periods that hold for one track of one school.

    Rows that name another LEA, school or track are left out. A school (or track) with a term of its own in an
    academic year has a schedule of its own for that year: terms, breaks, intersessions and summers of the levels
    above do not hold for it. Holidays and closures of the levels above always do.
    """
    here = [
        one
        for one in periods
        if one.lea in ("", lea) and one.school in ("", school) and one.track in ("", track)
    ]
    own: dict[str, int] = {}
    for one in here:
        if one.kind is PeriodKind.TERM:
            year = academic_year_of(one.start)
            own[year] = max(own.get(year, 0), _level(one))
    return tuple(
        one
        for one in here
        if one.kind in OFFICE_CLOSED or _level(one) >= own.get(academic_year_of(one.start), 0)
    )


def _level(period: Period) -> int:
    """How special a period is: track before school before LEA before all."""
    return 4 * bool(period.track) + 2 * bool(period.school) + bool(period.lea)
