"""The HTTP face of the sandbox: standard library only. The interface is described in the package."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from manzanita.sandbox.control import applied, health, plant_rejection, retire_ssid, set_clock, take_weather
from manzanita.sandbox.entry import issue_token, require_control_secret, require_open, require_token
from manzanita.sandbox.following import claim, follow
from manzanita.sandbox.load import load_folder
from manzanita.sandbox.requests import Answer, Options, Refusal, Request, as_json
from manzanita.sandbox.store import connect, create_tables
from manzanita.sandbox.submissions import (
    extract,
    list_submissions,
    receive_submission,
    rejected_lines,
    show_submission,
)
from manzanita.sandbox.weather import CLEAR, draw, weather
from manzanita.sandbox.worker import Worker

MAX_BODY_BYTES = 50 * 1024 * 1024

_JOB_PATH = re.compile(r"/v1/submissions/([^/]+?)(/rejected)?")

_ROUTES: dict[tuple[str, str], Callable[[Request], Answer]] = {
    ("POST", "/oauth/token"): issue_token,
    ("POST", "/v1/submissions"): receive_submission,
    ("GET", "/v1/submissions"): list_submissions,
    ("GET", "/v1/submissions/{job}"): show_submission,
    ("GET", "/v1/submissions/{job}/rejected"): rejected_lines,
    ("POST", "/v1/extracts"): extract,
    ("POST", "/control/reject"): plant_rejection,
    ("POST", "/control/weather"): take_weather,
    ("POST", "/control/ssid"): retire_ssid,
    ("POST", "/control/clock"): set_clock,
    ("GET", "/control/applied"): applied,
    ("GET", "/control/health"): health,
}


def _listed(content: bytes, content_type: str, times: int) -> bytes:
    """The same answer with everything that it lists listed so many times; 0: left out."""
    if content_type != "application/json":
        return content * times
    told = json.loads(content)
    return json.dumps(
        {name: value * times if isinstance(value, list) else value for name, value in told.items()}
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
                    require_open(request)
                if route.startswith("/v1/"):
                    require_token(request)
                if route.startswith("/control/") and route != "/control/health":
                    require_control_secret(request)
                status, content, content_type = action(request)
        except Refusal as refusal:
            status, content, content_type = as_json(refusal.told, refusal.status)
        except (sqlite3.Error, UnicodeError, RecursionError) as error:
            print(f"sandbox request: {type(error).__name__}", file=sys.stderr, flush=True)
            status, content, content_type = as_json(
                {"error": "unavailable", "message": "The state system cannot answer now."}, 503
            )
        if word == "lose":
            self._hang_up()
            return
        if word == "late":
            time.sleep(seconds)
        if word == "empty":
            content = _listed(content, content_type, 0)
        if word == "twice":
            content = _listed(content, content_type, 2)
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
