"""``python -m tests.prove.crash``: kills processes with ``kill -9`` and looks whether anything is lost or doubled.

Each trial finalizes a held meeting in the browser's stead, sends the records to the sandbox, and is killed on
the way: at each of seven named points, then at random moments (web server and worker together). Afterwards
the processes start again, the user repeats the click that was not answered, and the end must equal the end
of an undisturbed trial, which must equal what stands in this file; every line applied once; within one lease.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.support import state_files
from tests.support.databases import PostgresDatabases, SqliteDatabases
from tests.support.sign_in import CodeBook
from tests.support.system import System

WEB_POINTS = ("before-commit", "committed-not-answered")
WORKER_POINTS = (
    "job_claimed",
    "request-half-sent",
    "applied-not-read",
    "reply-not-stored",
    "job_not_closed",
)
LEASE_SECONDS = 4
# Processes have to start and to notice: what is allowed beyond the lease.
START_SECONDS = 8
KEYS = [
    "MEET|9910017|9900000005|20261120",
    "PLAN|9910017|9900000005|20261123",
    "SERV|9910017|9900000005|20261123|330|100|510",
    "SERV|9910017|9900000005|20261123|415|100|510",
]


class Failed(Exception):
    """A trial ended otherwise than it should."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--random", type=int, default=20, help="random moments for each database (default 20)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", default=os.environ.get("TEST_DATABASE_URL", ""), metavar="URL")
    args = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory(prefix="manzanita-crash-") as folder:
        stores = [SqliteDatabases(Path(folder) / "databases")]
        if args.postgres:
            stores.append(PostgresDatabases(args.postgres))
        else:
            print("PostgreSQL: not proven, no --postgres and no TEST_DATABASE_URL")
        for store in stores:
            failures += _prove(store, Path(folder), args.random, random.Random(args.seed))
    return 1 if failures else 0


def _prove(store, folder: Path, random_count: int, chance: random.Random) -> int:
    files = folder / "state"
    state_files.write_files(files)
    template = store.migrated()
    builder = System(folder / f"{store.name}-build", template)
    meeting = builder.output("-m", "tests.support.build", "--held").strip()

    def trial(label: str, **how: object) -> tuple[float, dict]:
        database = store.copy(template)
        system = System(
            folder / f"{store.name}-{label}", database, MANZANITA_JOB_LEASE_SECONDS=str(LEASE_SECONDS)
        )
        try:
            return _trial(system, files, meeting, **how)
        finally:
            system.stop()
            store.drop(database)

    calm_seconds, expected = trial("calm")
    _check_expectation(expected)
    print(f"{store.name}: undisturbed, {calm_seconds:.1f} s")
    plan = [(point, {"point": point}) for point in (*WEB_POINTS, *WORKER_POINTS)]
    plan += [
        (f"random-{number}", {"kill_after": chance.uniform(0, calm_seconds)})
        for number in range(1, random_count + 1)
    ]
    failures, slowest = 0, 0.0
    for label, how in plan:
        try:
            seconds, ended = trial(label, **how)
            if ended != expected:
                raise Failed(f"ended otherwise: {_difference(expected, ended)}")
            if seconds > LEASE_SECONDS + START_SECONDS:
                raise Failed(f"{seconds:.1f} s after the restart is longer than a lease and a start")
            slowest = max(slowest, seconds)
            print(f"{store.name}: {label}: equal, {seconds:.1f} s after the restart")
        except Failed as failed:
            failures += 1
            print(f"{store.name}: {label}: FAILED: {failed}")
    named = len(WEB_POINTS) + len(WORKER_POINTS)
    print(
        f"{store.name}: {named} named points and {random_count} random moments, {failures} failed; "
        f"slowest recovery {slowest:.1f} s with a lease of {LEASE_SECONDS} s"
    )
    store.drop(template)
    return failures


def _trial(
    system: System, files: Path, meeting: str, *, point: str = "", kill_after: float | None = None
) -> tuple[float, dict]:
    """One run from the click to the end; returns seconds since the last (re)start, and the end."""
    system.start_sandbox(files)
    system.start_web(**({"MANZANITA_CRASH_AT": point} if point in WEB_POINTS else {}))
    system.start_worker(**({"MANZANITA_CRASH_AT": point} if point in WORKER_POINTS else {}))
    user = User(system)
    user.sign_in()
    started = time.monotonic()
    cut = _PowerCut(system, kill_after) if kill_after is not None else None
    if cut is not None:
        cut.start()
    user.do(lambda: user.finalize(meeting))
    user.do(user.send)
    if cut is not None:
        cut.join()
        started = cut.restarted_at
    if point in WORKER_POINTS:
        deadline = time.monotonic() + 30
        while system.is_running("worker"):
            if time.monotonic() > deadline:
                raise Failed(f"the worker never came to {point}")
            time.sleep(0.02)
        started = time.monotonic()
        system.start_worker()
    ended = json.loads(system.output("-m", "tests.support.outcome"))
    seconds = time.monotonic() - started
    if point and not (system.folder / f"crashed_at_{point}").exists():
        raise Failed(f"nothing was killed at {point}")
    counts = sorted(row["count"] for row in system.applied())
    if counts != [1] * len(KEYS):
        raise Failed(f"lines applied: {counts}")
    ended["at_the_state"] = {
        record: [re.sub(r"\^MZ[0-9a-f]{24}\^", "^ID^", line) for line in system.extract(record)]
        for record in ("SWDS", "MEET", "PLAN", "SERV")
    }
    return seconds, ended


class _PowerCut(threading.Thread):
    """Kills web server and worker ``after`` seconds from its start, and starts both again."""

    def __init__(self, system: System, after: float) -> None:
        super().__init__(daemon=True)
        self.system, self.after = system, after
        self.restarted_at = 0.0

    def run(self) -> None:
        time.sleep(self.after)
        self.system.kill("web")
        self.system.kill("worker")
        self.restarted_at = time.monotonic()
        self.system.start_worker()
        self.system.start_web()


class User:
    """Somebody at a browser: signs in, clicks, and clicks again where no answer came."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.codes = CodeBook()
        self.client = self._client()

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self.system.address, follow_redirects=True, timeout=30, trust_env=False)

    def post(self, path: str, page: str, **values: str) -> httpx.Response:
        read = self.client.get(page).text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', read)
        if token is None:
            raise Failed(f"no form on {page}")
        reply = self.client.post(
            path,
            data={
                "csrfmiddlewaretoken": token[1],
                # What would go to the state, where the page shows that.
                **dict(re.findall(r'name="(shown)" value="([^"]*)"', read)),
                **values,
            },
            headers={"Referer": self.system.address},
        )
        if reply.status_code >= 400:
            raise Failed(f"{path} answered {reply.status_code}")
        return reply

    def sign_in(self) -> None:
        self.post(
            "/sign-in", "/sign-in", username="juniper.mockup@example.org", password=state_files.PASSWORD
        )
        self.post("/sign-in/second-factor", "/sign-in/second-factor", code=self.codes.code())

    def finalize(self, meeting: str) -> None:
        self.post(f"/meetings/{meeting}/finalize", "/state")

    def send(self) -> None:
        self.post("/state/send", "/state", form="api", destination="sandbox")

    def do(self, click: Callable[[], None]) -> None:
        """Click until an answer comes. Clicking twice is what people do; it must not matter."""
        deadline = time.monotonic() + 60
        while True:
            try:
                click()
                return
            except httpx.HTTPError as error:
                if time.monotonic() > deadline:
                    raise Failed(f"no answer: {type(error).__name__}") from error
                time.sleep(0.1)


def _check_expectation(ended: dict) -> None:
    """The undisturbed end, against what was written by hand."""
    sent = [[key, "add", "posted"] for key in KEYS]
    for name, wanted in (
        ("lines", sent),
        ("operations", 0),
        ("submissions", ["done"]),
        ("finalized", 1),
        ("finalize_events", 1),
    ):
        if ended[name] != wanted:
            raise SystemExit(f"the undisturbed trial ended with {name} = {ended[name]}, not {wanted}")
    plan = ended["at_the_state"]["PLAN"]
    if len(plan) != 4 or not any("^20261123^1^" in line for line in plan):
        raise SystemExit(f"the state's plans are not as expected: {len(plan)}")


def _difference(expected: dict, ended: dict) -> str:
    return "; ".join(
        f"{name}: {ended.get(name)} instead of {wanted}"
        for name, wanted in expected.items()
        if ended.get(name) != wanted
    )


if __name__ == "__main__":
    sys.exit(main())
