"""The HTTP face of the sandbox: standard library only. The interface is described in the package."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from manzanita.domain.specification import CURRENT_YEAR
from manzanita.sandbox.following import claim, follow
from manzanita.sandbox.load import load_folder
from manzanita.sandbox.records import RECORDS, Line
from manzanita.sandbox.store import (
    change_setting,
    connect,
    crash_if_asked,
    create_tables,
    now,
    opens_at,
    transaction,
)
from manzanita.sandbox.weather import CLEAR, change_weather, draw, weather
from manzanita.sandbox.worker import Worker

MAX_BODY_BYTES = 50 * 1024 * 1024
MAX_FILE_NAME = 120
TOKEN_SECONDS = 3600
NEWEST_JOBS = 100
MAX_RESULTS = 5000

_JOB_PATH = re.compile(r"/v1/submissions/([^/]+?)(/rejected)?")
_FILE_NAME = re.compile(r"[\x20-\x2e\x30-\x5b\x5d-\x7e]+", re.ASCII)


@dataclass(frozen=True)
class Options:
    """What the command line says. ``control_secret`` None leaves the control interface open."""

    database: Path
    host: str = "127.0.0.1"
    port: int = 0
    load: Path | None = None
    client_id: str = "manzanita"
    client_secret: str = "sandbox"
    control_secret: str | None = None
    port_file: Path | None = None
    workbook: Path | None = None
    year: str = CURRENT_YEAR


class Refusal(Exception):
    """An answer other than the one that was asked for."""

    def __init__(self, status: int, error: str, message: str, **more: str) -> None:
        super().__init__(error)
        self.status = status
        self.told = {"error": error, "message": message, **more}


@dataclass(frozen=True)
class Request:
    """What a route gets to see. ``query`` and headers hold first values only."""

    connection: sqlite3.Connection
    options: Options
    worker: Worker
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    job: str = ""

    def json(self) -> dict[str, Any]:
        try:
            value = json.loads(self.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise Refusal(400, "bad_json", "The body is not a JSON object.")
        return value


# status, body, content type
Answer = tuple[int, bytes, str]


def _as_json(value: object, status: int = 200) -> Answer:
    return status, json.dumps(value).encode(), "application/json"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _is_same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _issue_token(request: Request) -> Answer:
    try:
        form = {name: values[0] for name, values in parse_qs(request.body.decode("ascii")).items()}
    except UnicodeDecodeError:
        form = {}
    if form.get("grant_type") != "client_credentials":
        raise Refusal(400, "unsupported_grant_type", "Only client_credentials is offered.")
    is_client = _is_same(form.get("client_id", ""), request.options.client_id)
    if not _is_same(form.get("client_secret", ""), request.options.client_secret) or not is_client:
        raise Refusal(401, "invalid_client", "The client id or the client secret is wrong.")
    token = secrets.token_urlsafe(32)
    with transaction(request.connection):
        request.connection.execute("DELETE FROM token WHERE expires_at < ?", (time.time(),))
        request.connection.execute(
            "INSERT INTO token (digest, expires_at) VALUES (?, ?)",
            (_digest(token), time.time() + TOKEN_SECONDS),
        )
    return _as_json({"access_token": token, "token_type": "bearer", "expires_in": TOKEN_SECONDS})


def _require_token(request: Request) -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    row = request.connection.execute(
        "SELECT expires_at FROM token WHERE digest = ?", (_digest(token.strip()),)
    ).fetchone()
    if scheme.lower() != "bearer" or row is None or row["expires_at"] <= time.time():
        raise Refusal(401, "invalid_token", "A valid bearer token is missing.")


def _require_open(request: Request) -> None:
    opens = opens_at(request.connection)
    if opens is not None:
        message = f"The state system is closed until {opens:%Y-%m-%d %H:%M}."
        raise Refusal(503, "closed", message, opens_at=opens.isoformat())


def _require_control_secret(request: Request) -> None:
    expected = request.options.control_secret
    if expected is not None and not _is_same(request.headers.get("X-Control-Secret", ""), expected):
        raise Refusal(401, "invalid_control_secret", "The control secret is missing or wrong.")


def _numbered_lines(body: bytes) -> list[tuple[int, str]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(400, "not_utf8", "The file is not UTF-8.") from None
    lines = [(number, line.removesuffix("\r")) for number, line in enumerate(text.split("\n"), start=1)]
    return [(number, line) for number, line in lines if line]


def _receive_submission(request: Request) -> Answer:
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
    return _as_json({"job": job, "file_name": file_name, "lines": len(lines)}, status=202)


def _list_submissions(request: Request) -> Answer:
    columns = "SELECT job, file_name, status, lines, received_at FROM job"
    if "file_name" in request.query:
        rows = request.connection.execute(
            f"{columns} WHERE file_name = ? ORDER BY id DESC", (request.query["file_name"],)
        )
    else:
        rows = request.connection.execute(f"{columns} ORDER BY id DESC LIMIT ?", (NEWEST_JOBS,))
    return _as_json({"jobs": [dict(row) for row in rows]})


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


def _show_submission(request: Request) -> Answer:
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
    return _as_json(shown)


def _rejected_lines(request: Request) -> Answer:
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


def _extract(request: Request) -> Answer:
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


def _plant_rejection(request: Request) -> Answer:
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
    return _as_json({"ok": True})


def _change_weather(request: Request) -> Answer:
    try:
        change_weather(request.connection, request.json())
    except ValueError:
        raise Refusal(400, "bad_weather", "next, seed, share, seconds or stalled is not usable.") from None
    request.worker.wake()
    return _as_json({"ok": True})


def _set_clock(request: Request) -> Answer:
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
    return _as_json({"ok": True})


def _retire_ssid(request: Request) -> Answer:
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
    return _as_json({"ok": True})


def _applied(request: Request) -> Answer:
    rows = request.connection.execute(
        "SELECT local_record_id, record, operation, COUNT(*) AS count FROM effect"
        " GROUP BY local_record_id, record, operation ORDER BY MIN(id)"
    ).fetchall()
    return _as_json({"applied": [dict(row) for row in rows], "lines_applied": sum(r["count"] for r in rows)})


def _health(request: Request) -> Answer:
    waiting = request.connection.execute("SELECT COUNT(*) FROM job WHERE status <> 'complete'").fetchone()[0]
    return _as_json(
        {
            "status": "ok",
            "stalled": weather(request.connection).stalled,
            "is_open": opens_at(request.connection) is None,
            "waiting_jobs": waiting,
            "today": now(request.connection).date().isoformat(),
        }
    )


_ROUTES: dict[tuple[str, str], Callable[[Request], Answer]] = {
    ("POST", "/oauth/token"): _issue_token,
    ("POST", "/v1/submissions"): _receive_submission,
    ("GET", "/v1/submissions"): _list_submissions,
    ("GET", "/v1/submissions/{job}"): _show_submission,
    ("GET", "/v1/submissions/{job}/rejected"): _rejected_lines,
    ("POST", "/v1/extracts"): _extract,
    ("POST", "/control/reject"): _plant_rejection,
    ("POST", "/control/weather"): _change_weather,
    ("POST", "/control/ssid"): _retire_ssid,
    ("POST", "/control/clock"): _set_clock,
    ("GET", "/control/applied"): _applied,
    ("GET", "/control/health"): _health,
}


def _emptied(content: bytes, content_type: str) -> bytes:
    """The same answer with everything left out that it lists."""
    if content_type != "application/json":
        return b""
    told = json.loads(content)
    return json.dumps(
        {name: [] if isinstance(value, list) else value for name, value in told.items()}
    ).encode()


def _doubled(content: bytes, content_type: str) -> bytes:
    """The same answer with everything that it lists listed twice."""
    if content_type != "application/json":
        return content * 2
    told = json.loads(content)
    return json.dumps(
        {name: value * 2 if isinstance(value, list) else value for name, value in told.items()}
    ).encode()


class SandboxServer(ThreadingHTTPServer):
    """The server with what its requests need."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, options: Options, worker: Worker) -> None:
        self.options = options
        self.worker = worker
        super().__init__((options.host, options.port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that hangs up is no event; of anything else only the type, never a student's data.
        error = sys.exc_info()[0]
        if error is not None and not issubclass(error, ConnectionError):
            print(f"sandbox request: {error.__name__}", file=sys.stderr, flush=True)


class _Handler(BaseHTTPRequestHandler):
    server: SandboxServer
    protocol_version = "HTTP/1.1"
    server_version = "manzanita-sandbox"
    sys_version = ""
    timeout = 60
    wbufsize = 64 * 1024
    disable_nagle_algorithm = True
    route = "-"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        found = _JOB_PATH.fullmatch(path)
        route = f"/v1/submissions/{{job}}{found.group(2) or ''}" if found else path
        is_known = any(route == known for _, known in _ROUTES)
        # An address that we do not offer may hold anything, so it does not go into the log.
        self.route = route if is_known else "(unknown)"
        word, seconds = CLEAR, 0.0
        try:
            body = self._read_body()
            if body is None:
                self.close_connection = True
                return
            action = _ROUTES.get((self.command, route))
            if action is None:
                if is_known:
                    raise Refusal(405, "wrong_method", "This address is for another method.")
                raise Refusal(404, "no_such_address", "There is no such address.")
            with closing(connect(self.server.options.database)) as connection:
                request = Request(
                    connection=connection,
                    options=self.server.options,
                    worker=self.server.worker,
                    headers=self.headers,
                    query={name: values[0] for name, values in parse_qs(query).items()},
                    body=body,
                    job=found.group(1) if found else "",
                )
                if not route.startswith("/control/"):
                    word, seconds = draw(connection), weather(connection).seconds
                    if word == "refuse":
                        self._hang_up()
                        return
                    if word == "fail":
                        raise Refusal(500, "failed", "The state system failed.")
                    if word == "deny":
                        raise Refusal(403, "not_allowed", "The state system does not take this.")
                    if word == "slow":
                        time.sleep(seconds)
                    _require_open(request)
                if route.startswith("/v1/"):
                    _require_token(request)
                if route.startswith("/control/") and route != "/control/health":
                    _require_control_secret(request)
                status, content, content_type = action(request)
        except Refusal as refusal:
            status, content, content_type = _as_json(refusal.told, refusal.status)
        except (sqlite3.Error, UnicodeError, RecursionError) as error:
            print(f"sandbox request: {type(error).__name__}", file=sys.stderr, flush=True)
            status, content, content_type = _as_json(
                {"error": "unavailable", "message": "The state system cannot answer now."}, 503
            )
        if word == "lose":
            self._hang_up()
            return
        if word == "late":
            time.sleep(seconds)
        if word == "empty":
            content = _emptied(content, content_type)
        if word == "twice":
            content = _doubled(content, content_type)
            self._send(status, content, content_type)
        self._send(status, content, content_type, length=len(content) // 2 if word == "truncate" else None)

    def _hang_up(self) -> None:
        print(f"{self.command} {self.route} hung up", file=sys.stderr, flush=True)
        self.close_connection = True

    def _send(self, status: int, content: bytes, content_type: str, *, length: int | None = None) -> None:
        """The whole answer; with ``length`` it breaks off after so many bytes of what it announces."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content[:length])
        if length is not None:
            self.close_connection = True

    def _read_body(self) -> bytes | None:
        """The whole body, or None when the client stopped before the length it announced."""
        announced = self.headers.get("Content-Length")
        if announced is None:
            if self.command == "POST":
                self.close_connection = True
                raise Refusal(411, "length_required", "Content-Length is missing.")
            return b""
        if not re.fullmatch(r"[0-9]{1,15}", announced, re.ASCII):
            self.close_connection = True
            raise Refusal(400, "bad_length", "Content-Length is not a whole number.")
        length = int(announced)
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            self._discard(min(length, 4 * MAX_BODY_BYTES))
            raise Refusal(413, "too_large", "The file is larger than 50 MB.")
        body = self.rfile.read(length)
        if len(body) < length:
            print(f"{self.command} {self.route} dropped", file=sys.stderr, flush=True)
            return None
        return body

    def _discard(self, length: int) -> None:
        # A client that is still sending would see a reset instead of the answer.
        while length > 0 and (chunk := self.rfile.read(min(length, 1024 * 1024))):
            length -= len(chunk)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        status = getattr(code, "value", code)
        print(f"{self.command or '-'} {self.route} {status}", file=sys.stderr, flush=True)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the standard messages quote the request, which may name a student."""


def serve(options: Options) -> int:
    """Run until SIGTERM or SIGINT. Prints one line with the address once requests are answered.

    Raises ``OSError`` when the port is taken or the database cannot be opened, ``WorkbookRefused`` for a workbook that
    cannot hold, and ``OtherLayouts`` for a database of other layouts.
    """
    if options.workbook is not None:
        follow(options.workbook, options.year)
    options.database.parent.mkdir(parents=True, exist_ok=True)
    with closing(connect(options.database)) as connection:
        create_tables(connection)
        claim(connection)
        if options.load is not None and (counts := load_folder(connection, options.load)):
            told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
            print(f"sandbox loaded: {told}", file=sys.stderr, flush=True)
    worker = Worker(options.database)
    server = SandboxServer(options, worker)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    worker.start()
    threading.Thread(target=server.serve_forever, name="sandbox-http", daemon=True).start()
    port = server.server_address[1]
    if options.port_file is not None:
        partial = options.port_file.with_name(f"{options.port_file.name}.part")
        partial.write_text(f"{port}\n", encoding="ascii")
        partial.replace(options.port_file)
    print(f"Sandbox (stand-in CALPADS) at http://{options.host}:{port}", flush=True)
    stopping.wait()
    server.shutdown()
    worker.stop()
    server.server_close()
    if options.port_file is not None:
        options.port_file.unlink(missing_ok=True)
    return 0
