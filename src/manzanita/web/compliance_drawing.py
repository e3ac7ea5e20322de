"""The trend of one measure over the months of an academic year, as lines to draw and as a table to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from manzanita.domain.compliance import GROUP_LABELS, Group, Measure
from manzanita.exchange.compliance import Counted
from manzanita.ui.formats import number, us_date

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 190, 40, 128, 12, 26
# Groups that a district works to empty. Each line has a class, a dash of its own, and its name at its end.
SERIES: tuple[tuple[str, str, str], ...] = (
    (Group.OVERDUE, GROUP_LABELS[Group.OVERDUE], "over"),
    ("nc", "Non-compliant", "nc"),
    (Group.HELD_LATE, GROUP_LABELS[Group.HELD_LATE], "late"),
)
_LABEL_GAP = 14


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    style: str
    points: str
    dots: Sequence[tuple[float, float, str]]
    end_y: float
    last: int


@dataclass(frozen=True, slots=True)
class Trend:
    """``ticks`` are (x, words) below, ``levels`` (y, words) at the left; ``rows`` the table, oldest first."""

    lines: Sequence[Line]
    ticks: Sequence[tuple[float, str]]
    levels: Sequence[tuple[float, str]]
    columns: Sequence[str]
    rows: Sequence[tuple[date, Sequence[int]]]
    words: str


def trend_of(counted: Counted, measure: Measure, groups: Sequence[Group]) -> Trend:
    """The months that were counted, drawn to one scale that begins at nought."""
    months = sorted((date.fromisoformat(day), counts) for day, counts in counted.trend.items())
    values = {key: [counts.get((str(measure), str(key)), 0) for _, counts in months] for key, _, _ in SERIES}
    top = _round_up(max((max(one, default=0) for one in values.values()), default=0))
    step = (WIDTH - LEFT - RIGHT) / max(len(months) - 1, 1)

    def x(index: int) -> float:
        return round(LEFT + index * step, 1)

    def y(value: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top), 1)

    lines = [
        Line(
            name,
            style,
            " ".join(f"{x(index)},{y(value)}" for index, value in enumerate(values[key])),
            [
                (x(index), y(value), f"{name}, {us_date(months[index][0])}: {number(value)}")
                for index, value in enumerate(values[key])
            ],
            y(values[key][-1]) if months else y(0),
            values[key][-1] if months else 0,
        )
        for key, name, style in SERIES
    ]
    shown = [*groups, "nc"]
    return Trend(
        _apart(lines),
        [(x(index), f"{day:%m/%d}") for index, (day, _) in enumerate(months)],
        [(y(value), number(value)) for value in sorted({0, top // 2, top})],
        [*(GROUP_LABELS[group] for group in groups), "Non-compliant"],
        [(day, [counts.get((str(measure), str(key)), 0) for key in shown]) for day, counts in months],
        _words(months, values),
    )


def _apart(lines: Sequence[Line]) -> list[Line]:
    """The names at the ends of the lines, moved so that none stands on another."""
    placed: list[Line] = []
    floor = float("-inf")
    for line in sorted(lines, key=lambda one: one.end_y):
        at = max(line.end_y, floor + _LABEL_GAP)
        floor = at
        placed.append(Line(line.name, line.style, line.points, line.dots, at, line.last))
    overflow = floor - (HEIGHT - BOTTOM)
    if overflow > 0:
        placed = [
            Line(one.name, one.style, one.points, one.dots, one.end_y - overflow, one.last) for one in placed
        ]
    return placed


def _round_up(value: int) -> int:
    """An even scale end not below ``value``: 2, 4, 6, 10, 20, 40, 60, 100 …"""
    size = 1
    while True:
        for factor in (2, 4, 6, 10):
            if value <= factor * size:
                return factor * size
        size *= 10


def _words(
    months: Sequence[tuple[date, Mapping[tuple[str, str], int]]], values: Mapping[str, Sequence[int]]
) -> str:
    if not months:
        return ""
    first, last = months[0][0], months[-1][0]
    if len(months) == 1:
        said = ", ".join(f"{name.lower()} {values[key][0]}" for key, name, _ in SERIES)
        return f"{us_date(last)}: {said}."
    said = "; ".join(
        f"{name.lower()} {number(values[key][0])}, then {number(values[key][-1])}" for key, name, _ in SERIES
    )
    return f"From {us_date(first)} to {us_date(last)}: {said}."
