"""``python -m tests.prove.soak --minutes 60``: a district's day, and whether anything wears out.

Two coordinators and ten case managers work on one system on PostgreSQL with a fictitious SELPA: the web server as
``manzanita serve`` starts it, a worker, the stand-in CALPADS. An answer of 400 or more, no answer, a page that
lacks what the round needs, and a traceback in a log are errors. Memory is the resident size of web server and
worker; its first reading is of minute 5 (a third of a shorter run), when every page has been drawn once.
Ends with 1 when there were errors, or memory grew by 5 % or more. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg

from manzanita.cli import main as manzanita
from manzanita.commands.demo import FIRST_DAY, REJECTION
from tests.prove.soak_rounds import Person
from tests.support.databases import PostgresDatabases
from tests.support.http_browser import Ledger
from tests.support.system import System

CASE_MANAGERS_PER_DISTRICT = 5
MOST_GROWTH_PERCENT = 5.0
SAMPLE_SECONDS = 5
# What a send under way at the end may still need.
REST_SECONDS = 120


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--students", type=int, default=20000)
    parser.add_argument(
        "--think", type=float, default=4, help="seconds before a click, on average (default 4)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", default=os.environ.get("TEST_DATABASE_URL", ""), metavar="URL")
    args = parser.parse_args()
    if not args.postgres:
        print("The soak needs PostgreSQL: --postgres or TEST_DATABASE_URL")
        return 2
    databases = PostgresDatabases(args.postgres)
    database = databases.new()
    with tempfile.TemporaryDirectory(prefix="manzanita-soak-") as folder:
        system = System(
            Path(folder) / "system",
            database,
            MANZANITA_TODAY=FIRST_DAY.isoformat(),
            MANZANITA_JOB_LEASE_SECONDS="60",
            MANZANITA_STATE_POLL_SECONDS="1",
            # Signing in is part of what is measured.
            DJANGO_SETTINGS_MODULE="manzanita.config.settings",
        )
        try:
            sign_ins = _build(system, Path(folder) / "files", args.students)
            return _soak(system, sign_ins, args)
        finally:
            system.stop()
            databases.drop(database)


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _build(system: System, files: Path, students: int) -> list[dict[str, str]]:
    _say(f"Making {students:,} fictitious students")
    if manzanita(["synth", "--students", str(students), "--out", str(files)]):
        raise SystemExit("The fictitious students could not be made.")
    _say("Taking them in")
    printed = system.output(
        "-m", "tests.support.build_selpa", str(files), "--case-managers", str(CASE_MANAGERS_PER_DISTRICT)
    )
    system.start_sandbox(files)
    system.control("clock", today=FIRST_DAY.isoformat())
    system.control("reject", **REJECTION)
    return json.loads(printed)


def _soak(system: System, sign_ins: list[dict[str, str]], args: argparse.Namespace) -> int:
    system.start("web", ["-m", "manzanita.cli", "serve", "--port", str(system.web_port)])
    system.wait_for(f"{system.address}/sign-in")
    system.start_worker()
    ledger, stop = Ledger(), threading.Event()
    people = [
        Person(system.address, ledger, sign_in, args.think, random.Random(args.seed * 1000 + number), stop)
        for number, sign_in in enumerate(sign_ins)
    ]
    _say(f"{len(people)} people work for {args.minutes:g} minutes")
    memory = _Memory(system)
    started = time.monotonic()
    threads = [threading.Thread(target=one.run, daemon=True) for one in people]
    for thread in threads:
        thread.start()
    end, next_word = started + args.minutes * 60, started + 300
    while time.monotonic() < end:
        time.sleep(min(SAMPLE_SECONDS, max(0.0, end - time.monotonic())))
        memory.read(time.monotonic() - started)
        if time.monotonic() > next_word:
            next_word += 300
            requests = sum(map(len, ledger.seconds.values()))
            _say(f"{requests:,} requests, {sum(ledger.errors.values())} errors, {memory.words()}")
    stop.set()
    for thread in threads:
        thread.join(timeout=90)
    if any(thread.is_alive() for thread in threads):
        ledger.went_wrong("somebody still waits for an answer")
    for name in ("web", "worker", "sandbox"):
        if not system.is_running(name):
            ledger.went_wrong(f"the {name} process ended by itself")
    for path in sorted(system.folder.glob("*.log")):
        _read_log(path, ledger)
    return _tell(system, ledger, memory, args.minutes * 60)


class _Memory:
    """Resident size of web server and worker with their children, over time."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.readings: list[tuple[float, dict[str, int]]] = []

    def read(self, at: float) -> None:
        sizes = {
            name: sum(map(_resident_bytes, _tree(self.system.processes[name].pid)))
            for name in ("web", "worker")
        }
        self.readings.append((at, sizes))

    def words(self) -> str:
        return ", ".join(f"{name} {size / 2**20:.0f} MB" for name, size in self.readings[-1][1].items())

    def median(self, first: float, last: float) -> float:
        """MB in the middle of the readings from ``first`` to ``last`` seconds: one page more or less does not count."""
        sums = [sum(sizes.values()) for at, sizes in self.readings if first <= at <= last]
        return statistics.median(sums or [sum(self.readings[-1][1].values())]) / 2**20


def _tree(pid: int) -> list[int]:
    """The process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _read_log(path: Path, ledger: Ledger) -> None:
    """A traceback, or a line of the level error, is an error of the ledger, named by its last line."""
    lines = path.read_text(errors="replace").splitlines()
    for number, line in enumerate(lines):
        if line.startswith("Traceback"):
            last = next((one for one in lines[number + 1 :] if one and not one.startswith(" ")), "")
            ledger.went_wrong(f"{path.name}: traceback: {last[:160]}")
        elif any(
            word in line for word in ("[ERROR]", "[CRITICAL]", '"level": "error"', '"level": "critical"')
        ):
            ledger.went_wrong(f"{path.name}: {line[:160]}")


def _tell(system: System, ledger: Ledger, memory: _Memory, seconds: float) -> int:
    print(f"{'kind of request':34}{'count':>8}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}   (ms)")
    kinds = sorted(ledger.seconds.items())
    for kind, times in [*kinds, ("all", [one for _, some in kinds for one in some])]:
        cuts = " ".join(f"{_percentile(times, share) * 1000:7.0f}" for share in (0.5, 0.95, 0.99, 1))
        print(f"{kind:34}{len(times):8} {cuts}")
    for deed, count in sorted(ledger.deeds.items()):
        print(f"{deed}: {count}")
    jobs = _jobs_at_rest(system.environment["DATABASE_URL"])
    print("jobs: " + (", ".join(f"{count} {state}" for state, count in sorted(jobs.items())) or "none"))
    for state, count in jobs.items():
        if state != "done":
            ledger.went_wrong(f"{count} jobs are {state} at the end")
    first_at = min(300.0, seconds / 3)
    first = memory.median(first_at, first_at + min(60, seconds / 6))
    last = memory.median(seconds - min(60, seconds / 6), seconds + SAMPLE_SECONDS)
    growth = (last / first - 1) * 100
    print(
        f"memory of web server and worker: {first:.0f} MB at minute {first_at / 60:.1f}, {last:.0f} MB at the end, "
        f"growth {growth:+.1f} %"
    )
    errors = sum(ledger.errors.values())
    for what, count in ledger.errors.most_common():
        print(f"ERROR {count} x {what}")
    print(f"{errors} errors in {seconds / 60:g} minutes with {sum(len(t) for _, t in kinds):,} requests")
    return 1 if errors or growth >= MOST_GROWTH_PERCENT else 0


def _jobs_at_rest(url: str) -> dict[str, int]:
    """Jobs by state, once those under way had time to end."""
    deadline = time.monotonic() + REST_SECONDS
    while True:
        with psycopg.connect(url) as connection:
            rows = connection.execute("SELECT state, count(*) FROM platform_job GROUP BY state").fetchall()
        if not {"waiting", "running"} & {state for state, _ in rows} or time.monotonic() > deadline:
            return dict(rows)
        time.sleep(1)


def _percentile(times: list[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


if __name__ == "__main__":
    sys.exit(main())
