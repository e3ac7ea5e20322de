"""``python -m tests.prove.bench_clocks``: every clock of every student, with its trace, in one batch.

Each of ``--students`` has a value for every input of every clock, drawn from the days of three school years (births
from 22 years), so no clock is left out. One district's calendar, the reading of ``--tolling``. Printed are seconds of
the processor and the different answers of each clock; the whole is told in the last line.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from manzanita.domain.calendars import Calendar, Tolling, calendar_for
from manzanita.domain.calendars.csv_file import read_calendar_csv
from manzanita.domain.clocks import CLOCKS, Clock, ClockError, Setting, compute_many
from manzanita.domain.clocks.declaration import Input, InputType

CALENDAR = Path(__file__).parents[1] / "data" / "clocks" / "calendar_foothill.csv"
FIRST, DAYS = date(2026, 8, 12), 500
BIRTHS, BIRTH_DAYS = date(2004, 7, 1), 22 * 365


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--students", type=int, default=100_000)
    parser.add_argument("--tolling", type=Tolling, choices=list(Tolling), default=Tolling.A)
    args = parser.parse_args()
    rng = Random(17)
    periods = read_calendar_csv(CALENDAR.read_text(encoding="utf-8"))
    calendar, seconds = timed(lambda: calendar_for(periods))
    print(f"{'calendar built':<28}{seconds:>8.4f} s")
    total, answers, started = 0.0, 0, time.perf_counter()
    for one in CLOCKS.values():
        columns = [_column(given, args.students, rng) for given in one.inputs]
        if one.name.endswith("-iep") and "referral_on" in {given.name for given in one.inputs}:
            columns[:2] = _in_order(columns[0], columns[1])
        seconds, different, refused = _run(one, columns, Setting(calendar, args.tolling))
        total += seconds
        answers += args.students
        print(f"{one.name:<28}{seconds:>8.3f} s  {different:>7,} different answers  {refused:>6,} refused")
    took = time.perf_counter() - started
    print(
        f"{len(CLOCKS)} clocks of {args.students:,} students: {total:.1f} s of the processor, {answers / total:,.0f} "
        f"answers a second ({took:.1f} s on the clock, with the drawing of values)"
    )
    return 0


def timed(work: Callable[[], Calendar]) -> tuple[Calendar, float]:
    started = time.process_time()
    return work(), time.process_time() - started


def _run(one: Clock, columns: list[list[Any]], setting: Setting) -> tuple[float, int, int]:
    rows = list(zip(*columns, strict=True))
    names = [given.name for given in one.inputs]
    started = time.process_time()
    found = list(compute_many(one, names, rows, setting))
    seconds = time.process_time() - started
    return (
        seconds,
        len({id(answer) for answer in found}),
        sum(isinstance(answer, ClockError) for answer in found),
    )


def _column(given: Input, students: int, rng: Random) -> list[Any]:
    """A value for each student; of inputs that are not needed a third is left out."""
    if given.type is InputType.FLAG:
        return [rng.random() < 0.1 for _ in range(students)]
    if given.type is InputType.NUMBER:
        return [rng.choice((10, 15)) for _ in range(students)]
    if given.type is InputType.DAYS:
        return [_removals(rng) for _ in range(students)]
    first, days = (BIRTHS, BIRTH_DAYS) if given.name == "birth_on" else (FIRST, DAYS)
    drawn = (first + timedelta(days=rng.randrange(days)) for _ in range(students))
    return list(drawn) if given.is_required else [day if rng.random() < 2 / 3 else None for day in drawn]


def _removals(rng: Random) -> tuple[tuple[date, date], ...]:
    starts = sorted(FIRST + timedelta(days=rng.randrange(280)) for _ in range(rng.randint(1, 4)))
    return tuple((day, day + timedelta(days=rng.randint(0, 4))) for day in starts)


def _in_order(consents: list[Any], referrals: list[Any]) -> list[list[Any]]:
    """A referral comes before its consent."""
    pairs = [
        (consent, referral) if referral is None or referral <= consent else (referral, consent)
        for consent, referral in zip(consents, referrals, strict=True)
    ]
    return [list(column) for column in zip(*pairs, strict=True)]


if __name__ == "__main__":
    raise SystemExit(main())
