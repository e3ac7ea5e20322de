"""``python -m tests.prove.bench_audit``: what the read log costs a list page, how fast logs are sealed and verified.

On a database of each sort: the page of 50 students is asked for again and again, in turn with and without its row of
the log, and the medians are printed; then ``--rows`` rows of logs are written, sealed, verified, and one student's
readers looked up. The site's own settings: a commit is on disk before the page leaves.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from random import Random
from unittest import mock

from tests.support.databases import Databases, PostgresDatabases, SqliteDatabases

LEA = "9910017"
READERS_ASKED = 50


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--pages", type=int, default=150, help="with the log, and as many without")
    parser.add_argument("--postgres", default=os.environ.get("TEST_DATABASE_URL", ""), metavar="URL")
    parser.add_argument("--on", default="", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.on:
        return _bench(args.on, args.rows, args.pages)
    codes = []
    with tempfile.TemporaryDirectory(prefix="manzanita-bench-") as folder:
        kinds: list[Databases] = [SqliteDatabases(Path(folder) / "databases")]
        if args.postgres:
            kinds.append(PostgresDatabases(args.postgres))
        for kind in kinds:
            database = kind.new()
            environment = {
                **{name: value for name, value in os.environ.items() if not name.startswith("MANZANITA_")},
                "DATABASE_URL": database,
                "MANZANITA_VAR": str(Path(folder) / kind.name),
                "DJANGO_SETTINGS_MODULE": "manzanita.config.settings",
            }
            command = [sys.executable, "-m", "tests.prove.bench_audit", "--on", kind.name]
            numbers = ["--rows", str(args.rows), "--pages", str(args.pages)]
            codes.append(subprocess.run([*command, *numbers], env=environment, check=False).returncode)
            kind.drop(database)
    return max(codes)


def _bench(name: str, rows: int, pages: int) -> int:
    import django

    django.setup()
    from django.core.management import call_command

    warnings.filterwarnings("ignore", "No directory at")
    call_command("migrate", verbosity=0)
    _bench_page(name, pages)
    return _bench_seals(name, rows)


def _bench_page(name: str, pages: int) -> None:
    import time_machine

    from tests.support import world as w
    from tests.support.pages import many_students

    with time_machine.travel(w.NOON):
        world = w.small_world()
        many_students(60)
        client = _signed_in(world.coordinator)
        seconds: dict[bool, list[float]] = {True: [], False: []}
        for number in range(2 * pages + 10):
            is_logged = number % 2 == 0
            started = time.perf_counter()
            if is_logged:
                answer = client.get("/students")
            else:
                with mock.patch("manzanita.web.students.log_reads"):
                    answer = client.get("/students")
            if number >= 10:
                seconds[is_logged].append(time.perf_counter() - started)
            if answer.status_code != 200:
                raise RuntimeError(f"the list answers {answer.status_code}")
    with_log, without = (statistics.median(seconds[key]) * 1000 for key in (True, False))
    print(
        f"{name}: list of 50 students {with_log:.2f} ms with its row of the log, {without:.2f} ms without: "
        f"{with_log - without:+.2f} ms, ratio {with_log / without:.3f} (medians of {pages} each)",
        flush=True,
    )


def _signed_in(user):
    from django.test import Client

    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _bench_seals(name: str, rows: int) -> int:
    from django.db import transaction

    from manzanita.auditing.queries import reads_of_student
    from manzanita.auditing.sealing import seal_waiting
    from manzanita.auditing.verifying import verify
    from tests.support.audit_rows import write_row

    seal_waiting()
    chance = Random(1)
    started = time.perf_counter()
    for start in range(0, rows, 500):
        with transaction.atomic():
            for _ in range(min(500, rows - start)):
                write_row(chance, LEA)
    written = time.perf_counter() - started
    started = time.perf_counter()
    count = seal_waiting()
    sealed = time.perf_counter() - started
    used = time.process_time()
    report = verify()
    used = time.process_time() - used
    asked = []
    for student in chance.sample(range(1, 400), READERS_ASKED):
        started = time.perf_counter()
        list(reads_of_student(student)[:100])
        asked.append(time.perf_counter() - started)
    print(
        f"{name}: {count} rows written at {count / written:.0f} a second, sealed at {count / sealed:.0f}, "
        f"verified at {report.row_count / report.seconds:.0f} a second, {report.row_count / used:.0f} a second of "
        f"this process's processor time ({'sound' if report.is_sound else 'NOT SOUND'}); "
        f"the newest 100 readers of one student in {statistics.median(asked) * 1000:.1f} ms",
        flush=True,
    )
    return 0 if report.is_sound and count == rows else 1


if __name__ == "__main__":
    sys.exit(main())
