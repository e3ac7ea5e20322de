"""``python -m tests.prove.bench_rls``: what row-level security costs a list of students, at the size of California.

Fills a database with ``--students`` students by SQL: one LEA of 60,000, one of 5,000, the rest in LEAs of 800. Then the
list page's queries run in turn without row-level security (as the owner) and with it (as the application's role, in a
transaction that is told its reach), the same actor, the same view; medians, and the median of the differences within
each turn, so that whatever else the machine does falls on both. At most ``--most`` milliseconds may come on top.
Beside it stand lists whose scope the application forgot.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import django

from tests.support.databases import APP_ROLE, PostgresDatabases

LARGE, SMALL = "1960000", "1905000"
LARGE_SIZE, SMALL_SIZE, OTHER_SIZE = 60_000, 5_000, 800
# A SELPA: the small LEA and nine others.
MEMBERS = (SMALL, *(f"{3_000_000 + number}" for number in range(9)))
WARM_UP, ROUNDS, SECONDS_FOR_ONE = 3, 31, 20.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--students", type=int, default=850_000)
    parser.add_argument("--most", type=float, default=2.0, help="milliseconds that a list may cost more")
    parser.add_argument(
        "--slow", type=float, default=50.0, help="milliseconds from which a list counts as slow"
    )
    parser.add_argument("--explain", action="store_true", help="print the plans of slow lists")
    parser.add_argument(
        "--keep", default="", metavar="NAME", help="fill a database of this name once, and keep it"
    )
    parser.add_argument("--postgres", default=os.environ.get("TEST_DATABASE_URL", ""), metavar="URL")
    args = parser.parse_args()
    if not args.postgres:
        parser.error("no PostgreSQL: give --postgres, or go through tests.support.postgres")
    server = PostgresDatabases(args.postgres)
    database, is_new = server.kept(args.keep) if args.keep else (server.new(), True)
    try:
        with tempfile.TemporaryDirectory(prefix="manzanita-bench-") as folder:
            os.environ["DATABASE_URL"] = database
            os.environ["MANZANITA_DATABASE_ROLE"] = APP_ROLE
            os.environ["MANZANITA_VAR"] = folder
            os.environ["DJANGO_SETTINGS_MODULE"] = "manzanita.config.settings"
            django.setup()
            if is_new:
                _fill(args.students)
            return _bench(args)
    finally:
        from django.db import connections

        connections.close_all()
        if not args.keep:
            server.drop(database)


# Each student is a number; the first 60,000 are of the large LEA, the next 5,000 of the small one.
_LEA = f"""
    CASE WHEN n <= {LARGE_SIZE} THEN '{LARGE}' WHEN n <= {LARGE_SIZE + SMALL_SIZE} THEN '{SMALL}'
         ELSE (3000000 + (n - {LARGE_SIZE + SMALL_SIZE}) / {OTHER_SIZE})::text END
"""
# Where three of ten were before, and where one of forty lives, is served, or goes next.
_EARLIER = f"""
    CASE WHEN n % 997 < 60 THEN '{LARGE}' WHEN n % 997 < 66 THEN '{SMALL}' ELSE (3000000 + n % 900)::text END
"""
_EVERYBODY = "generate_series(1::bigint, %(students)s) AS n"
_DAY = "'2024-08-15'::date"
_FACT = "recorded_at, by_id, cause"
_FACT_VALUES = "'2026-08-20'::timestamptz, NULL::bigint, 'bench'"
FILL = (
    f"""
    INSERT INTO students_student (id, public_id, first_name, middle_name, last_name, suffix, name_key, birth_on,
                                  gender_code, local_sped_id, plan_review_due_on, evaluation_due_on, agencies)
    SELECT n, gen_random_uuid(), 'First' || (n * 7919) % 5003, '', 'Last' || (n * 104729) % 20011, '',
           ' last' || (n * 104729) % 20011 || ' first' || (n * 7919) % 5003, '2010-01-01'::date + (n % 5000)::int, 'F',
           'SE' || n, '2026-09-01'::date + (n % 400)::int, '2026-09-01'::date + (n % 1100)::int,
           CASE WHEN n % 10 < 3 THEN ARRAY[{_LEA}, {_EARLIER}] ELSE ARRAY[{_LEA}] END
      FROM {_EVERYBODY}
    """,
    f"""
    INSERT INTO students_ssid (student_id, ssid, effective_from, {_FACT})
    SELECT n, (8000000000 + n)::text, '2020-08-01'::date, {_FACT_VALUES} FROM {_EVERYBODY}
    """,
    # One of twelve has left in the spring.
    f"""
    INSERT INTO students_enrollment (student_id, lea_code, started_on, school_code, nps_code, status_code, grade_code,
                                     exit_reason_code, completion_code, local_student_id, effective_from, effective_to,
                                     {_FACT})
    SELECT n, {_LEA}, {_DAY}, (6000000 + n % 50)::text, CASE WHEN n % 100 = 0 THEN '9990001' ELSE '' END, '10',
           '04', '', '', 'L' || n, {_DAY}, CASE WHEN n % 12 = 0 THEN '2026-04-30'::date END, {_FACT_VALUES}
      FROM {_EVERYBODY}
     UNION ALL
    SELECT n, {_EARLIER}, '2021-08-15'::date, '6000000', '', '10', '01', 'T160', '', 'E' || n, '2021-08-15'::date,
           '2024-06-10'::date, {_FACT_VALUES}
      FROM {_EVERYBODY} WHERE n % 10 < 3
    """,
    f"""
    INSERT INTO students_specialeducationstatus (student_id, lea_code, status_code, reason_code, initial_entry_on,
                                                 effective_from, {_FACT})
    SELECT n, {_LEA}, '1', '', '2022-01-10'::date, {_DAY}, {_FACT_VALUES} FROM {_EVERYBODY}
    """,
    f"""
    INSERT INTO students_agencyrelation (student_id, relationship, agency_code, school_code, effective_from, {_FACT})
    SELECT n, (ARRAY['residence', 'location', 'next_year'])[1 + n % 3], {_EARLIER}, '',
           '2025-07-01'::date, {_FACT_VALUES}
      FROM {_EVERYBODY} WHERE n % 40 = 1
    """,
)


def _plans() -> str:
    """Every column of a plan that the state has and the bench does not ask for is blank."""
    from manzanita.students.models import Plan

    named = ("lea_code", "dsea_code", "reason_code", "disability_1_code")
    blank = [name for name in Plan.content if name not in named]
    return f"""
        INSERT INTO students_plan (student_id, {", ".join((*named, *blank))}, effective_from, {_FACT})
        SELECT n, {_LEA}, CASE WHEN n % 50 = 0 THEN {_EARLIER} ELSE {_LEA} END, '10', '290',
               {", ".join(["''"] * len(blank))}, '2025-11-01'::date, {_FACT_VALUES}
          FROM {_EVERYBODY}
    """


def _fill(students: int) -> None:
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    started = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SET session_replication_role = replica")
        # They would take longer to build than everything else, and no list reads them.
        cursor.execute(
            "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'x'"
            " AND conrelid::regclass::text LIKE 'students_%'"
        )
        for table, name in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for statement in (*FILL, _plans()):
            cursor.execute(statement.replace("%(students)s", str(students)))
        cursor.execute("SET session_replication_role = origin")
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SET maintenance_work_mem = '256MB'")
        connection.connection.execute("VACUUM ANALYZE")
    print(f"{students:,} students filled in {time.monotonic() - started:.0f} s", flush=True)


def _actors() -> dict:
    from manzanita.domain.access import Actor, Capability
    from manzanita.domain.perspectives import PERSPECTIVES

    def actor(key: str, code: str, codes: tuple[str, ...]) -> Actor:
        return Actor(
            user_id=1,
            grant_id=1,
            person_name="Juniper Mockup",
            perspective=PERSPECTIVES[key],
            agency_code=code,
            agency_name=code,
            selpa_code="1900",
            capabilities=frozenset(Capability),
            agency_codes=codes,
        )

    return {
        "coordinator of 5,000": actor("coordinator", SMALL, (SMALL,)),
        "coordinator of 60,000": actor("coordinator", LARGE, (LARGE,)),
        "SELPA of 10 LEAs": actor("selpa", "1900", MEMBERS),
    }


def _bench(args: argparse.Namespace) -> int:
    from manzanita.students.models import Student
    from manzanita.students.queries import list_students
    from manzanita.students.scope import listed_for

    problems = []
    print(f"{'list of students':<45}{'without':>10}{'with RLS':>10}{'more':>9}   (ms, medians)")
    for name, actor in _actors().items():
        for view in actor.perspective.views:
            chosen = replace(actor, view=view)
            label = f"{name}, {view.value}"
            found = _pair(chosen, lambda asking: list_students(listed_for(asking), asking))
            more = found[2]
            print(f"{label:<45}{found[0]:>10.2f}{found[1]:>10.2f}{more:>+9.2f}", flush=True)
            if more > args.most:
                problems.append(f"{label}: {more:.1f} ms more")
            if max(found[:2]) > args.slow:
                print(f"  slow: more than {args.slow:g} ms")
                if args.explain:
                    _explain(listed_for(chosen))
        seen = _one(actor, lambda asking: list_students(Student.objects.scoped(), asking), is_cut=True)
        print(f"{name + ', scope forgotten':<45}{'':>10}{seen:>10.2f}", flush=True)
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


def _pair(actor, read: Callable) -> tuple[float, float, float]:
    """Median milliseconds without and with row-level security, taken in turn, and of what the second costs more."""
    without, within = [], []
    for number in range(WARM_UP + ROUNDS):
        # Whoever comes second finds more in the caches of the processor: each does every other time.
        took = {
            is_cut: _once(actor, read, is_cut=is_cut) for is_cut in ((False, True), (True, False))[number % 2]
        }
        if number >= WARM_UP:
            without.append(took[False])
            within.append(took[True])
        if sum(without) + sum(within) > SECONDS_FOR_ONE * 1000 and len(without) >= 3:
            break
    more = statistics.median(b - a for a, b in zip(without, within, strict=True))
    return statistics.median(without), statistics.median(within), more


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
    started = _used(connection)
    if is_cut:
        with reach(agencies_of(actor)), transaction.atomic():
            read(actor)
    else:
        with reach(NOTHING):
            read(actor)
    return (_used(connection) - started) * 1000


def _used(connection) -> float:
    """Seconds of processor time, of this thread and of the server's process for it: others' work does not count."""
    server = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return time.thread_time() + int(server.read_text().split()[0]) / 1e9


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
