"""Days that move, drawn on the server as one SVG: where each was, where it would be, over the breaks that stop clocks.

Classes and attributes only, as :mod:`manzanita.ui.timeline`. The same days stand in a table beside the drawing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH = 1000
LEFT = 300  # names of the rows stand before this
FIRST, LAST = LEFT + 92, WIDTH - 96  # days are drawn between these; beside them is room for a date
ROW = 30
TOP = 26
_CHARACTER = 6.1
_MONTHS_APART = 46  # the lines of two months are never nearer
_STEPS = (1, 2, 3, 4, 6, 12)
_MONTH_DAYS = 30.4


@dataclass(frozen=True)
class MovedDay:
    """One row. ``was`` is ``None`` for a day that only then is due, ``becomes`` for one that no longer is.

    ``is_cause``: the day that somebody moves, all others follow. ``late`` says by how much it would be missed.
    """

    label: str
    was: dt.date | None
    becomes: dt.date | None
    is_cause: bool = False
    late: str = ""


def draw_moves(
    rows: Sequence[MovedDay],
    *,
    breaks: Sequence[tuple[dt.date, dt.date]],
    today: dt.date,
    title: str,
    description: str,
) -> Markup:
    """Empty markup where there is no day to draw."""
    days = [day for row in rows for day in (row.was, row.becomes) if day is not None]
    if not days:
        return Markup()
    scale = _Scale(min(*days, today), max(*days, today))
    bottom = TOP + ROW * len(rows)
    parts = [
        f'<svg class="tl moves" viewBox="0 0 {WIDTH} {bottom + 6}" role="img" aria-labelledby="moves-title moves-desc">'
        f'<title id="moves-title">{escape(title)}</title><desc id="moves-desc">{escape(description)}</desc>',
        *_breaks(breaks, scale, bottom),
        *_months(scale, bottom),
        f'<line class="now" x1="{scale.x(today)}" x2="{scale.x(today)}" y1="{TOP - 6}" y2="{bottom}"/>',
    ]
    for number, row in enumerate(rows):
        parts += _row(row, TOP + ROW * number + ROW / 2, scale, is_first=not number)
    parts.append("</svg>")
    return Markup("".join(parts))


class _Scale:
    def __init__(self, first: dt.date, last: dt.date) -> None:
        self.first, self.last = first, last
        self.unit = (LAST - FIRST) / max((last - first).days, 1)

    def x(self, day: dt.date) -> float:
        inside = min(max(day, self.first), self.last)
        return round(FIRST + (inside - self.first).days * self.unit, 1)


def _breaks(breaks: Sequence[tuple[dt.date, dt.date]], scale: _Scale, bottom: float) -> list[str]:
    out = []
    for first, last in breaks:
        if last < scale.first or first > scale.last:
            continue
        x, end = scale.x(first), scale.x(last + dt.timedelta(days=1))
        out.append(
            f'<rect class="stopped" x="{x}" y="{TOP}" width="{max(end - x, 2):.1f}" height="{bottom - TOP}"><title>'
            f"The clock stops from {_us(first)} to {_us(last)}</title></rect>"
        )
    return out


def _months(scale: _Scale, bottom: float) -> list[str]:
    """A line and a name where a month begins: every one, every second, third … or only January, as there is room."""
    out: list[str] = []
    steps = (step for step in _STEPS if step * _MONTH_DAYS * scale.unit >= _MONTHS_APART)
    step = next(steps, _STEPS[-1])
    day, free = scale.first.replace(day=1), 0.0
    while day <= scale.last:
        if day >= scale.first and (day.month - 1) % step == 0:
            x = scale.x(day)
            words = f"{day:%b %Y}" if day.month == 1 or not out else f"{day:%b}"
            out.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP}" y2="{bottom}"/>')
            if x >= free:
                out.append(f'<text x="{x + 3}" y="{TOP - 10}">{words}</text>')
                free = x + 8 + len(words) * _CHARACTER
        day = (day + dt.timedelta(days=32)).replace(day=1)
    return out


def _row(row: MovedDay, y: float, scale: _Scale, *, is_first: bool) -> list[str]:
    words = row.label if len(row.label) * _CHARACTER <= LEFT - 10 else _cut(row.label)
    cls = "strong" if row.is_cause else ""
    out = [f'<text x="0" y="{y + 4}" class="{cls}"><title>{escape(row.label)}</title>{escape(words)}</text>']
    if not is_first:
        out.append(f'<line class="grid" x1="0" x2="{WIDTH}" y1="{y - ROW / 2:.1f}" y2="{y - ROW / 2:.1f}"/>')
    was, becomes = row.was, row.becomes
    if was is not None and becomes is not None and was != becomes:
        start, end = scale.x(was), scale.x(becomes)
        sign = 1 if end > start else -1
        if abs(end - start) > 14:
            out.append(f'<path class="path" d="M{start + 6 * sign} {y}H{end - 8 * sign}"/>')
        tip = end - 7 * sign
        out.append(f'<path class="tip" d="M{tip - 5 * sign} {y - 4}L{tip} {y}L{tip - 5 * sign} {y + 4}"/>')
    if was is not None:
        out.append(f'<circle class="was-day" cx="{scale.x(was)}" cy="{y}" r="4.5"/>')
    if becomes is not None:
        kind = "new-cause" if row.is_cause else "new-day late" if row.late else "new-day"
        out.append(
            f'<path class="{kind}" d="M{scale.x(becomes)} {y - 6}l6 6-6 6-6-6z"/>'
            if row.is_cause
            else f'<circle class="{kind}" cx="{scale.x(becomes)}" cy="{y}" r="5.5"/>'
        )
    return out + _dates(row, y, scale)


def _dates(row: MovedDay, y: float, scale: _Scale) -> list[str]:
    """The earlier day is written before its mark, the later one after it."""
    was, becomes = row.was, row.becomes
    note = f", {escape(row.late)}" if row.late else ""
    if was is None or becomes is None or was == becomes:
        day = becomes or was
        assert day is not None
        is_right = scale.x(day) + 11 + (10 + len(row.late)) * _CHARACTER <= WIDTH
        return [_date(scale.x(day), y, f"{_us(day)}{note}", is_right=is_right, cls="hf")]
    out = []
    for day, is_new in ((was, False), (becomes, True)):
        words = f"{_us(day)}{note if is_new and day > min(was, becomes) else ''}"
        cls = "hf strong" if is_new else "hf"
        out.append(_date(scale.x(day), y, words, is_right=day == max(was, becomes), cls=cls))
    return out


def _date(x: float, y: float, words: str, *, is_right: bool, cls: str) -> str:
    anchor = "" if is_right else ' text-anchor="end"'
    return f'<text x="{x + (11 if is_right else -11):.1f}" y="{y + 4}"{anchor} class="{cls}">{words}</text>'


def _cut(words: str) -> str:
    while len(words) * _CHARACTER > LEFT - 20:
        words = words.rpartition(" ")[0]
    return f"{words} …"


def _us(day: dt.date) -> str:
    return day.strftime("%m/%d/%Y")
