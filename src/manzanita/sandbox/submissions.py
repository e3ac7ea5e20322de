"""Files that come in, what became of their lines, and extracts of what is stored."""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
from datetime import UTC, datetime

from manzanita.sandbox.records import RECORDS
from manzanita.sandbox.requests import Answer, Refusal, Request, as_json
from manzanita.sandbox.store import crash_if_asked, transaction

MAX_FILE_NAME = 120
NEWEST_JOBS = 100
MAX_RESULTS = 5000

_FILE_NAME = re.compile(r"[\x20-\x2e\x30-\x5b\x5d-\x7e]+", re.ASCII)


def _numbered_lines(body: bytes) -> list[tuple[int, str]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(400, "not_utf8", "The file is not UTF-8.") from None
    lines = [(number, line.removesuffix("\r")) for number, line in enumerate(text.split("\n"), start=1)]
    return [(number, line) for number, line in lines if line]


def receive_submission(request: Request) -> Answer:
    """Keep a file for the worker, and say under which job."""
    file_name = request.headers.get("X-File-Name", "")
    if len(file_name) > MAX_FILE_NAME or not _FILE_NAME.fullmatch(file_name):
        raise Refusal(400, "bad_file_name", "X-File-Name is missing, too long, or has a slash in it.")
    lines = _numbered_lines(request.body)
    if not lines:
        raise Refusal(400, "no_lines", "The file has no lines.")
    job = secrets.token_hex(8)
    crash_if_asked("unreceived", request.options.database)
    with transaction(request.connection):
        cursor = request.connection.execute(
            "INSERT INTO job (job, file_name, received_at, lines) VALUES (?, ?, ?, ?)",
            (job, file_name, datetime.now(UTC).isoformat(timespec="milliseconds"), len(lines)),
        )
        request.connection.executemany(
            "INSERT INTO job_line (job_id, line, text) VALUES (?, ?, ?)",
            ((cursor.lastrowid, number, text) for number, text in lines),
        )
    crash_if_asked("received", request.options.database)
    request.worker.wake()
    return as_json({"job": job, "file_name": file_name, "lines": len(lines)}, status=202)


def list_submissions(request: Request) -> Answer:
    """The jobs of one file name, else the newest."""
    columns = "SELECT job, file_name, status, lines, received_at FROM job"
    if "file_name" in request.query:
        rows = request.connection.execute(
            f"{columns} WHERE file_name = ? ORDER BY id DESC", (request.query["file_name"],)
        )
    else:
        rows = request.connection.execute(f"{columns} ORDER BY id DESC LIMIT ?", (NEWEST_JOBS,))
    return as_json({"jobs": [dict(row) for row in rows]})


def _whole_number(request: Request, name: str, default: int) -> int:
    given = request.query.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", given, re.ASCII):
        raise Refusal(400, "bad_query", f"{name} is not a whole number.")
    return int(given)


def _job(request: Request) -> sqlite3.Row:
    job = request.connection.execute(
        "SELECT id, job, file_name, status, lines, posted, rejected FROM job WHERE job = ?", (request.job,)
    ).fetchone()
    if job is None:
        raise Refusal(404, "no_such_job", "There is no such job.")
    return job


def show_submission(request: Request) -> Answer:
    """How far a job is, with the results after the last line already read."""
    after = _whole_number(request, "after", 0)
    limit = min(_whole_number(request, "limit", 1000), MAX_RESULTS)
    # One transaction, so that the status and the results are of one moment.
    with transaction(request.connection, is_reading=True):
        job = _job(request)
        rows = request.connection.execute(
            "SELECT line, outcome, record, local_record_id, errors FROM job_line"
            " WHERE job_id = ? AND line > ? AND outcome IS NOT NULL ORDER BY line LIMIT ?",
            (job["id"], after, limit),
        ).fetchall()
    shown = {name: job[name] for name in job.keys() if name != "id"}  # noqa: SIM118
    shown["results"] = [{**dict(row), "errors": json.loads(row["errors"])} for row in rows]
    return as_json(shown)


def rejected_lines(request: Request) -> Answer:
    """The rejected-record extract of a job."""
    rows = request.connection.execute(
        "SELECT text, errors FROM job_line WHERE job_id = ? AND outcome = 'rejected' ORDER BY line",
        (_job(request)["id"],),
    )
    lines = [
        f"{row['text']}^{error['code']}^{error['field'] or ''}^{error['text']}\n"
        for row in rows
        for error in json.loads(row["errors"])
    ]
    return 200, "".join(lines).encode(), "text/plain; charset=utf-8"


def extract(request: Request) -> Answer:
    """What is stored of one record, as an ODS extract."""
    asked = request.json()
    record, lea, ssids = asked.get("record"), asked.get("lea"), asked.get("ssids")
    if record not in RECORDS:
        raise Refusal(400, "bad_record", f"The record is not one of {', '.join(RECORDS)}.")
    if not isinstance(lea, str | None) or not isinstance(ssids, list | None):
        raise Refusal(400, "bad_filter", "lea is text or null, ssids is a list or null.")
    query = "SELECT key, text, uploaded_on, updated_on FROM record WHERE record = ?"
    values: list[str] = [record]
    if lea is not None:
        query += " AND lea = ?"
        values.append(lea)
    if ssids is not None:
        query += " AND ssid IN (SELECT value FROM json_each(?))"
        values.append(json.dumps(ssids))
    rows = sorted(request.connection.execute(query, values), key=lambda row: row["key"].split("^"))
    lines = []
    for row in rows:
        _, _, fields = row["text"].partition("^")
        lines.append(f"{record}-R^{fields}^{row['uploaded_on']}^{row['updated_on']}\n")
    return 200, "".join(lines).encode(), "text/plain; charset=utf-8"
