"""``python -m tests.prove.storm``: a hostile state, changes that go on, and ``kill -9`` at random moments.

A coordinator finalizes meetings, corrects records and sends, while worker, web server and the state itself are
killed and the state refuses, fails, stalls, closes, hangs up, answers late, twice or in part. What should come of
it is kept in a book written by plain code beside it. Then the weather calms, everything drains, and the state's
own extract must equal the book line for line; every line sent must have its answer; nothing may be applied twice.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx

from tests.prove.crash import Failed, User
from tests.prove.storm_book import Book
from tests.prove.storm_weather import Storm
from tests.support import crowd
from tests.support.databases import PostgresDatabases, SqliteDatabases
from tests.support.system import ROOT, System

RECORDS = ("SWDS", "MEET", "PLAN", "SERV")
DRAIN_SECONDS = 240
# A lease outlasts a request, a request outlasts the state's slowness by far, and so does the time to settle.
TIMES = {
    "MANZANITA_JOB_LEASE_SECONDS": "4",
    "MANZANITA_STATE_TIMEOUT_SECONDS": "1",
    "MANZANITA_STATE_SETTLE_SECONDS": "8",
    "MANZANITA_STATE_LONGEST_PAUSE_SECONDS": "2",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="kills on each database (default 200)")
    parser.add_argument("--students", type=int, default=0, help="how many (default: by the kills)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", default=os.environ.get("TEST_DATABASE_URL", ""), metavar="URL")
    args = parser.parse_args()
    students = args.students or max(6, min(60, args.kills // 3))
    failures = 0
    with tempfile.TemporaryDirectory(prefix="manzanita-storm-") as folder:
        stores = [SqliteDatabases(Path(folder) / "databases")]
        if args.postgres:
            stores.append(PostgresDatabases(args.postgres))
        else:
            print("PostgreSQL: not proven, no --postgres and no TEST_DATABASE_URL")
        for store in stores:
            failures += _prove(store, Path(folder) / store.name, args.kills, students, args.seed)
    return 1 if failures else 0


def _prove(store, folder: Path, kills: int, students: int, seed: int) -> int:
    """One storm on one database; how many checks failed."""
    begun = time.monotonic()
    database = store.migrated()
    system = System(folder, database, **TIMES)
    # SQLite has one worker; on PostgreSQL two take jobs from each other.
    workers = ["worker"] if store.name == "SQLite" else ["worker", "worker-2"]
    crowd.write_files(folder / "files", students)
    try:
        meetings = json.loads(system.output("-m", "tests.support.crowd", str(students)).splitlines()[-1])
        system.start_sandbox(folder / "files")
        system.control("clock", today="2026-11-23")
        system.start_web()
        for name in workers:
            system.start_worker(name)
        with closing(_Observer(system)) as observer:
            run = _Run(system, observer, Book(list(meetings)), meetings, random.Random(seed))
            run.user.sign_in()
            run.plant_rejection()
            storm = Storm(system, workers, kills, random.Random(seed + 1))
            storm.start()
            while storm.is_alive():
                run.change_something()
            storm.join()
            if storm.failure:
                raise storm.failure
            stormed = time.monotonic()
            run.finalize_the_rest()
            run.drain()
            problems = run.problems()
            told = run.told()
    except Failed as failed:
        problems, told, storm, stormed = [str(failed)], "", None, time.monotonic()
    finally:
        system.stop()
        store.drop(database)
    for problem in problems:
        print(f"{store.name}: FAILED: {problem}")
    ended = time.monotonic()
    if storm is not None:
        print(f"{store.name}: {storm.told()}")
        print(f"{store.name}: {told}")
    print(
        f"{store.name}: {len(problems)} failed; {stormed - begun:.0f} s until the calm, "
        f"{ended - stormed:.0f} s to drain and compare",
        flush=True,
    )
    return len(problems)


class _Observer:
    """Reads the database in a process of its own, which nobody kills."""

    def __init__(self, system: System) -> None:
        self._log = (system.folder / "observer.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.observer"],
            env=system.environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def ask(self, name: str, *arguments: str):
        self._process.stdin.write(json.dumps([name, *arguments]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise Failed(f"the observer ended at {name}: {Path(self._log.name).read_text()[-1500:]}")
        return json.loads(answer)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()
        self._log.close()


class _Run:
    """The coordinator at work, and the book of what should come of it."""

    def __init__(
        self, system: System, observer: _Observer, book: Book, meetings: dict[str, str], chance: random.Random
    ) -> None:
        self.system, self.observer, self.book, self.chance = system, observer, book, chance
        self.user = User(system)
        self.unheld = dict(meetings)
        self.counts: Counter[str] = Counter()

    def change_something(self) -> None:
        chosen = self.chance.random()
        if chosen < 0.1 and self.unheld:
            self._finalize(self.chance.choice(sorted(self.unheld)))
        elif chosen < 0.75:
            self._correct()
        elif chosen < 0.8:
            self.plant_rejection()
        else:
            self._work_on()
        time.sleep(self.chance.uniform(0, 0.3))

    def _finalize(self, ssid: str) -> None:
        meeting = self.unheld.pop(ssid)
        self._until_done(
            lambda: meeting in self.observer.ask("finalized"), lambda: self.user.finalize(meeting)
        )
        self.book.finalize(ssid)
        self.counts["meetings finalized"] += 1

    def finalize_the_rest(self) -> None:
        for ssid in sorted(self.unheld):
            self._finalize(ssid)

    def _correct(self) -> None:
        """Change one value of a record that stands; sometimes one that belongs to its key."""
        key, number, value = self.book.choose_correction(self.chance)
        new_key = self.book.key_after(key, number, value)

        def is_done() -> bool:
            found = self.observer.ask("record", new_key)
            return found is not None and found[1][number] == value

        def click() -> None:
            found = self.observer.ask("record", key)
            if found is not None:
                address = f"/corrections/{found[0]}"
                self.user.post(address, address, **{number: value, "reason": "It was wrong"})

        self._until_done(is_done, click)
        self.book.correct(key, number, value)
        self.counts["keys corrected" if new_key != key else "values corrected"] += 1

    def plant_rejection(self) -> None:
        record = self.chance.choice(["PLAN", "SERV"])
        told = {"code": "SBX9999", "field": None, "text": "Not today.", "ssid": None, "times": 1}
        try:
            self.system.control("reject", record=record, **told)
            self.counts["rejections planted"] += 1
        except httpx.HTTPError:
            pass  # the state is down; another time

    def _until_done(self, is_done: Callable[[], bool], click: Callable[[], None]) -> None:
        """Click until it is so. A click whose answer was lost may have worked, so looking comes first."""
        deadline = time.monotonic() + 90
        while not is_done():
            try:
                click()
            except (httpx.HTTPError, Failed) as error:
                if time.monotonic() > deadline:
                    raise Failed(f"no click worked: {type(error).__name__} {error}") from error
                time.sleep(0.1)

    def _work_on(self) -> None:
        """What a coordinator does with the plan: release what was rejected, go on where it stopped, send."""
        work = self.observer.ask("open_work")
        for pk in work["rejected"]:
            self._click(f"/state/operations/{pk}/release", reason="It was not the line")
        for submission in work["stopped"]:
            self.counts["times Go on"] += 1
            self._click(f"/state/submissions/{submission}/resume")
        if self._click("/state/send", form="api", destination="sandbox"):
            self.counts["sends"] += 1

    def _click(self, address: str, **values: str) -> bool:
        try:
            self.user.post(address, "/state", **values)
        except (httpx.HTTPError, Failed):
            return False
        return True

    def drain(self) -> None:
        """Until nothing differs any more and nothing is under way. Raises ``Failed`` where that does not end."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while True:
            self._work_on()
            work = self.observer.ask("open_work")
            if not (work["operations"] or work["under_way"] or work["jobs"]):
                return
            if time.monotonic() > deadline:
                raise Failed(f"not drained: { ({**work, 'waits': work['waits'][:3]}) }")
            time.sleep(0.3)

    def problems(self) -> list[str]:
        """Everything that is not as it should be at the end."""
        ours, found = self.observer.ask("book"), []
        self.lines, self.submissions = ours["lines"], ours["submissions"]
        extracts = {record: self.system.extract(record) for record in RECORDS}
        at_state = sorted(_without_dates(line) for lines in extracts.values() for line in lines)
        for name, held in (
            ("the book", self.book.lines()),
            ("what we take the state to hold", ours["held"]),
            ("our archives", ours["should"]),
        ):
            found += _differences(name, at_state, held)
        found += self._not_accounted()
        found += self._applied_otherwise(extracts)
        return found

    def _not_accounted(self) -> list[str]:
        found = []
        for transaction, _, key, outcome, errors, _ in self.lines:
            if outcome not in ("posted", "rejected") or (outcome == "rejected" and not errors):
                found.append(f"line {transaction} of {key} is {outcome} with {len(errors)} reasons")
        found += [f"submission {name} is {state}" for name, state in self.submissions if state != "done"]
        return found

    def _applied_otherwise(self, extracts: dict[str, list[str]]) -> list[str]:
        """The state's journal of effects and its list of files, against the lines that we know as posted."""
        effects = {row["local_record_id"]: row for row in self.system.applied()}
        posted = {line[0]: line for line in self.lines if line[3] == "posted"}
        found = [
            f"{one} was applied {row['count']} times" for one, row in effects.items() if row["count"] > 1
        ]
        found += [f"{one} was applied, and we know nothing of it" for one in effects.keys() - posted.keys()]
        found += [
            f"{one} is posted by our book, and was not applied" for one in posted.keys() - effects.keys()
        ]
        for one in effects.keys() & posted.keys():
            if (effects[one]["operation"] == "delete") != (posted[one][1] == "delete"):
                found.append(f"{one} was a {posted[one][1]}, and a {effects[one]['operation']} was applied")
        newest = {line[2]: line[0] for line in self.lines if line[3] == "posted"}
        for line in (line for lines in extracts.values() for line in lines):
            transaction = line.split("^")[2]
            if transaction and newest.get(posted[transaction][2]) != transaction:
                found.append(f"the state holds {transaction}, and a newer one is posted")
        with closing(sqlite3.connect(self.system.folder / "state.sqlite3")) as connection:
            files = dict(connection.execute("SELECT file_name, COUNT(*) FROM job GROUP BY file_name"))
        found += [f"the state got {name} {count} times" for name, count in files.items() if count > 1]
        self.counts["files at the state"] = len(files)
        return found

    def told(self) -> str:
        """What was done, and what the state's own log says that it did to requests."""
        log = (self.system.folder / "sandbox.log").read_text().splitlines()
        asked = [line for line in log if " /v1/" in line or " /oauth/" in line]
        self.counts["requests"] = len(asked)
        self.counts["requests hung up"] = sum(line.endswith("hung up") for line in asked)
        self.counts["requests failed"] = sum(line.endswith(" 500") for line in asked)
        self.counts["requests while closed"] = sum(line.endswith(" 503") for line in asked)
        outcomes = Counter(line[3] for line in self.lines)
        told = {**self.counts, "files": len(self.submissions), "lines": len(self.lines), **outcomes}
        return ", ".join(f"{count} {name}" for name, count in told.items())


def _without_dates(line: str) -> str:
    """A line of an extract as the line that was sent says it: no -R, no Local Record ID, no dates of upload."""
    record, kind, _, *rest = line.split("^")
    return "^".join([record.removesuffix("-R"), kind, "", *rest[:-2]])


def _differences(name: str, at_state: list[str], ours: list[str]) -> list[str]:
    more, less = Counter(at_state) - Counter(ours), Counter(ours) - Counter(at_state)
    return [f"only the state holds {line}, not {name}" for line in sorted(more)[:5]] + [
        f"only {name} holds {line}, not the state" for line in sorted(less)[:5]
    ]


if __name__ == "__main__":
    sys.exit(main())
