"""The time line of a student, drawn on the server as one SVG.

It takes plain dates and words and returns markup with classes and attributes only (no inline style, no
script), so that it passes a strict content policy. Years before the current school year are drawn narrower; it
ends a year ahead, and a day beyond stands at its edge. A label that does not fit loses words from its end, then
is left out: the trace of its item still says everything. The same facts belong in a table beside the drawing;
the drawing names itself and describes itself for people who do not see it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup, escape

from manzanita.domain.years import census_day, year_start

BarKind = Literal[
    "enrollment", "enrollment-past", "plan-past", "plan-current", "plan-proposed", "state-equal", "state-different",
    "state-missing",
]  # fmt: skip
MarkKind = Literal["meeting", "meeting-open", "referral", "due", "due-met", "due-overdue"]

WIDTH = 1000
LEFT = 92  # the lane names stand before this
RIGHT = 992
TOP = 20  # the year heads stand above this
NARROW = 0.32  # a past year is this wide, compared with the current one
CHARACTER = 5.9  # mean width of an 11-px character, generous so that labels never touch
AHEAD = dt.timedelta(days=395)  # a year, and room for the label of its last day
BESIDE = 19  # from a mark to its label: clear of the frame around a chosen one
APART = 16  # two marks of one lane are never drawn nearer: each stays in sight

_BAR_CLASS = {
    "enrollment": "enr2",
    "enrollment-past": "enr",
    "plan-past": "plan-old",
    "plan-current": "plan-now",
    "plan-proposed": "plan-next",
    "state-equal": "st-eq",
    "state-different": "st-df",
    "state-missing": "state-gap",
}
_FLAG_CLASS = {"due": "fl-next", "due-met": "fl", "due-overdue": "past-due"}


@dataclass(frozen=True)
class Bar:
    """A span of time. `end` is its last day, None while it is open.

    `lead` is the first sentence of the trace, set off from it; `trace` says where the dates come from.
    """

    start: dt.date
    end: dt.date | None
    label: str
    kind: BarKind
    trace: str
    href: str | None = None
    lead: str = ""


@dataclass(frozen=True)
class Mark:
    """One day: a meeting (dot, ring while open), a referral or consent (diamond), a due date (flag).

    `is_open`: a due date that nothing has met yet.
    """

    on: dt.date
    label: str
    kind: MarkKind
    trace: str
    href: str | None = None
    lead: str = ""
    is_open: bool = False


@dataclass(frozen=True)
class Lane:
    """One row of the drawing. `thin` bars are for what the state holds."""

    name: str
    items: Sequence[Bar | Mark] = field(default_factory=tuple)
    thin: bool = False

    @property
    def height(self) -> int:
        """Pixels: a lane of marks has a second line for labels that do not fit beside their mark."""
        return 40 if any(isinstance(item, Mark) for item in self.items) else 26


class Scale:
    """Turns days into x positions; school years before the current one are narrower."""

    def __init__(self, first: dt.date, last: dt.date, today: dt.date) -> None:
        self.first, self.last = first, last
        self.current = max(first, year_start(today))
        past_days = (self.current - first).days
        coming_days = max((last - self.current).days, 1)
        self._unit = (RIGHT - LEFT) / (past_days * NARROW + coming_days)
        self._bend = LEFT + past_days * NARROW * self._unit

    def x(self, day: dt.date) -> float:
        """Position of the morning of `day`, kept inside the drawing."""
        day = min(max(day, self.first), self.last)
        if day <= self.current:
            return round(LEFT + (day - self.first).days * NARROW * self._unit, 1)
        return round(self._bend + (day - self.current).days * self._unit, 1)


def _range(lanes: Sequence[Lane], today: dt.date, *, only_this_year: bool) -> tuple[dt.date, dt.date]:
    """First and last day drawn: the school year of the first item, or the current one, to a year ahead."""
    days = [today]
    for lane in lanes:
        days += [item.on if isinstance(item, Mark) else item.start for item in lane.items]
    return year_start(today if only_this_year else min(days)), today + AHEAD


def _is_drawn(item: Bar | Mark, scale: Scale) -> bool:
    if isinstance(item, Mark):
        return item.on >= scale.first
    return item.start <= scale.last and (item.end is None or item.end >= scale.first)


def _fitting(words: str, wide: float) -> str:
    """`words`, or as many of them from the left as fit into `wide` pixels."""
    while words and _wide(words) > wide:
        words = words.rpartition(" ")[0].rstrip(",")
    return words


def _wide(text: str) -> float:
    return len(text) * CHARACTER


class _Room:
    """Remembers which stretches of a text line are taken."""

    def __init__(self) -> None:
        self._taken: list[tuple[float, float]] = []

    def take(self, start: float, end: float) -> bool:
        """Takes the stretch when it is free and inside the drawing; says whether it did."""
        if start < LEFT or end > RIGHT or any(start < b and a < end for a, b in self._taken):
            return False
        self._taken.append((start, end))
        return True

    def block(self, start: float, end: float) -> None:
        """Takes the stretch whether or not it is free."""
        self._taken.append((start, end))


def _text(x: float, y: float, words: str, cls: str = "", anchor: str = "") -> str:
    attributes = (f' class="{cls}"' if cls else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x:.1f}" y="{y}"{attributes}>{escape(words)}</text>'


def _item(
    item: Bar | Mark, shape: str, hit: tuple[float, float, float, float], dates: str, *, is_chosen: bool
) -> str:
    """A focusable group: its target area (24 px or more), its shape, its name and its trace."""
    x, y, width, height = hit
    name = escape(f"{item.label}, {dates}" if item.label else dates)
    target = f'<rect class="hit" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" rx="4"/>'
    inside = f"<title>{name}</title>{target}{shape}"
    trace = f'data-lead="{escape(item.lead)}" data-trace="{escape(item.trace)}" aria-label="{name}"'
    if is_chosen:
        trace += ' class="on"'
    if item.href:
        return f'<a href="{escape(item.href)}" {trace}>{inside}</a>'
    return f'<g tabindex="0" role="img" {trace}>{inside}</g>'


def _us(day: dt.date) -> str:
    return day.strftime("%m/%d/%Y")


def _bars(lane: Lane, top: float, scale: Scale, today: dt.date, chosen: Bar | Mark | None) -> list[str]:
    out: list[str] = []
    words: list[str] = []
    bars = sorted(
        (item for item in lane.items if isinstance(item, Bar) and _is_drawn(item, scale)),
        key=lambda bar: bar.start,
    )
    edges = [scale.x(bar.start) for bar in bars]
    room = _Room()
    for number, bar in enumerate(bars):
        start = edges[number]
        end = scale.x(bar.end + dt.timedelta(days=1)) if bar.end else RIGHT
        if bar.end is None and bar.kind in ("state-equal", "state-different", "plan-current"):
            end = max(scale.x(today), start)
        width = max(end - start, 2)
        y, height, radius = (top + 11, 6, 1.5) if lane.thin else (top + 4, 20, 2)
        cls = _BAR_CLASS[bar.kind]
        shape = f'<rect class="{cls}" x="{start:.1f}" y="{y}" width="{width:.1f}" height="{height}" rx="{radius}"/>'
        span = f"{_us(bar.start)} to {_us(bar.end) if bar.end else 'now'}"
        out.append(_item(bar, shape, (start, top + 1, max(width, 24), 24), span, is_chosen=bar is chosen))
        # Thin bars have no room inside; only a difference is worth words, and they stand after the bar.
        at, limit = (start + 6, end) if not lane.thin else (end + 8, RIGHT)
        tone = {"plan-current": "plan-now-t", "plan-proposed": "strong", "state-different": "difft hf"}
        wants = bool(bar.label) and (not lane.thin or bar.kind == "state-different")
        label = _fitting(bar.label, limit - at) if wants else ""
        if label and room.take(at, at + _wide(label)):
            words.append(_text(at, top + 18, label, tone.get(bar.kind, "")))
    return out + words


def _mark_shape(mark: Mark, x: float, y: float) -> str:
    if mark.kind == "meeting":
        return f'<circle class="mk" cx="{x:.1f}" cy="{y}" r="4.5"/>'
    if mark.kind == "meeting-open":
        return f'<circle class="mk-open" cx="{x:.1f}" cy="{y}" r="5"/>'
    if mark.kind == "referral":
        return f'<path class="mk" d="M{x:.1f} {y - 5}l5 5-5 5-5-5z"/>'
    return f'<path class="{_FLAG_CLASS[mark.kind]}" d="M{x:.1f} {y + 6}v-14h9l-2.5 3.5 2.5 3.5h-9"/>'


def _places(marks: Sequence[Mark], scale: Scale, today: dt.date) -> list[float]:
    """Where each of `marks`, in order of their days, is drawn: apart from each other, on its side of today."""
    places = [min(scale.x(mark.on), RIGHT - 10) for mark in marks]
    past = sum(mark.on < today for mark in marks)
    for number in reversed(range(past - 1)):
        places[number] = min(places[number], places[number + 1] - APART)
    for number in range(max(past, 1), len(marks)):
        places[number] = max(places[number], places[number - 1] + APART)
    for number in reversed(range(len(marks) - 1)):
        if places[number + 1] > RIGHT - 10:
            places[number + 1] = RIGHT - 10
        places[number] = min(places[number], places[number + 1] - APART)
    return places


def _marks(lane: Lane, top: float, scale: Scale, today: dt.date, chosen: Bar | Mark | None) -> list[str]:
    out: list[str] = []
    words: list[str] = []
    marks = sorted(
        (item for item in lane.items if isinstance(item, Mark) and _is_drawn(item, scale)),
        key=lambda mark: mark.on,
    )
    placed = list(zip(marks, _places(marks, scale, today), strict=True))
    line, below = _Room(), _Room()
    for _, x in placed:
        line.block(x - 8, x + BESIDE - 4)
    y = top + 14
    # The newest labels matter most, so they choose their place first.
    for mark, x in sorted(placed, key=lambda one: abs((one[0].on - today).days)):
        label = f"{mark.label} →" if mark.label and mark.on > scale.last else mark.label
        wide = _wide(label)
        cls = "hf" if mark.on >= today else "hl"
        if not label:
            continue
        if line.take(x + BESIDE, x + BESIDE + wide):
            words.append(_text(x + BESIDE, y + 4, label, cls))
        elif below.take(x - 5, x - 5 + wide):
            words.append(_text(x - 5, y + 21, label, cls))
        elif below.take(x + 8 - wide, x + 8):
            words.append(_text(x + 8, y + 21, label, cls, "end"))
    for mark, x in placed:
        center = x + 4 if mark.kind in _FLAG_CLASS else x
        shape = _mark_shape(mark, x, y)
        out.append(_item(mark, shape, (center - 12, y - 12, 24, 24), _us(mark.on), is_chosen=mark is chosen))
    return words + out


def _heads(scale: Scale, today: dt.date, bottom: float) -> list[str]:
    """School years, quarters of the current and coming years, and the line of today."""
    out: list[str] = []
    room = _Room()
    now = scale.x(today)
    now_words = f"Today {today:%m/%d}"
    half = _wide(now_words) / 2 + 4
    room.block(now - half, now + half)
    year = scale.first
    while year < scale.last:
        x = scale.x(year)
        words = f"{year.year}–{(year.year + 1) % 100:02d}"
        out.append(f'<line class="gridy" x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{bottom}"/>')
        if room.take(x + 5, x + 5 + _wide(words)):
            out.append(_text(x + 5, 13, words, "strong" if year == scale.current else ""))
        if year >= scale.current:
            for month, name in ((10, "Oct"), (1, "Jan"), (4, "Apr")):
                quarter = dt.date(year.year + (month < 7), month, 1)
                if not year < quarter < scale.last:
                    continue
                qx = scale.x(quarter)
                out.append(f'<line class="grid" x1="{qx:.1f}" x2="{qx:.1f}" y1="4" y2="{bottom}"/>')
                if room.take(qx + 4, qx + 4 + _wide(name)):
                    out.append(_text(qx + 4, 13, name))
        year = dt.date(year.year + 1, 7, 1)
    return out


def draw_timeline(
    lanes: Sequence[Lane],
    *,
    today: dt.date,
    title: str,
    description: str,
    chosen: Bar | Mark | None = None,
    only_this_year: bool = False,
) -> Markup:
    """Draws the lanes from top to bottom, each Census Day across them, and the trace line under them.

    `title` names the drawing, `description` says what it shows and where the same facts stand as a table.
    The trace of `chosen` stands below before anything is pointed at. With `only_this_year` what ended before
    the current school year is left out.
    """
    if not lanes:
        raise ValueError("A time line needs at least one lane.")
    first, last = _range(lanes, today, only_this_year=only_this_year)
    scale = Scale(first, last, today)
    bottom = TOP + 4 + sum(lane.height for lane in lanes)
    now = scale.x(today)
    parts = [
        f'<svg class="tl" viewBox="0 0 {WIDTH} {bottom + 4}" role="group" aria-labelledby="tl-title" '
        f'aria-describedby="tl-desc"><title id="tl-title">{escape(title)}</title>'
        f'<desc id="tl-desc">{escape(description)}</desc>',
        '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>',
        f'<rect class="future" x="{now:.1f}" y="{TOP}" width="{RIGHT - now:.1f}" height="{bottom - TOP}"/>',
        *_heads(scale, today, bottom),
    ]
    for year in range(first.year, last.year + 1):
        day = census_day(f"{year}-{year + 1}")
        if first <= day <= last:
            x = scale.x(day)
            parts.append(f'<line class="census" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}"/>')
    parts.append(f'<line class="now" x1="{now:.1f}" x2="{now:.1f}" y1="17" y2="{bottom}"/>')
    parts.append(_text(now, 13, f"Today {today:%m/%d}", "nowt", "middle"))
    top = TOP + 4
    for number, lane in enumerate(lanes):
        parts.append(_text(0, top + 18, lane.name, "lane"))
        if number and not lane.thin:
            parts.append(f'<line class="grid" x1="0" x2="{RIGHT}" y1="{top - 0.5}" y2="{top - 0.5}"/>')
        parts += _bars(lane, top, scale, today, chosen)
        parts += _marks(lane, top, scale, today, chosen)
        top += lane.height
    parts.append("</svg>")
    if chosen:
        rest = (
            escape(chosen.trace)
            if not chosen.lead
            else Markup("<b>{}</b> {}").format(chosen.lead, chosen.trace)
        )
    else:
        rest = escape("Point at an item, or reach it with Tab, to read where its dates come from.")
    parts.append(f'<p class="trace" aria-live="polite"><span data-trace-line>{rest}</span></p>')
    return Markup(f'<div class="tlbox" data-timeline>{"".join(parts)}</div>')
