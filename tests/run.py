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
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from tests.support.databases import MIGRATED, Databases, PostgresDatabases, SqliteDatabases
from tests.support.postgres import stop_on_sigterm, test_database_url

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
# Both databases are tested at once, and more at a time than there are cores, for stories in a browser mostly wait. One
# file stays on one worker, so that what its tests share is built once. Files begin in the order of tests/conftest.py.
AT_ONCE = {"SQLite": "4", "PostgreSQL": "2"}
PARALLEL = ("--dist", "loadfile", "--no-loadscope-reorder")
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
        runs = _both(url, folder)
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


def _both(url: str | None, folder: str) -> dict[str, Outcome]:
    """How the tests went on each database; what is told of PostgreSQL comes when SQLite's have ended."""
    runs = [_Run(SqliteDatabases(Path(folder)), folder, *(ONCE_ON_POSTGRES if url else ()))]
    try:
        if url:
            runs.append(_Run(PostgresDatabases(url), folder, *ONCE, url=url, told=Path(folder) / "told"))
        return {run.name: run.outcome() for run in runs}
    finally:
        for run in runs:
            run.stop()


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


class _Run:
    """The tests on one database, which have begun. ``told`` is where their words are kept until they have ended."""

    def __init__(
        self, databases: Databases, folder: str, *left_out: str, url: str = "", told: Path | None = None
    ) -> None:
        self.name, self._databases, self._told = databases.name, databases, told
        self._report = Path(folder) / f"{self.name}.xml"
        environment = {**_environment(), MIGRATED: databases.template()}
        if url:
            environment["DATABASE_URL"] = url
        print(f"tests on {self.name}", flush=True)
        words = ["-q", "-n", AT_ONCE[self.name], *PARALLEL, f"--junit-xml={self._report}"]
        with told.open("wb") if told else nullcontext() as kept:
            self._pytest = subprocess.Popen(
                [sys.executable, "-m", "pytest", *words, *left_out, *sys.argv[1:]],
                cwd=ROOT,
                env=environment,
                stdout=kept,
                stderr=kept and subprocess.STDOUT,
            )

    def stop(self) -> None:
        if self._pytest.poll() is None:
            self._pytest.terminate()
            self._pytest.wait()
        self._databases.close()

    def outcome(self) -> Outcome:
        is_ok = self._pytest.wait() == 0
        if self._told:
            print(self._told.read_text(errors="replace"), flush=True)
        if not self._report.exists():
            return Outcome(0, 0, 0, is_ok=False)
        suites = list(ElementTree.parse(self._report).getroot().iter("testsuite"))
        count = {
            name: sum(int(suite.get(name, 0)) for suite in suites)
            for name in ("tests", "failures", "errors", "skipped")
        }
        print(f"longest files on {self.name}: {_longest(suites)}", flush=True)
        failed = count["failures"] + count["errors"]
        passed = count["tests"] - failed - count["skipped"]
        return Outcome(passed, failed, count["skipped"], is_ok=is_ok)


def _longest(suites: list[ElementTree.Element]) -> str:
    """Where the time goes, in seconds of one worker, as the run has to stay within its limit."""
    seconds: Counter[str] = Counter()
    for case in (case for suite in suites for case in suite.iter("testcase")):
        seconds[case.get("classname", "")] += float(case.get("time", 0))
    longest = ", ".join(f"{file} {spent:.0f}" for file, spent in seconds.most_common(12))
    return f"{longest}; all {seconds.total():.0f}"


def _environment() -> dict[str, str]:
    """Ours without a database: a test run never touches the one that an installation works on."""
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}


if __name__ == "__main__":
    sys.exit(main())
