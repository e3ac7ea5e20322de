"""``python -m tests.prove.bench_find``: find before create over the names of California.

In a database of ``--students`` students (``tests.prove.california``) each actor asks ``--questions`` times for somebody
of the own LEA as people type: exactly, names swapped, a letter wrong, another spelling of the same sound, month and day
swapped, only the SSID right, and for somebody who is nowhere. One question is what the page does of it: who within
reach may be meant with what a list shows of them, and, where nobody surely is, whether a record exists elsewhere; as
the application's role, under row-level security. Told are milliseconds on the clock and of the
processor (this thread and the server's process for it), to which the work of others does not count: of 95 in 100
questions at most ``--most``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import date
from random import Random

from tests.prove.california import (
    LARGE_SIZE,
    SMALL_SIZE,
    actors,
    add_keep,
    bench_database,
    fill,
    parser_of,
    processor_seconds,
)
from tests.support.databases import APP_ROLE

KINDS = ("exact", "swapped", "one letter", "sound", "month and day", "ssid", "nobody")
# Whose students are asked for: numbers of students, first and last.
OWN = {
    "coordinator of 5,000": (LARGE_SIZE + 1, LARGE_SIZE + SMALL_SIZE),
    "coordinator of 60,000": (1, LARGE_SIZE),
}


def main() -> int:
    parser = parser_of(__doc__, 850_000)
    parser.add_argument("--questions", type=int, default=350)
    parser.add_argument("--most", type=float, default=100.0, help="milliseconds of 95 in 100 questions")
    add_keep(parser)
    args = parser.parse_args()
    with bench_database(parser, args) as is_new:
        if is_new:
            fill(args.students)
        return _bench(args)


def _bench(args: argparse.Namespace) -> int:
    from django.db import connection

    from manzanita.students.models import NameKey

    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SELECT count(*), count(DISTINCT student_id) FROM students_namekey")
        rows, students = cursor.fetchone()
    print(f"{rows:,} keys of {students:,} students in {NameKey._meta.db_table}")
    print(f"{'find before create (ms)':<38}{'on the clock':^18}{'of the processor':^18}")
    print(f"{'':<38}{'p50':>9}{'p95':>9}{'p50':>9}{'p95':>9}{'found':>12}{'first':>7}")
    problems = []
    for name, (low, high) in OWN.items():
        questions = _questions(args.questions, low, high)
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {APP_ROLE}")
        all_took: list[tuple[float, float]] = []
        for kind in KINDS:
            took, found, first, asked = _ask(actors()[name], [q for q in questions if q[0] == kind])
            all_took += took
            print(_line(f"{name}, {kind}", took, f"{found} of {asked}" if kind != "nobody" else "", first))
            if kind != "nobody" and found < asked:
                problems.append(f"{name}, {kind}: {asked - found} were not found")
        print(_line(f"{name}, all", all_took, "", ""), flush=True)
        slowest = _p95([used for _, used in all_took])
        if slowest > args.most:
            problems.append(f"{name}: 95 in 100 take up to {slowest:.1f} ms")
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


def _line(label: str, took: list[tuple[float, float]], found: str, first: object) -> str:
    times = "".join(f"{statistics.median(one):>9.1f}{_p95(one):>9.1f}" for one in zip(*took, strict=True))
    return f"{label:<38}{times}{found:>12}{first:>7}"


def _p95(took: Sequence[float]) -> float:
    return sorted(took)[int(len(took) * 0.95)]


def _questions(count: int, low: int, high: int) -> list[tuple]:
    """(kind, what is asked for, key of whom is meant)."""
    from django.db import connection

    from manzanita.domain.likeness import Known

    random = Random(low)
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(
            "SELECT id, first_name, last_name, birth_on FROM students_student WHERE id = ANY(%s) ORDER BY id",
            [random.sample(range(low, high + 1), count)],
        )
        people = cursor.fetchall()
    found = []
    for number, (pk, first, last, born) in enumerate(people):
        kind = KINDS[number % len(KINDS)]
        asked = {
            "exact": Known(first, last, born),
            "swapped": Known(last, first, born),
            "one letter": Known(first, f"{last[:2]}{last[3:]}", born),
            "sound": Known(first.replace("c", "k").replace("v", "b"), f"{last}h", born),
            "month and day": Known(
                first, last, born.replace(month=born.day, day=born.month) if born.day < 13 else born
            ),
            "ssid": Known("Quail", "Elsewhere", date(2011, 7, 7), f"{8_000_000_000 + pk}"),
            "nobody": Known(f"{first}x", f"Quil{number}wort", born),
        }[kind]
        found.append((kind, asked, pk))
    return found


def _swapped(born: date) -> date:
    return born.replace(month=born.day, day=born.month) if born.day < 13 else born


def _ask(actor, questions: list[tuple]) -> tuple[list[tuple[float, float]], int, int, int]:
    from django.db import connection, transaction

    from manzanita.accounts.middleware import agencies_of
    from manzanita.domain.likeness import Strength
    from manzanita.platform.reach import reach
    from manzanita.students.exact_search import lea_of, student_named, student_with_ssid
    from manzanita.students.finding import candidates

    took, found, first = [], 0, 0
    for _, asked, pk in questions:
        started, used = time.perf_counter(), processor_seconds(connection)
        with reach(agencies_of(actor)), transaction.atomic():
            shown = candidates(actor, asked)
            if not any(one.likeness.strength is Strength.EXACT for one in shown):
                elsewhere = student_with_ssid(asked.ssid) if asked.ssid else None
                lea_of(elsewhere or student_named(asked.first, asked.last, asked.birth_on) or 0)
        spent = time.perf_counter() - started, processor_seconds(connection) - used
        took.append((spent[0] * 1000, spent[1] * 1000))
        keys = [one.student.pk for one in shown]
        found += pk in keys
        first += keys[:1] == [pk]
    return took, found, first, len(questions)


if __name__ == "__main__":
    sys.exit(main())
