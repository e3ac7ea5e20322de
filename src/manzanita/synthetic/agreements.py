"""Agreements of the districts with nonpublic schools: of a school year, but for one that ended last month. With the
school that the directory does not know yet (``movers.UNLISTED_SCHOOL``) nobody has one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from manzanita.synthetic.agencies import CHAPARRAL, FIRST_SELPA, Selpa

AGREEMENT_COLUMNS = ("lea", "nps", "number", "first_on", "last_on")
# Chaparral's with Black Phoebe Academy.
ENDED = (CHAPARRAL, FIRST_SELPA.nonpublic_schools[1].code)


def agreement_rows(selpas: Iterable[Selpa], as_of: date, year: int) -> Iterator[tuple[str, ...]]:
    """Rows of ``agreements.csv``: each LEA with each nonpublic school of its SELPA, in the school year ``year``."""
    for selpa in selpas:
        for lea in selpa.leas:
            for place, school in enumerate(selpa.nonpublic_schools, start=1):
                first, last = date(year, 7, 1), date(year + 1, 6, 30)
                if (lea.code, school.code) == ENDED:
                    last = as_of.replace(day=1) - timedelta(days=1)
                    first = (last + timedelta(days=1)).replace(year=last.year - 1 + (last.month == 12))
                number = f"{first.year}-{lea.code[-3:]}-{place:02d}"
                yield lea.code, school.code, number, first.isoformat(), last.isoformat()
