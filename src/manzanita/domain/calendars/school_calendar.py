"""One school's calendar: school days, breaks with their computed length, and the days that stop a clock.

Non-school weekdays that touch (weekends between them do not separate) form one break, whatever their kind. Every
weekday inside it counts as missed, public holidays included; weekends never do. A break stops the clock when it
misses more than five weekdays, or holds an intersession or a summer (Education Code 56321(a), 56344(a)). Which of
its days are left out is open in the text; :class:`Tolling` names the readings.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property

from manzanita.domain.calendars.periods import OFFICE_CLOSED, CalendarError, Period, PeriodKind, periods_of
from manzanita.domain.years import academic_year_of

LONGER_THAN = 5
_SATURDAY = 5
_ALWAYS_LONG = frozenset((PeriodKind.INTERSESSION, PeriodKind.SUMMER))
_DAY = timedelta(days=1)


class Tolling(StrEnum):
    """How a long break stops a clock: not at all, or by one of three readings of the law."""

    NONE = "none"
    A = "A"
    B = "B"
    C = "C"

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]

    @property
    def left_out(self) -> str:
        """What of a long break is not counted, in words: for a sentence about one break."""
        return _LEFT_OUT[self]


_MEANINGS = {
    Tolling.NONE: "every calendar day counts",
    Tolling.A: "not counted: first to last missed weekday of a long break",
    Tolling.B: "as A, and the weekends at either edge of the break are not counted either",
    Tolling.C: "not counted: the sixth to the last missed weekday of a long break",
}

_LEFT_OUT = {
    Tolling.NONE: "counted",
    Tolling.A: "not counted from its first missed weekday to its last",
    Tolling.B: "not counted, nor the weekends at either edge of it",
    Tolling.C: "not counted from its sixth missed weekday to its last",
}


@dataclass(frozen=True, slots=True)
class Break:
    """Weekdays without school that touch: ``first`` and ``last`` of them, how many, and of which kinds.

    ``sixth`` is the sixth of them, if there are so many.
    """

    first: date
    last: date
    weekdays: int
    kinds: frozenset[PeriodKind]
    sixth: date | None

    @property
    def is_long(self) -> bool:
        return self.weekdays > LONGER_THAN or bool(self.kinds & _ALWAYS_LONG)

    @property
    def name(self) -> str:
        """``break of 10 school days``; a summer or an intersession by its name."""
        kind = next(
            (k.value for k in (PeriodKind.SUMMER, PeriodKind.INTERSESSION) if k in self.kinds), "break"
        )
        return f"{kind} of {self.weekdays} school day{'' if self.weekdays == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Skip:
    """Calendar days ``first`` to ``last`` that a clock leaves out, because of ``of``."""

    first: date
    last: date
    of: Break


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """First and last day with school of one regular school year."""

    first: date
    last: date


class Calendar:
    """What ``periods`` (of one school and track, see :func:`periods_of`) say of every day; immutable.

    A weekday is a school day if a term holds it and no other kind does; without any term, if no other kind does.
    Days before the first or after the last period are unknown: :meth:`knows` is false, weekdays count as school.
    """

    def __init__(self, periods: Iterable[Period]) -> None:
        self.periods = tuple(periods)
        self.first: date | None = min((one.start for one in self.periods), default=None)
        self.last: date | None = max((one.end for one in self.periods), default=None)
        terms = [one for one in self.periods if one.kind is PeriodKind.TERM]
        self._closed = _days(one for one in self.periods if one.kind in OFFICE_CLOSED)
        outside = set(_span(self.first, self.last)) - _days(terms) if terms else set()
        off = _days(one for one in self.periods if one.kind is not PeriodKind.TERM)
        self._without_school = {day for day in outside | off if _is_weekday(day)}
        self._skips: dict[Tolling, tuple[Skip, ...]] = {}

    def knows(self, day: date) -> bool:
        return self.first is not None and self.last is not None and self.first <= day <= self.last

    def is_school_day(self, day: date) -> bool:
        return _is_weekday(day) and day not in self._without_school

    def is_business_day(self, day: date) -> bool:
        """A weekday that is neither a holiday nor a closure; a day of a break is one."""
        return _is_weekday(day) and day not in self._closed

    @cached_property
    def breaks(self) -> tuple[Break, ...]:
        """All breaks in order."""
        runs: list[list[date]] = []
        for day in sorted(self._without_school):
            if runs and day - runs[-1][-1] <= (3 if day.weekday() == 0 else 1) * _DAY:
                runs[-1].append(day)
            else:
                runs.append([day])
        off = [one for one in self.periods if one.kind is not PeriodKind.TERM]
        return tuple(
            Break(
                run[0],
                run[-1],
                len(run),
                frozenset(one.kind for one in off if any(one.start <= day <= one.end for day in run)),
                run[LONGER_THAN] if len(run) > LONGER_THAN else None,
            )
            for run in runs
        )

    def skips(self, tolling: Tolling) -> tuple[Skip, ...]:
        """The days that a tolled clock leaves out, in order and apart from each other."""
        if tolling not in self._skips:
            found = (_skip(one, tolling) for one in self.breaks if one.is_long)
            self._skips[tolling] = tuple(skip for skip in found if skip is not None)
        return self._skips[tolling]

    def skips_from(self, day: date, tolling: Tolling) -> tuple[Skip, ...]:
        """Those of :meth:`skips` that end on ``day`` or later."""
        skips = self.skips(tolling)
        return skips[bisect_left(skips, day, key=lambda skip: skip.last) :]

    def short_breaks(self, first: date, last: date) -> int:
        """How many breaks that do not stop a clock lie at least partly in the days ``first`` to ``last``."""
        return sum(not one.is_long and one.first <= last and first <= one.last for one in self.breaks)

    @cached_property
    def school_years(self) -> tuple[SchoolYear, ...]:
        """Regular school years in order.

        A term begins a new one if it starts in another academic year (July to June) than the term before, or if a
        summer lies between the two.
        """
        summers = [one for one in self.periods if one.kind is PeriodKind.SUMMER]
        years: list[list[Period]] = []
        for term in sorted(
            (p for p in self.periods if p.kind is PeriodKind.TERM), key=lambda p: (p.start, p.end)
        ):
            if years:
                before = max(one.end for one in years[-1])
                is_same = academic_year_of(term.start) == academic_year_of(years[-1][0].start)
                if is_same and not any(before < one.end and one.start < term.start for one in summers):
                    years[-1].append(term)
                    continue
            years.append([term])
        found = []
        for terms in years:
            days = [day for day in _days(terms) if self.is_school_day(day)]
            if days:
                found.append(SchoolYear(min(days), max(days)))
        return tuple(found)

    def school_year_ending_from(self, day: date) -> SchoolYear | None:
        """The first school year whose last day is ``day`` or later."""
        return next((year for year in self.school_years if year.last >= day), None)

    def school_year_after(self, day: date) -> SchoolYear | None:
        """The first school year that starts after ``day``."""
        return next((year for year in self.school_years if year.first > day), None)

    def school_year_waited_for(self, day: date) -> SchoolYear | None:
        """The next school year, where ``day`` lies between two; ``None`` inside of one, and on a day not known."""
        year = self.school_year_ending_from(day)
        return year if year is not None and day < year.first and self.knows(day) else None

    def last_school_day_until(self, day: date) -> date:
        """``day``, or the nearest school day before it."""
        while not self.is_school_day(day):
            day -= _DAY
        return day


def _skip(one: Break, tolling: Tolling) -> Skip | None:
    if tolling is Tolling.NONE:
        return None
    if tolling is Tolling.C:
        return Skip(one.sixth, one.last, one) if one.sixth is not None else None
    first, last = one.first, one.last
    if tolling is Tolling.B:
        while not _is_weekday(first - _DAY):
            first -= _DAY
        while not _is_weekday(last + _DAY):
            last += _DAY
    return Skip(first, last, one)


def _is_weekday(day: date) -> bool:
    return day.weekday() < _SATURDAY


def _days(periods: Iterable[Period]) -> set[date]:
    return {day for one in periods for day in _span(one.start, one.end)}


def _span(first: date | None, last: date | None) -> Iterable[date]:
    if first is None or last is None:
        return ()
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


NO_CALENDAR = Calendar(())


def calendar_for(periods: Iterable[Period], *, lea: str = "", school: str = "", track: str = "") -> Calendar:
    """The calendar of one school and track of a file, see :func:`periods_of`.

    What is not said and of which the file knows one only, on every row, is that one. Raises :class:`CalendarError`
    where no row holds, with the codes to choose from.
    """
    rows = tuple(periods)
    asked = {"lea": lea, "school": school, "track": track}
    for level, code in asked.items():
        codes = {getattr(row, level) for row in rows}
        if not code and len(codes) == 1:
            asked[level] = codes.pop()
        rows = tuple(row for row in rows if getattr(row, level) in ("", asked[level]))
        if not rows:
            known = ", ".join(sorted(codes - {""}))
            wrong = f"no row of the calendar is of {level} {code!r}" if code else f"every row names a {level}"
            raise CalendarError([f"{wrong[0].upper()}{wrong[1:]}: say which {level} is meant, of {known}."])
    return Calendar(periods_of(rows, **asked))
