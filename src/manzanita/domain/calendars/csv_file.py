"""A calendar as CSV: ``lea,school,track,kind,start,end``, days inclusive; lea, school and track may be empty."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from manzanita.domain.calendars.periods import KINDS, CalendarError, Period, PeriodKind
from manzanita.domain.dates import iso_day

COLUMNS = ("lea", "school", "track", "kind", "start", "end")


def read_calendar_csv(text: str) -> tuple[Period, ...]:
    """The periods of a file with the header ``lea,school,track,kind,start,end``.

    Raises :class:`CalendarError` with one message for every problem: row (the header is row 1), field, fix. Empty
    lines are passed over; a byte-order mark and blanks around values too.
    """
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    periods: list[Period] = []
    problems: list[str] = []
    try:
        header = [name.strip().lower() for name in next(lines, [])]
        if sorted(header) != sorted(COLUMNS):
            raise CalendarError([_header_problem(header)])
        for values in lines:
            if not any(value.strip() for value in values):
                continue
            row = lines.line_num
            if len(values) != len(header):
                problems.append(
                    f"Row {row}: {len(values)} values where the header names {len(header)}. "
                    "Write one value for each column; lea, school and track may be empty."
                )
                continue
            found = _period({name: value.strip() for name, value in zip(header, values, strict=True)}, row)
            if isinstance(found, Period):
                periods.append(found)
            else:
                problems += found
    except csv.Error as error:
        problems.append(
            f"Row {lines.line_num}: it cannot be read as CSV ({error}). Save the file as CSV again."
        )
    if problems:
        raise CalendarError(problems)
    if not periods:
        raise CalendarError(["The calendar has no rows. Add at least the terms of a school year."])
    return tuple(periods)


def _header_problem(header: list[str]) -> str:
    missing = [name for name in COLUMNS if name not in header]
    extra = [name or "(empty)" for name in header if name not in COLUMNS]
    what = [f"misses {', '.join(missing)}"] if missing else []
    what += [f"has {', '.join(extra)}, which is no column of a calendar"] if extra else []
    what = what or ["names a column twice"]
    return f"Row 1: the header {' and '.join(what)}. Write {','.join(COLUMNS)} there."


def _period(values: Mapping[str, str], row: int) -> Period | list[str]:
    problems = []
    kind, start, end = values["kind"].lower(), None, None
    if kind not in KINDS:
        problems.append(
            f"Row {row}, kind: {values['kind']!r} is none of {', '.join(KINDS)}. Write one of them."
        )
    for name in ("start", "end"):
        try:
            day = iso_day(values[name])
        except ValueError as error:
            problems.append(f"Row {row}, {name}: {error}.")
            continue
        start, end = (day, end) if name == "start" else (start, day)
    if problems or start is None or end is None:
        return problems
    try:
        return Period(start, end, PeriodKind(kind), values["lea"], values["school"], values["track"])
    except ValueError as error:
        return [f"Row {row}, end: {error}."]
