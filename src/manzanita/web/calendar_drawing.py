"""A school year as twelve months: each day with its kind, and the breaks with what they do to a clock."""

from __future__ import annotations

from calendar import Calendar as Weeks
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from manzanita.domain.calendars import Break, Calendar, Period, PeriodKind, Skip, Tolling
from manzanita.domain.years import first_day, last_day
from manzanita.ui.formats import plural, us_date

SUNDAY = 6
DAYS = (
    ("Su", "Sunday"),
    ("Mo", "Monday"),
    ("Tu", "Tuesday"),
    ("We", "Wednesday"),
    ("Th", "Thursday"),
    ("Fr", "Friday"),
    ("Sa", "Saturday"),
)
# Where several kinds hold a day, the first of these is drawn. Letter and words stand in the legend, too.
KIND_LOOKS: Mapping[PeriodKind, tuple[str, str]] = MappingProxyType(
    {
        PeriodKind.HOLIDAY: ("H", "Holiday, offices closed"),
        PeriodKind.CLOSURE: ("C", "Closure, offices closed"),
        PeriodKind.SUMMER: ("S", "Summer"),
        PeriodKind.INTERSESSION: ("I", "Intersession"),
        PeriodKind.BREAK: ("B", "Break"),
    }
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One day. ``kind`` is a style, ``letter`` the same to read; ``begins`` is the break of which it is the first day.

    ``kind`` is ``school``, a kind of period, ``out`` (a weekday outside of every term), ``weekend`` or ``unknown``.
    """

    day: date
    kind: str
    letter: str
    is_stopped: bool
    is_today: bool
    begins: Break | None


@dataclass(frozen=True, slots=True)
class Month:
    """``weeks`` run from Sunday to Saturday; ``None`` is a day of another month."""

    first: date
    weeks: Sequence[Sequence[Cell | None]]


def months_of(calendar: Calendar, year: str, tolling: Tolling, today: date) -> list[Month]:
    """July to June."""
    stopped = {
        day for skip in calendar.skips_from(first_day(year), tolling) for day in _days(skip, last_day(year))
    }
    begins = {one.first: one for one in calendar.breaks}
    kinds = _kinds(calendar.periods, year)
    months = []
    first = first_day(year)
    for number in range(12):
        at = date(first.year + (first.month - 1 + number) // 12, (first.month - 1 + number) % 12 + 1, 1)
        weeks = [
            [
                _cell(day, calendar, kinds, stopped, begins, today) if day.month == at.month else None
                for day in week
            ]
            for week in Weeks(SUNDAY).monthdatescalendar(at.year, at.month)
        ]
        months.append(Month(at, weeks))
    return months


def _days(skip: Skip, last: date) -> list[date]:
    end = min(skip.last, last)
    return [skip.first + timedelta(days=number) for number in range((end - skip.first).days + 1)]


def _kinds(periods: Sequence[Period], year: str) -> dict[date, PeriodKind]:
    """Of each day of the year with a period other than a term, the kind that is drawn."""
    first, last = first_day(year), last_day(year)
    found: dict[date, PeriodKind] = {}
    for kind in reversed(KIND_LOOKS):
        for one in periods:
            if one.kind is kind:
                day = max(one.start, first)
                while day <= min(one.end, last):
                    found[day] = kind
                    day += timedelta(days=1)
    return found


def _cell(
    day: date,
    calendar: Calendar,
    kinds: Mapping[date, PeriodKind],
    stopped: set[date],
    begins: Mapping[date, Break],
    today: date,
) -> Cell:
    kind = kinds.get(day)
    if day.weekday() > 4:
        look, letter = "weekend", ""
    elif kind is not None:
        look, letter = kind.value, KIND_LOOKS[kind][0]
    elif not calendar.knows(day):
        look, letter = "unknown", "?"
    elif calendar.is_school_day(day):
        look, letter = "school", ""
    else:
        look, letter = "out", "–"
    return Cell(day, look, letter, day in stopped, day == today, begins.get(day))


@dataclass(frozen=True, slots=True)
class BreakRow:
    """One break as a row: its computed length, and what it does to a clock by the reading in force."""

    of: Break
    kinds: str
    skip: Skip | None

    @property
    def words(self) -> str:
        if self.skip is not None:
            days = (self.skip.last - self.skip.first).days + 1
            span = f"{us_date(self.skip.first)} to {us_date(self.skip.last)}"
            return f"Stops the clock: {span} not counted, {plural(days, 'calendar day')}"
        if self.of.is_long:
            return "A long break, and by this reading it does not stop the clock"
        return "Does not stop the clock: not more than five school days"


def breaks_of(calendar: Calendar, year: str, tolling: Tolling) -> list[BreakRow]:
    """The breaks that touch the year, in order."""
    skips = {skip.of.first: skip for skip in calendar.skips(tolling)}
    return [
        BreakRow(
            one,
            ", ".join(sorted(kind.value for kind in one.kinds)) or "no term",
            skips.get(one.first),
        )
        for one in calendar.breaks
        if one.last >= first_day(year) and one.first <= last_day(year)
    ]


@dataclass(frozen=True, slots=True)
class YearFacts:
    """What a year comes to: school days counted, first and last of them, how many breaks stop the clock."""

    school_days: int
    first: date | None
    last: date | None
    stopping: int


def year_facts(calendar: Calendar, year: str, tolling: Tolling) -> YearFacts:
    start, end = first_day(year), last_day(year)
    days = [
        day
        for number in range((end - start).days + 1)
        if calendar.knows(day := start + timedelta(days=number)) and calendar.is_school_day(day)
    ]
    stopping = sum(row.skip is not None for row in breaks_of(calendar, year, tolling))
    return YearFacts(len(days), min(days, default=None), max(days, default=None), stopping)
