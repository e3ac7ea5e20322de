"""``python -m tests.prove.bench_rls``: what row-level security costs a list of students, at the size of California.

Fills a database (``tests.prove.california``) with ``--students`` students. Then the list page's queries run in turn
without row-level security (as the owner) and with it (as the application's role, in a
transaction that is told its reach), the same actor, the same view; medians, and the median of the differences within
each turn, so that whatever else the machine does falls on both: of all processor time, of this process and of the
server, and of the server's alone. Behind each stands how sure it is: other rounds would have told another median, in 19
of 20 cases no farther away than this. At most ``--most`` milliseconds may come on top of all. Beside it stand lists
whose scope the application forgot. With ``--keep`` the next run finds the students there already.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.prove.california import actors, add_keep, bench_database, fill, parser_of, server_seconds
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
    from manzanita.students.listing import list_students
    from manzanita.students.models import Student
    from manzanita.students.scope import listed_for

    problems = []
    print(
        f"{'list of students':<40}{'without':>8}{'with RLS':>9}{'more':>15}{'by the server':>16}   (ms, medians)"
    )
    for name, actor in actors().items():
        for view in actor.perspective.views:
            chosen = replace(actor, view=view)
            label = f"{name}, {view.value}"
            if args.lists not in label:
                continue
            turns = _turns(chosen, lambda asking: list_students(listed_for(asking), asking), args.rounds)
            without, within = (
                statistics.median(turn[is_cut].whole for turn in turns) for is_cut in (False, True)
            )
            more, sure = _more(turns, "whole")
            by_server, server_sure = _more(turns, "server")
            print(
                f"{label:<40}{without:>8.2f}{within:>9.2f}{more:>+9.2f} ±{sure:.2f}"
                f"{by_server:>+10.2f} ±{server_sure:.2f}   {len(turns)} rounds",
                flush=True,
            )
            if more > args.most:
                problems.append(f"{label}: {more:.1f} ms more")
            if max(without, within) > args.slow:
                print(f"  slow: more than {args.slow:g} ms")
                if args.explain:
                    _explain(listed_for(chosen))
        if args.lists:
            continue
        seen = _one(actor, lambda asking: list_students(Student.objects.scoped(), asking), is_cut=True)
        print(f"{name + ', scope forgotten':<40}{'':>8}{seen:>9.2f}", flush=True)
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds of processor time: of this process and the server together, and of the server alone."""

    whole: float
    server: float


def _turns(actor, read: Callable, rounds: int) -> list[dict[bool, Took]]:
    """What each turn took without and with row-level security."""
    turns: list[dict[bool, Took]] = []
    for number in range(WARM_UP + rounds):
        # Whoever comes second finds more in the caches of the processor: each does every other time.
        sides = ((False, True), (True, False))[number % 2]
        turns.append({is_cut: _once(actor, read, is_cut=is_cut) for is_cut in sides})
        if sum(took.whole for turn in turns for took in turn.values()) > SECONDS_FOR_ONE * 1000:
            break
    return turns[WARM_UP:]


def _more(turns: list[dict[bool, Took]], of: str) -> tuple[float, float]:
    """The median of what row-level security cost within each turn, and how sure it is."""
    more = [getattr(turn[True], of) - getattr(turn[False], of) for turn in turns]
    low, middle, high = statistics.quantiles(more, n=4)
    return middle, 1.57 * (high - low) / len(more) ** 0.5


def _one(actor, read: Callable, *, is_cut: bool) -> float:
    return statistics.median([_once(actor, read, is_cut=is_cut).whole for _ in range(WARM_UP + 5)][WARM_UP:])


def _once(actor, read: Callable, *, is_cut: bool) -> Took:
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
    here, there = time.thread_time(), server_seconds(connection)
    # A request has one transaction either way: the look at a list is logged in it.
    with reach(agencies_of(actor) if is_cut else NOTHING), transaction.atomic():
        read(actor)
    by_server = server_seconds(connection) - there
    return Took((time.thread_time() - here + by_server) * 1000, by_server * 1000)


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
