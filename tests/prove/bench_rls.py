"""``python -m tests.prove.bench_rls``: what row-level security costs a list of students, at the size of California.

Fills a database (``tests.prove.california``) with ``--students`` students. Then the list page's queries run in turn
without row-level security (as the owner) and with it (as the application's role, in a
transaction that is told its reach), the same actor, the same view; medians, and the median of the differences within
each turn, so that whatever else the machine does falls on both; and how sure it is: other rounds would have told
another median, in 19 of 20 cases no farther away than this. At most ``--most`` milliseconds may come on top. Beside it
stand lists whose scope the application forgot. With ``--keep`` the next run finds the students there already.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from dataclasses import replace

from tests.prove.california import actors, add_keep, bench_database, fill, parser_of, processor_seconds
from tests.support.databases import APP_ROLE

WARM_UP, SECONDS_FOR_ONE = 3, 20.0


def main() -> int:
    parser = parser_of(__doc__, 850_000)
    parser.add_argument("--most", type=float, default=2.0, help="milliseconds that a list may cost more")
    parser.add_argument(
        "--slow", type=float, default=50.0, help="milliseconds from which a list counts as slow"
    )
    parser.add_argument("--rounds", type=int, default=101, help="turns of each list, as far as the time goes")
    parser.add_argument("--lists", default="", metavar="TEXT", help="only lists whose name has this text")
    parser.add_argument("--explain", action="store_true", help="print the plans of slow lists")
    add_keep(parser)
    args = parser.parse_args()
    with bench_database(parser, args) as is_new:
        if is_new:
            fill(args.students)
        return _bench(args)


def _bench(args: argparse.Namespace) -> int:
    from manzanita.students.models import Student
    from manzanita.students.queries import list_students
    from manzanita.students.scope import listed_for

    problems = []
    print(f"{'list of students':<45}{'without':>10}{'with RLS':>10}{'more':>9}{'sure to':>9}   (ms, medians)")
    for name, actor in actors().items():
        for view in actor.perspective.views:
            chosen = replace(actor, view=view)
            label = f"{name}, {view.value}"
            if args.lists not in label:
                continue
            found = _pair(chosen, lambda asking: list_students(listed_for(asking), asking), args.rounds)
            more = found[2]
            print(
                f"{label:<45}{found[0]:>10.2f}{found[1]:>10.2f}{more:>+9.2f}{found[3]:>9.2f}"
                f"   {found[4]} rounds",
                flush=True,
            )
            if more > args.most:
                problems.append(f"{label}: {more:.1f} ms more")
            if max(found[:2]) > args.slow:
                print(f"  slow: more than {args.slow:g} ms")
                if args.explain:
                    _explain(listed_for(chosen))
        if args.lists:
            continue
        seen = _one(actor, lambda asking: list_students(Student.objects.scoped(), asking), is_cut=True)
        print(f"{name + ', scope forgotten':<45}{'':>10}{seen:>10.2f}", flush=True)
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


def _pair(actor, read: Callable, rounds: int) -> tuple[float, float, float, float, int]:
    """Median milliseconds without and with row-level security, taken in turn, and of what the second costs more; how
    sure the last is; and the number of turns."""
    without, within = [], []
    for number in range(WARM_UP + rounds):
        # Whoever comes second finds more in the caches of the processor: each does every other time.
        took = {
            is_cut: _once(actor, read, is_cut=is_cut) for is_cut in ((False, True), (True, False))[number % 2]
        }
        if number >= WARM_UP:
            without.append(took[False])
            within.append(took[True])
        if sum(without) + sum(within) > SECONDS_FOR_ONE * 1000 and len(without) >= 3:
            break
    more = [b - a for a, b in zip(without, within, strict=True)]
    low, middle, high = statistics.quantiles(more, n=4)
    sure = 1.57 * (high - low) / len(more) ** 0.5
    return statistics.median(without), statistics.median(within), middle, sure, len(more)


def _one(actor, read: Callable, *, is_cut: bool) -> float:
    return statistics.median([_once(actor, read, is_cut=is_cut) for _ in range(WARM_UP + 5)][WARM_UP:])


def _once(actor, read: Callable, *, is_cut: bool) -> float:
    from django.db import connection, transaction

    from manzanita.accounts.middleware import agencies_of
    from manzanita.platform.postgresql.base import PLANNING
    from manzanita.platform.reach import NOTHING, reach

    with reach(NOTHING), connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {APP_ROLE}" if is_cut else "RESET ROLE")
        # As it is for a transaction that is told its reach; and all the work in the process whose clock is read.
        for name, value in PLANNING.items():
            cursor.execute(f"SET {name} = {value}")
        cursor.execute("SET max_parallel_workers_per_gather = 0")
    started = processor_seconds(connection)
    # A request has one transaction either way: the look at a list is logged in it.
    with reach(agencies_of(actor) if is_cut else NOTHING), transaction.atomic():
        read(actor)
    return (processor_seconds(connection) - started) * 1000


def _explain(students) -> None:
    from django.db import connection

    from manzanita.platform.reach import NOTHING, reach

    for part in (
        students.order_by("last_name", "first_name", "id")[:51],
        students.order_by().values("pk")[:1001],
    ):
        sql, params = part.query.sql_with_params()
        with reach(NOTHING), connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS OFF, TIMING OFF) {sql}", params)
            print("\n".join(f"    {row[0][:170]}" for row in cursor.fetchall()), flush=True)


if __name__ == "__main__":
    sys.exit(main())
