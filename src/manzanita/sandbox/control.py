"""The control interface, for tests and the demo: what goes wrong, what day it is, and what was applied."""

from __future__ import annotations

from datetime import date
from datetime import time as time_of_day

from manzanita.sandbox.records import RECORDS, Line
from manzanita.sandbox.requests import Answer, Refusal, Request, as_json
from manzanita.sandbox.store import change_setting, now, opens_at, transaction
from manzanita.sandbox.weather import change_weather, weather


def plant_rejection(request: Request) -> Answer:
    """Have the next matching lines rejected."""
    asked = request.json()
    texts = [asked.get("record"), asked.get("code"), asked.get("text")]
    optional = [asked.get("ssid"), asked.get("field")]
    times = asked.get("times", 1)
    if (
        asked.get("record") not in RECORDS
        or not all(isinstance(value, str) for value in texts)
        or not all(isinstance(value, str | None) for value in optional)
        or not isinstance(times, int)
        or times < 1
    ):
        raise Refusal(400, "bad_rejection", "record, code, text, ssid, field or times is not usable.")
    with transaction(request.connection):
        request.connection.execute(
            "INSERT INTO planted_rejection (record, code, text, ssid, field, times_left)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (*texts, *optional, times),
        )
    return as_json({"ok": True})


def take_weather(request: Request) -> Answer:
    """Change what goes wrong."""
    try:
        change_weather(request.connection, request.json())
    except ValueError:
        raise Refusal(400, "bad_weather", "next, seed, share, seconds or stalled is not usable.") from None
    request.worker.wake()
    return as_json({"ok": True})


def set_clock(request: Request) -> Answer:
    """Change the day, the time of day or the hours of the state."""
    asked = request.json()
    changed: dict[str, str | None] = {}
    try:
        for name, told in asked.items():
            if told is None:
                changed[name] = None
            elif name == "today":
                changed[name] = date.fromisoformat(told).isoformat()
            elif name == "time":
                changed[name] = time_of_day.fromisoformat(told).isoformat()
            else:
                opens, closes = told
                changed[name] = " ".join(
                    time_of_day.fromisoformat(hour).isoformat() for hour in (opens, closes)
                )
        if not changed.keys() <= {"today", "time", "hours"}:
            raise ValueError
    except (TypeError, ValueError):
        raise Refusal(
            400, "bad_date", "today is YYYY-MM-DD, time HH:MM, hours [HH:MM, HH:MM]; each may be null."
        ) from None
    with transaction(request.connection):
        for name, value in changed.items():
            change_setting(request.connection, name, value)
    request.worker.wake()
    return as_json({"ok": True})


def retire_ssid(request: Request) -> Answer:
    """Merge a student's two SSIDs: what stands under the retired one moves, where nothing stands in its place."""
    asked = request.json()
    retired, kept = asked.get("retired"), asked.get("replaced_by")
    if (
        not isinstance(retired, str)
        or not isinstance(kept, str)
        or not retired
        or not kept
        or retired == kept
    ):
        raise Refusal(400, "bad_ssid", "retired and replaced_by are two SSIDs.")
    database = request.connection
    with transaction(database):
        database.execute("UPDATE retired_ssid SET replaced_by = ? WHERE replaced_by = ?", (kept, retired))
        database.execute("DELETE FROM retired_ssid WHERE ssid = ?", (kept,))
        database.execute("INSERT OR REPLACE INTO retired_ssid VALUES (?, ?)", (retired, kept))
        database.execute("INSERT OR IGNORE INTO known_ssid VALUES (?)", (kept,))
        database.execute("UPDATE enrollment SET ssid = ? WHERE ssid = ?", (kept, retired))
        for row in database.execute("SELECT * FROM record WHERE ssid = ?", (retired,)).fetchall():
            line = Line(row["text"].split("^")).with_ssid(kept)
            database.execute(
                "UPDATE OR IGNORE record SET key = ?, ssid = ?, text = ? WHERE record = ? AND key = ?",
                ("^".join(line.key), kept, line.stored_text, row["record"], row["key"]),
            )
        database.execute("DELETE FROM record WHERE ssid = ?", (retired,))
    return as_json({"ok": True})


def applied(request: Request) -> Answer:
    """Every effect that a submitted line ever had."""
    rows = request.connection.execute(
        "SELECT local_record_id, record, operation, COUNT(*) AS count FROM effect"
        " GROUP BY local_record_id, record, operation ORDER BY MIN(id)"
    ).fetchall()
    return as_json({"applied": [dict(row) for row in rows], "lines_applied": sum(r["count"] for r in rows)})


def health(request: Request) -> Answer:
    """Whether the sandbox answers, and what it waits for."""
    waiting = request.connection.execute("SELECT COUNT(*) FROM job WHERE status <> 'complete'").fetchone()[0]
    return as_json(
        {
            "status": "ok",
            "stalled": weather(request.connection).stalled,
            "is_open": opens_at(request.connection) is None,
            "waiting_jobs": waiting,
            "today": now(request.connection).date().isoformat(),
        }
    )
