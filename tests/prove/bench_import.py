"""``python -m tests.prove.bench_import``: how fast SIS files of many students come into PostgreSQL.

Makes a fictitious state of ``--students`` students, gives each LEA its own SENR and SINF lines as its SIS would, and
imports them LEA by LEA through the procedure that the product uses; then once more the same files. The second import
must write no fact and may cost at most half of the first. Beside it stands a bare ``COPY`` of the same rows into two
plain tables: what the database alone would need.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import django
import psycopg

from manzanita.cli import main as manzanita
from manzanita.domain.layouts import layout
from tests.support.databases import PostgresDatabases

FILES = {"SENR": "SIS_SENR.txt", "SINF": "SIS_SINF.txt"}
# Where the reporting LEA stands in a line, counted from zero.
LEA_POSITIONS = {"SENR": 3, "SINF": 5}
MOST_OF_FIRST = 0.5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--students", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", default=os.environ.get("TEST_DATABASE_URL", ""), metavar="URL")
    args = parser.parse_args()
    if not args.postgres:
        parser.error(
            "no PostgreSQL: give --postgres, set TEST_DATABASE_URL, or go through tests.support.postgres"
        )
    server = PostgresDatabases(args.postgres)
    database = server.new()
    try:
        with tempfile.TemporaryDirectory(prefix="manzanita-bench-") as folder:
            return _bench(Path(folder), database, args.students, args.seed)
    finally:
        server.drop(database)


def _bench(folder: Path, database: str, students: int, seed: int) -> int:
    whole = folder / "whole"
    if manzanita(["synth", "--students", str(students), "--seed", str(seed), "--out", str(whole)]):
        return 1
    by_lea = _split(whole, folder / "leas")
    _set_up(folder, database)
    lines = {record: sum(1 for _ in (whole / name).open("rb")) for record, name in FILES.items()}
    rows = sum(lines.values())
    told = ", ".join(f"{count} {record}" for record, count in lines.items())
    print(f"{students} students, {len(by_lea)} LEAs, {rows} rows ({told})", flush=True)

    copied = _bare_copy(database, {record: whole / name for record, name in FILES.items()})
    print(f"bare COPY: {copied:.1f} s, {rows / copied:.0f} rows a second", flush=True)
    first, used, counts = _import(by_lea)
    facts = _facts()
    print(f"first import: {_speed(rows, first, used)}, {first / copied:.0f} times a bare COPY")
    print(f"  lines: {_words(counts)}; facts: {_words(facts)}", flush=True)
    second, used, counts_again = _import(by_lea)
    facts_again = _facts()
    share = second / first
    print(f"second import: {_speed(rows, second, used)}, {share:.0%} of the first")
    print(f"  lines: {_words(counts_again)}; facts: {_words(facts_again)}", flush=True)

    problems = []
    if counts["lines"] != rows or counts["refused"] or counts["elsewhere"]:
        problems.append("not every line was loaded")
    if facts_again != facts or counts_again["unchanged"] != rows:
        problems.append("the second import changed something")
    if share > MOST_OF_FIRST:
        problems.append(f"the second import cost more than {MOST_OF_FIRST:.0%} of the first")
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


def _split(whole: Path, folder: Path) -> Mapping[str, Sequence[Path]]:
    """The lines of each LEA in files of its own, as its SIS would write them; paths by LEA code."""
    by_lea: dict[str, list[Path]] = defaultdict(list)
    for record, name in FILES.items():
        lines: dict[str, list[bytes]] = defaultdict(list)
        with (whole / name).open("rb") as file:
            for line in file:
                lines[line.split(b"^", 6)[LEA_POSITIONS[record]].decode()].append(line)
        for lea_code, of_lea in lines.items():
            path = folder / lea_code / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(of_lea))
            by_lea[lea_code].append(path)
    return dict(sorted(by_lea.items()))


def _set_up(folder: Path, database: str) -> None:
    os.environ["DATABASE_URL"] = database
    os.environ["MANZANITA_VAR"] = str(folder / "var")
    os.environ["DJANGO_SETTINGS_MODULE"] = "manzanita.config.settings"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _bare_copy(database: str, files: Mapping[str, Path]) -> float:
    """Seconds for the same rows as text into tables without a key, an index or a constraint."""
    with psycopg.connect(database) as connection:
        for record in files:
            columns = ", ".join(f'"{number}" text' for number in layout(record).numbers)
            connection.execute(f"CREATE TABLE bare_{record.lower()} ({columns})")
        connection.commit()
        started = time.monotonic()
        for record, path in files.items():
            statement = f"COPY bare_{record.lower()} FROM STDIN (FORMAT csv, DELIMITER '^', QUOTE E'\\b')"
            with connection.cursor().copy(statement) as copy, path.open("rb") as file:
                while chunk := file.read(1 << 20):
                    copy.write(chunk)
        connection.commit()
        seconds = time.monotonic() - started
        for record in files:
            connection.execute(f"DROP TABLE bare_{record.lower()}")
    return seconds


def _import(by_lea: Mapping[str, Iterable[Path]]) -> tuple[float, float, Counter[str]]:
    """Seconds, seconds of this process's processor time, and what became of the lines, summed over all LEAs."""
    from manzanita.procedures.import_sis import take_in_sis_files

    counts: Counter[str] = Counter()
    started, used = time.monotonic(), time.process_time()
    for lea_code, paths in by_lea.items():
        counts.update(take_in_sis_files(list(paths), lea_code=lea_code, by_id=None).counts)
    return time.monotonic() - started, time.process_time() - used, counts


def _facts() -> dict[str, int]:
    """Rows by table: facts are append-only, so that a count shows every write."""
    from manzanita.students.models import Enrollment, Ssid, Student

    counts = {"students": Student.unscoped.count()}
    for model in (Enrollment, Ssid):
        counts[str(model._meta.verbose_name_plural)] = model._base_manager.count()
    return counts


def _speed(rows: int, seconds: float, used: float) -> str:
    return f"{seconds:.1f} s, {rows / seconds:.0f} rows a second ({used:.1f} s of them computing in Python)"


def _words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


if __name__ == "__main__":
    sys.exit(main())
