"""A caseload's plan as pictures: the load of each week as bars, and a month with its meetings."""

from __future__ import annotations

from calendar import Calendar as Weeks
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from manzanita.domain.calendars import Calendar
from manzanita.domain.planning.asking import week_of
from manzanita.meetings.planning import Review
from manzanita.ui.formats import us_date

_STEP, _HEIGHT, _MOST_WEEKS = 26, 56, 54
MONDAY = 0


@dataclass(frozen=True, slots=True)
class Bar:
    x: int
    y: float
    height: float
    week: date
    total: int
    is_full: bool
    label: str


@dataclass(frozen=True, slots=True)
class Bars:
    """``words`` say what the picture shows; ``limit_y`` is the line of the most that are planned a week."""

    words: str
    bars: Sequence[Bar]
    width: int
    limit: int
    limit_y: float


def bars_of(loads: Mapping[date, int], first: date, last: date, limit: int) -> Bars:
    """The weeks from ``first`` to ``last``, one bar each; a label where a month begins."""
    weeks = []
    week = week_of(first)
    while week <= last and len(weeks) < _MOST_WEEKS:
        weeks.append(week)
        week += timedelta(days=7)
    top = max([limit, *(loads.get(one, 0) for one in weeks)])
    bars, month = [], 0
    for number, one in enumerate(weeks):
        total = loads.get(one, 0)
        height = round(total * _HEIGHT / top, 1)
        friday = one + timedelta(days=4)
        label = f"{friday:%b}" if friday.month != month else ""
        month = friday.month
        bars.append(Bar(number * _STEP, _HEIGHT - height, height, one, total, total >= limit, label))
    total = sum(one.total for one in bars)
    fullest = max(bars, key=lambda one: one.total, default=None)
    words = f"Meetings planned each week: {total} in {len(weeks)} weeks"
    if fullest is not None and fullest.total:
        words += f", at most {fullest.total} (week of {us_date(fullest.week)}); the limit is {limit}"
    return Bars(words, bars, max(len(weeks) * _STEP, _STEP), limit, round(_HEIGHT - limit * _HEIGHT / top, 1))


@dataclass(frozen=True, slots=True)
class DayCell:
    """One weekday: meetings planned on it, and reviews that are due on it. ``note`` says why there is no school."""

    day: date
    is_school: bool
    is_today: bool
    note: str
    planned: Sequence[Review]
    due: Sequence[Review]


@dataclass(frozen=True, slots=True)
class MonthGrid:
    first: date
    weekdays: Sequence[str]
    weeks: Sequence[Sequence[DayCell | None]]

    @property
    def previous(self) -> date:
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def next(self) -> date:
        return (self.first + timedelta(days=31)).replace(day=1)


def month_grid(first: date, reviews: Iterable[Review], calendar: Calendar, today: date) -> MonthGrid:
    """The weekdays of the month of ``first``; its weekends too where something is planned or due on one."""
    reviews = list(reviews)
    planned: dict[date, list[Review]] = {}
    due: dict[date, list[Review]] = {}
    for one in reviews:
        if one.planned is not None:
            planned.setdefault(one.planned.planned_on, []).append(one)
        due.setdefault(one.due_on, []).append(one)
    month = first.replace(day=1)
    told = [day for day in (*planned, *due) if day.replace(day=1) == month]
    days = 7 if any(day.weekday() > 4 for day in told) else 5
    begins = {one.first: one.name for one in calendar.breaks}
    weeks = []
    for week in Weeks(MONDAY).monthdatescalendar(month.year, month.month):
        cells = [
            DayCell(
                day,
                calendar.is_school_day(day),
                day == today,
                begins.get(day, "")
                or ("" if calendar.is_school_day(day) or day.weekday() > 4 else "no school"),
                sorted(planned.get(day, ()), key=lambda one: one.planned.starts_at if one.planned else None),
                due.get(day, ()),
            )
            if day.month == month.month
            else None
            for day in week[:days]
        ]
        if any(cells):
            weeks.append(cells)
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    return MonthGrid(month, names[:days], weeks)
