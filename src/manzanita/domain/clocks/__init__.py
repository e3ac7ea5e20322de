"""Every clock that the law sets, declared once. Pure; see ``docs/reference/clocks.md`` and decision 17.

>>> clock("transfer-30").answer({"enrolled_on": date(2026, 10, 5)}, Setting()).statutory_due_on
datetime.date(2026, 11, 4)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType

from manzanita.domain.calendars import Calendar, Tolling
from manzanita.domain.clocks import (
    ages,
    discipline,
    disputes,
    early_start,
    evaluation,
    records,
    reviews,
    transfers,
)
from manzanita.domain.clocks.declaration import Answer, Clock, ClockError, Input, Setting, Step, Value

__all__ = [
    "CLOCKS",
    "GROUPS",
    "Answer",
    "Calendar",
    "Clock",
    "ClockError",
    "Input",
    "Setting",
    "Step",
    "Tolling",
    "Value",
    "clock",
    "compute_many",
    "due",
]

GROUPS: Mapping[str, tuple[Clock, ...]] = MappingProxyType(
    {
        "Referral to eligibility": evaluation.CLOCKS,
        "Reviews and meetings": reviews.CLOCKS,
        "Transfers": transfers.CLOCKS,
        "Early Start and the third birthday": early_start.CLOCKS,
        "Ages": ages.CLOCKS,
        "Discipline and behavior": discipline.CLOCKS,
        "Records and payments": records.CLOCKS,
        "Complaints and due process": disputes.CLOCKS,
    }
)
CLOCKS: Mapping[str, Clock] = MappingProxyType({one.name: one for group in GROUPS.values() for one in group})
_PLAIN = Setting()


def clock(name: str) -> Clock:
    """The clock of that name. Raises :class:`ClockError`, naming those like it."""
    found = CLOCKS.get(name)
    if found is None:
        near = get_close_matches(name, CLOCKS, 2)
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        raise ClockError(f"There is no clock {name!r}.{meant} `manzanita due --list` lists them all.")
    return found


def due(name: str, setting: Setting = _PLAIN, **given: Value) -> Answer:
    """The answer of one clock. Raises :class:`ClockError` as :meth:`Clock.answer` does."""
    return clock(name).answer(given, setting)


def compute_many(
    one: Clock, names: Sequence[str], rows: Iterable[tuple[Value | None, ...]], setting: Setting
) -> Iterator[Answer | ClockError]:
    """The answer to each row: values of the inputs ``names``, ``None`` where a value is not known.

    Equal rows share one answer, and that is why it is fast: a district has few different dates. A row that the
    clock refuses is its :class:`ClockError` in the row's place, so that one bad date spoils no other.
    """
    known: dict[tuple[Value | None, ...], Answer | ClockError] = {}
    for row in rows:
        found = known.get(row)
        if found is None:
            given = {name: value for name, value in zip(names, row, strict=True) if value is not None}
            try:
                found = one.answer(given, setting)
            except ClockError as error:
                found = error
            known[row] = found
        yield found
