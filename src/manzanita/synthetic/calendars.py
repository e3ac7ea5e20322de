"""School calendars: the periods of four school years, by LEA, in the columns that Manzanita takes in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from manzanita.synthetic.agencies import Lea
from manzanita.synthetic.schoolyear import breaks, closures, first_day, last_day

CALENDAR_COLUMNS = ("lea", "school", "track", "kind", "start", "end")
_DAY = timedelta(days=1)


def calendar_rows(lea: Lea, first_year: int, last_year: int) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Rows of ``calendar_<lea>.csv``, days inclusive: of each school year its term, breaks (offices may be open),
    holidays (offices are closed) and the summer after it; before the first the summer that leads to it."""
    for year in range(first_year, last_year + 1):
        first, last = first_day(year, lea.offset), last_day(year)
        spans = [("term", first, last)]
        spans += [("break", *span) for span in breaks(year)]
        spans += [("holiday", *span) for span in closures(year)]
        spans.append(("summer", last + _DAY, first_day(year + 1, lea.offset) - _DAY))
        if year == first_year:
            spans.append(("summer", date(year, 7, 1), first - _DAY))
        for kind, start, end in sorted(spans, key=lambda span: span[1:]):
            yield lea.code, "", "", kind, start.isoformat(), end.isoformat()
