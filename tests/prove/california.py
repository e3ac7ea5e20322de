"""A database at the size of California: one LEA of 60,000 students, one of 5,000, the rest in LEAs of 800.

Names are made of syllables and as uneven as names are: of the last names the most common is one of seventy, of the
first names one of eighty, and every fourth last name is double. 170 students are born on each day.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import django

from tests.support.databases import APP_ROLE, PostgresDatabases

LARGE, SMALL = "1960000", "1905000"
LARGE_SIZE, SMALL_SIZE, OTHER_SIZE = 60_000, 5_000, 800
# A SELPA: the small LEA and nine others.
MEMBERS = (SMALL, *(f"{3_000_000 + number}" for number in range(9)))

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
    SELECT n, gen_random_uuid(), firsts.name, '', lasts.name, '', lower(' ' || firsts.name || ' ' || lasts.name),
           '2010-01-01'::date + (n % 5000)::int, 'F', 'SE' || n, '2026-09-01'::date + (n % 400)::int,
           '2026-09-01'::date + (n % 1100)::int,
           CASE WHEN n % 10 < 3 THEN ARRAY[{_LEA}, {_EARLIER}] ELSE ARRAY[{_LEA}] END
      FROM {_EVERYBODY}
      JOIN firsts ON firsts.place = width_bucket((n * 7919 % 1000003) / 1000003.0::float8, (SELECT shares FROM ups_1))
      JOIN lasts ON lasts.place = width_bucket((n * 104729 % 999983) / 999983.0::float8, (SELECT shares FROM ups_2))
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


def parser_of(description: str | None, students: int) -> argparse.ArgumentParser:
    """What every bench on this database is told: how many students, and the server."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--students", type=int, default=students)
    parser.add_argument("--postgres", default=os.environ.get("TEST_DATABASE_URL", ""), metavar="URL")
    return parser


def add_keep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep", default="", metavar="NAME", help="fill a database of this name once, and keep it"
    )


@contextmanager
def bench_database(
    parser: argparse.ArgumentParser, args: argparse.Namespace, today: str = ""
) -> Iterator[bool]:
    """Django stands on a database of the server that ``args`` name; whether it was made just now, and is empty. One
    that was kept is migrated.

    It is gone afterwards, unless ``args.keep`` names it. ``today``: the day on which the product stands.
    """
    if not args.postgres:
        parser.error("no PostgreSQL: give --postgres, or go through tests.support.postgres")
    server, name = PostgresDatabases(args.postgres), getattr(args, "keep", "")
    database, is_new = server.kept(name) if name else (server.new(), True)
    try:
        with tempfile.TemporaryDirectory(prefix="manzanita-bench-") as folder:
            os.environ["DATABASE_URL"] = database
            os.environ["MANZANITA_DATABASE_ROLE"] = APP_ROLE
            os.environ["MANZANITA_VAR"] = folder
            os.environ["DJANGO_SETTINGS_MODULE"] = "manzanita.config.settings"
            if today:
                os.environ["MANZANITA_TODAY"] = today
            django.setup()
            if not is_new:
                from django.core.management import call_command

                call_command("migrate", verbosity=0)
            yield is_new
    finally:
        from django.db import connections

        connections.close_all()
        if not name:
            server.drop(database)


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


def _name_tables(cursor: Any) -> None:
    """Names by their place, and above which share of everybody each begins."""
    syllables = [a + b for a, b in product("bcdfghjklmnprstvz", "aeiou")]
    made = [
        "".join(parts).capitalize()
        for parts in product(syllables[::3], syllables[1::2], ("", "n", "s", "ra"))
    ]
    for number, (table, names, flat) in enumerate(
        (("firsts", made[:3000], 15), ("lasts", _doubled(made[500:]), 10)), 1
    ):
        weights = [1 / (place + flat) for place in range(len(names))]
        ups = [sum(weights[:place]) / sum(weights) for place in range(1, len(names))]
        cursor.execute(f"CREATE TEMP TABLE {table} (place int PRIMARY KEY, name text)")
        with cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in enumerate(names):
                copy.write_row(row)
        cursor.execute(f"CREATE TEMP TABLE ups_{number} (shares float8[])")
        cursor.execute(f"INSERT INTO ups_{number} VALUES (%s)", [ups])
        cursor.execute(f"ANALYZE {table}")


def _doubled(names: list[str]) -> list[str]:
    return [f"{name} {names[-place - 1]}" if place % 4 == 3 else name for place, name in enumerate(names)]


def _fill_name_keys(cursor: Any) -> None:
    from manzanita.domain.name_sounds import sound_keys

    keys = cache(sound_keys)
    cursor.execute("SELECT id, first_name, last_name, birth_on FROM students_student")
    everybody = cursor.fetchall()
    columns = "student_id, sound, first_name, last_name, birth_on"
    # Built afterwards they take a fraction of the time.
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'students_namekey' AND indexname NOT LIKE '%pkey'"
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    with cursor.copy(f"COPY students_namekey ({columns}) FROM STDIN") as copy:
        for pk, first, last, born in everybody:
            for sound in keys(first, last):
                copy.write_row((pk, sound, first, last, born))
    for _, definition in indexes:
        cursor.execute(definition)


def fill(students: int) -> None:
    """Migrate, and fill by SQL; prints the seconds."""
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
        _name_tables(cursor)
        for statement in (*FILL, _plans()):
            cursor.execute(statement.replace("%(students)s", str(students)))
        _fill_name_keys(cursor)
        cursor.execute("SET session_replication_role = origin")
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SET maintenance_work_mem = '256MB'")
        connection.connection.execute("VACUUM ANALYZE")
    print(f"{students:,} students filled in {time.monotonic() - started:.0f} s", flush=True)


def actors() -> dict:
    """Who asks, by what the benches call them."""
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


def processor_seconds(connection: Any) -> float:
    """Of this thread and of the server's process for it: the work of others does not count."""
    return time.thread_time() + server_seconds(connection)


def server_seconds(connection: Any) -> float:
    """Of the server's process for this connection."""
    server = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return int(server.read_text().split()[0]) / 1e9
