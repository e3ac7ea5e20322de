"""``make test``: the checks that need no database, then every test on SQLite, and those of a database on PostgreSQL.

What needs no database (``tests/unit``), what has one of its own (``manzanita demo``), the tests of single pages and the
stories in a browser run once, on SQLite: they are three quarters of the time. ``DATABASE_URL=... pytest tests/web
tests/browser`` runs them on PostgreSQL. Every address asked as every perspective (``tests/access/test_matrix*``) runs
once, too, where row-level security stands behind the answers: on PostgreSQL, or on SQLite where there is none.

PostgreSQL is the server of ``TEST_DATABASE_URL``, or one started from installed binaries, or not tested, which
the last line then says. With ``CI=true`` a skipped test or a missing PostgreSQL is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.support.databases import MIGRATED, Databases, PostgresDatabases, SqliteDatabases
from tests.support.postgres import stop_on_sigterm, test_database_url

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
# Four at a time suit two cores, for some of it is waiting; one file stays on one worker, so that what its tests share
# is built once. Files begin in the order of tests/conftest.py.
PARALLEL = ("-n", "4", "--dist", "loadfile", "--no-loadscope-reorder")
ONCE = (
    "--ignore=tests/unit",
    # Every address is asked on PostgreSQL by tests/access, as every perspective.
    "--ignore=tests/web",
    "--ignore=tests/browser",
    "--ignore=tests/integration/test_demo_command.py",
    # The sandbox has a file of its own, and rules read files.
    "--ignore=tests/integration/test_sandbox.py",
    "--ignore=tests/integration/test_rules_twice.py",
    "--ignore=tests/integration/test_synthetic_rules.py",
)
# Every address asked as every perspective: where PostgreSQL is, once there, with its row-level security behind it.
ONCE_ON_POSTGRES = ("--ignore-glob=tests/access/test_matrix*.py",)
CHECKS = {
    "ruff check": (BIN / "ruff", "check"),
    "ruff format": (BIN / "ruff", "format", "--check"),
    "mypy": (BIN / "mypy",),
    "import contracts": (BIN / "lint-imports",),
    "migrations": (sys.executable, "-m", "manzanita.cli", "manage", "makemigrations", "--check", "--dry-run"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the tests went on one database. ``is_ok`` is what pytest itself says of its run."""

    passed: int
    failed: int
    skipped: int
    is_ok: bool

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def main() -> int:
    stop_on_sigterm()
    # What is compiled once is kept, whatever the environment says: every story starts several processes.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    is_ci = os.environ.get("CI") == "true"
    with tempfile.TemporaryDirectory(prefix="manzanita-run-") as folder, test_database_url() as url:
        failed_checks = [name for name, command in CHECKS.items() if not _check(name, command, folder)]
        runs = {
            "SQLite": _pytest(SqliteDatabases(Path(folder)), None, folder, *(ONCE_ON_POSTGRES if url else ()))
        }
        if url:
            runs["PostgreSQL"] = _pytest(PostgresDatabases(url), url, folder, *ONCE)
    problems = [f"check failed: {name}" for name in failed_checks]
    problems += [f"tests failed on {name}" for name, outcome in runs.items() if not outcome.is_ok]
    if is_ci:
        problems += [f"skipped on {name}, not allowed here" for name, run in runs.items() if run.skipped]
        if not url:
            problems.append("PostgreSQL has to be tested here")
    for problem in problems:
        print(problem)
    missing = {} if url else {"PostgreSQL": "not tested (no TEST_DATABASE_URL, no installed binaries)"}
    print("; ".join(f"{name}: {told}" for name, told in {**runs, **missing}.items()))
    return 1 if problems else 0


def _check(name: str, command: tuple[str | Path, ...], folder: str) -> bool:
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**_environment(), "MANZANITA_VAR": folder},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    is_ok = done.returncode == 0
    print(f"{name}: {'ok' if is_ok else 'FAILED'} ({time.monotonic() - started:.1f} s)", flush=True)
    if not is_ok:
        print(done.stdout, flush=True)
    return is_ok


def _pytest(databases: Databases, url: str | None, folder: str, *left_out: str) -> Outcome:
    database = databases.name
    print(f"tests on {database}", flush=True)
    report = Path(folder) / f"{database}.xml"
    environment = {**_environment(), MIGRATED: databases.template()}
    if url:
        environment["DATABASE_URL"] = url
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *PARALLEL, "-q", f"--junit-xml={report}", *left_out, *sys.argv[1:]],
        cwd=ROOT,
        env=environment,
        check=False,
    )
    databases.close()
    if not report.exists():
        return Outcome(0, 0, 0, is_ok=False)
    suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    count = {
        name: sum(int(suite.get(name, 0)) for suite in suites)
        for name in ("tests", "failures", "errors", "skipped")
    }
    print(f"longest files on {database}: {_longest(suites)}", flush=True)
    failed = count["failures"] + count["errors"]
    passed = count["tests"] - failed - count["skipped"]
    return Outcome(passed, failed, count["skipped"], is_ok=done.returncode == 0)


def _longest(suites: list[ElementTree.Element]) -> str:
    """Where the time goes, in seconds of one worker, as the run has to stay within its limit."""
    seconds: Counter[str] = Counter()
    for case in (case for suite in suites for case in suite.iter("testcase")):
        seconds[case.get("classname", "")] += float(case.get("time", 0))
    folders: Counter[str] = Counter()
    for file, spent in seconds.items():
        folders[".".join(file.split(".")[:2])] += spent
    longest, whole = (
        ", ".join(f"{name} {spent:.0f}" for name, spent in counted.most_common(12))
        for counted in (seconds, folders)
    )
    return f"{longest}; {whole}; all {seconds.total():.0f}"


def _environment() -> dict[str, str]:
    """Ours without a database: a test run never touches the one that an installation works on."""
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}


if __name__ == "__main__":
    sys.exit(main())
