"""The sandbox's database: one SQLite file, opened anew by every thread."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

CALIFORNIA = ZoneInfo("America/Los_Angeles")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS token (digest TEXT PRIMARY KEY, expires_at REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL UNIQUE,
    file_name TEXT NOT NULL,
    received_at TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'processing', 'complete')),
    lines INTEGER NOT NULL,
    posted INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS job_file_name ON job (file_name, id);
CREATE INDEX IF NOT EXISTS job_waiting ON job (id) WHERE status <> 'complete';
CREATE TABLE IF NOT EXISTS job_line (
    job_id INTEGER NOT NULL REFERENCES job (id),
    line INTEGER NOT NULL,
    text TEXT NOT NULL,
    outcome TEXT CHECK (outcome IN ('posted', 'rejected')),
    record TEXT,
    local_record_id TEXT,
    errors TEXT,
    PRIMARY KEY (job_id, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS job_line_waiting ON job_line (job_id, line) WHERE outcome IS NULL;
CREATE TABLE IF NOT EXISTS record (
    record TEXT NOT NULL,
    key TEXT NOT NULL,
    ssid TEXT NOT NULL,
    lea TEXT NOT NULL,
    starts_on TEXT NOT NULL,
    text TEXT NOT NULL,
    uploaded_on TEXT NOT NULL,
    updated_on TEXT NOT NULL,
    PRIMARY KEY (record, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS record_ssid ON record (ssid, record, starts_on);
CREATE TABLE IF NOT EXISTS effect (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id INTEGER NOT NULL,
    line INTEGER NOT NULL,
    local_record_id TEXT NOT NULL,
    record TEXT NOT NULL,
    operation TEXT NOT NULL CHECK (operation IN ('upsert', 'delete'))
) STRICT;
CREATE TABLE IF NOT EXISTS planted_rejection (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    record TEXT NOT NULL,
    ssid TEXT,
    code TEXT NOT NULL,
    field TEXT,
    text TEXT NOT NULL,
    times_left INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS enrollment (
    ssid TEXT NOT NULL,
    lea TEXT NOT NULL,
    starts_on TEXT NOT NULL,
    ends_on TEXT NOT NULL,
    status TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS enrollment_ssid ON enrollment (ssid, lea);
CREATE TABLE IF NOT EXISTS replaced_set (
    job_id INTEGER NOT NULL,
    record TEXT NOT NULL,
    set_key TEXT NOT NULL,
    PRIMARY KEY (job_id, record, set_key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS retired_ssid (
    ssid TEXT PRIMARY KEY,
    replaced_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS known_ssid (ssid TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS nonpublic_agency (npa_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open the database for one thread. Transactions are explicit: see :func:`transaction`."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def create_tables(connection: sqlite3.Connection) -> None:
    """Make what is missing; an existing database stays as it is."""
    connection.executescript(_SCHEMA)


@contextmanager
def transaction(connection: sqlite3.Connection, *, is_reading: bool = False) -> Iterator[None]:
    """One transaction: committed at the end, rolled back on any exception.

    It holds the right to write from its start, unless ``is_reading``: then it is one view of one moment.
    """
    connection.execute("BEGIN" if is_reading else "BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether nothing was loaded and nothing was received yet."""
    if setting(connection, "loaded_at"):
        return False
    used = "SELECT EXISTS (SELECT 1 FROM record) OR EXISTS (SELECT 1 FROM job)"
    return not connection.execute(used).fetchone()[0]


def setting(connection: sqlite3.Connection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return row["value"] if row else None


def change_setting(connection: sqlite3.Connection, name: str, value: str | None) -> None:
    """Store ``value``, or forget the setting where it is None."""
    if value is None:
        connection.execute("DELETE FROM setting WHERE name = ?", (name,))
    else:
        connection.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))


def now(connection: sqlite3.Connection) -> datetime:
    """Day and time as told through the control interface; what was not told is that of California now."""
    real, day, hour = datetime.now(CALIFORNIA), setting(connection, "today"), setting(connection, "time")
    return datetime.combine(
        date.fromisoformat(day) if day else real.date(),
        time.fromisoformat(hour) if hour else real.time(),
        tzinfo=CALIFORNIA,
    )


def opens_at(connection: sqlite3.Connection) -> datetime | None:
    """When the state opens again, or None while it is open. Hours may run over midnight."""
    hours = setting(connection, "hours")
    if hours is None:
        return None
    opens, closes = (time.fromisoformat(hour) for hour in hours.split())
    at = now(connection)
    if opens <= at.time() < closes or (opens > closes and not closes <= at.time() < opens):
        return None
    day = at.date() if at.time() < opens else at.date() + timedelta(days=1)
    return datetime.combine(day, opens, tzinfo=CALIFORNIA)


def crash_if_asked(point: str, database: Path) -> None:
    """End the process at once, as kill -9 would, where ``SANDBOX_CRASH_AT`` names ``point``.

    A file beside the database remembers it, so that the restarted process runs on.
    """
    if os.environ.get("SANDBOX_CRASH_AT") != point:
        return
    marker = database.with_name(f"{database.name}.crashed-{point}")
    if not marker.exists():
        marker.touch()
        os._exit(137)
