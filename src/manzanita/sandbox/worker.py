"""Takes waiting jobs in the order received and gives every line its effect and its result."""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
from pathlib import Path

from manzanita.sandbox.checks import Problem, check, split
from manzanita.sandbox.records import Line
from manzanita.sandbox.store import connect, crash_if_asked, now, opens_at, transaction
from manzanita.sandbox.weather import weather

# Small jobs, those that people watch, commit line by line; a large one in larger steps.
_LINE_BY_LINE_UP_TO = 200
_LINES_PER_STEP = 100

# Postsecondary statuses that exclude every other.
_ALONE = {"950", "960"}

_LOOK_AGAIN_SECONDS = 0.25
_AFTER_FAILURE_SECONDS = 1.0


class Worker(threading.Thread):
    """The one thread that applies lines. ``wake`` it after storing a job; ``stop`` ends it."""

    def __init__(self, database: Path) -> None:
        super().__init__(name="sandbox-worker", daemon=True)
        self._database = database
        self._wake = threading.Event()
        self._is_stopping = False

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        """End after the current transaction and wait for it."""
        self._is_stopping = True
        self._wake.set()
        self.join(timeout=10)

    def run(self) -> None:
        connection = connect(self._database)
        while not self._is_stopping:
            self._wake.clear()
            try:
                has_worked = process_step(connection, self._database)
            except Exception as error:
                # Type only: the message of an error may hold a student's data.
                print(f"sandbox worker: {type(error).__name__}", file=sys.stderr, flush=True)
                self._wake.wait(_AFTER_FAILURE_SECONDS)
                continue
            if not has_worked:
                self._wake.wait(_LOOK_AGAIN_SECONDS)
        connection.close()


def process_step(connection: sqlite3.Connection, database: Path) -> bool:
    """Apply the next lines of the oldest waiting job in one transaction. False when there is none."""
    waiting = "SELECT * FROM job WHERE status <> 'complete' ORDER BY id LIMIT 1"
    if connection.execute(waiting).fetchone() is None or _rests(connection):
        return False
    with transaction(connection):
        job = connection.execute(waiting).fetchone()
        if job is None or _rests(connection):
            return False
        step = 1 if job["lines"] <= _LINE_BY_LINE_UP_TO else _LINES_PER_STEP
        # One more than the step tells whether this step is the last.
        lines = connection.execute(
            "SELECT line, text FROM job_line WHERE job_id = ? AND outcome IS NULL ORDER BY line LIMIT ?",
            (job["id"], step + 1),
        ).fetchall()
        posted = sum(_process_line(connection, job["id"], row["line"], row["text"]) for row in lines[:step])
        connection.execute(
            "UPDATE job SET status = ?, posted = posted + ?, rejected = rejected + ? WHERE id = ?",
            (
                "processing" if len(lines) > step else "complete",
                posted,
                len(lines[:step]) - posted,
                job["id"],
            ),
        )
        crash_if_asked("applying", database)
    crash_if_asked("applied", database)
    return True


def _rests(connection: sqlite3.Connection) -> bool:
    return weather(connection).stalled or opens_at(connection) is not None


def _process_line(connection: sqlite3.Connection, job_id: int, number: int, text: str) -> bool:
    """Apply or reject one line inside the caller's transaction. True when it is posted."""
    line = split(text)
    if isinstance(line, Problem):
        problems = [line]
    else:
        planted = _take_planted_rejection(connection, line)
        problems = [planted] if planted else check(line, connection)
        if not problems:
            problems = _apply(connection, job_id, number, line)
    connection.execute(
        "UPDATE job_line SET outcome = ?, record = ?, local_record_id = ?, errors = ?"
        " WHERE job_id = ? AND line = ?",
        (
            "rejected" if problems else "posted",
            line.record if isinstance(line, Line) else None,
            line.local_record_id if isinstance(line, Line) else None,
            json.dumps([problem.as_json() for problem in problems]),
            job_id,
            number,
        ),
    )
    return not problems


def _take_planted_rejection(connection: sqlite3.Connection, line: Line) -> Problem | None:
    """The oldest rejection ordered for such a line, used up by one."""
    planted = connection.execute(
        "SELECT * FROM planted_rejection WHERE record = ? AND (ssid IS NULL OR ssid = ?) AND times_left > 0"
        " ORDER BY id LIMIT 1",
        (line.record, line.ssid),
    ).fetchone()
    if planted is None:
        return None
    connection.execute(
        "UPDATE planted_rejection SET times_left = times_left - 1 WHERE id = ?", (planted["id"],)
    )
    return Problem(planted["code"], planted["field"], planted["text"])


def _apply(connection: sqlite3.Connection, job_id: int, number: int, line: Line) -> list[Problem]:
    """Change the stored record and log the effect, unless the stored records forbid it."""
    key = "^".join(line.key)
    if line.transaction_type == "D":
        deleted = connection.execute("DELETE FROM record WHERE record = ? AND key = ?", (line.record, key))
        if deleted.rowcount == 0:
            return [Problem(f"{line.record}0181", None, "The record to delete does not exist.")]
        operation = "delete"
    else:
        if line.replaced_set is not None:
            _clear_set(connection, job_id, line.record, "^".join((*line.replaced_set, "")))
        if line.record == "PSTS" and _has_excluded_status(connection, line):
            return [Problem("PSTS0482", "17.12", "Status 950 or 960 excludes every other status.")]
        day = now(connection).strftime("%Y%m%d")
        connection.execute(
            "INSERT INTO record (record, key, ssid, lea, starts_on, text, uploaded_on, updated_on)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (record, key) DO UPDATE SET text = excluded.text, starts_on = excluded.starts_on,"
            " updated_on = excluded.updated_on",
            (line.record, key, line.ssid, line.lea, line.starts_on, line.stored_text, day, day),
        )
        operation = "upsert"
    connection.execute(
        "INSERT INTO effect (job_id, line, local_record_id, record, operation) VALUES (?, ?, ?, ?, ?)",
        (job_id, number, line.local_record_id, line.record, operation),
    )
    return []


def _clear_set(connection: sqlite3.Connection, job_id: int, record: str, set_key: str) -> None:
    """Replacement processing: the first good line of a set in a file takes away what the set held before."""
    begun = connection.execute(
        "INSERT OR IGNORE INTO replaced_set (job_id, record, set_key) VALUES (?, ?, ?)",
        (job_id, record, set_key),
    )
    if begun.rowcount:
        connection.execute(
            "DELETE FROM record WHERE record = ? AND substr(key, 1, length(?)) = ?",
            (record, set_key, set_key),
        )


def _has_excluded_status(connection: sqlite3.Connection, line: Line) -> bool:
    """Whether the set holds a status that cannot stand beside the one of this line."""
    *of_set, status = line.key
    set_key = "^".join((*of_set, ""))
    rows = connection.execute(
        "SELECT key FROM record WHERE record = 'PSTS' AND substr(key, 1, length(?)) = ?", (set_key, set_key)
    )
    others = {row["key"].removeprefix(set_key) for row in rows} - {status}
    return bool(others) and bool(_ALONE & (others | {status}))
