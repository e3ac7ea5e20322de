"""Lines of the log to a collector on another system, by TLS (RFC 5425), without anything between.

A thread sends, so that no request waits for the network. While the collector is away up to :data:`MOST_WAITING` lines
wait and the connection is tried again; after that the oldest are dropped, and how many is told first when it is back.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import ssl
import threading
import time
from collections import deque
from datetime import UTC, datetime

TIMEOUT_SECONDS = 10
RETRY_SECONDS = 5.0
MOST_WAITING = 10_000
# RFC 5424: facility authpriv, and the severity of each level.
_FACILITY = 10
_SEVERITY = {"CRITICAL": 2, "ERROR": 3, "WARNING": 4, "INFO": 6, "DEBUG": 7}


class TlsSyslogHandler(logging.Handler):
    """``address`` is host and port; ``ca_file`` the certificates that are trusted (empty: those of this host)."""

    def __init__(self, address: tuple[str, int], ca_file: str = "") -> None:
        super().__init__()
        self._address = address
        self._context = ssl.create_default_context(cafile=ca_file or None)
        self._waiting: deque[bytes] = deque()
        self._dropped = 0
        self._more = threading.Condition()
        self._is_idle = True
        self._sender: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self._framed(record.levelname, self.format(record))
        except Exception:
            self.handleError(record)
            return
        with self._more:
            self._append(line)
            # Not before the first line: a web server forks, and a thread does not come along.
            if self._sender is None or not self._sender.is_alive():
                self._sender = threading.Thread(target=self._send_all, name="syslog", daemon=True)
                self._sender.start()
            self._more.notify()

    def _append(self, line: bytes) -> None:
        self._is_idle = False
        self._waiting.append(line)
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self._dropped += 1

    def _framed(self, level: str, message: str) -> bytes:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        priority = _FACILITY * 8 + _SEVERITY.get(level, 6)
        line = f"<{priority}>1 {at} {socket.gethostname()} manzanita {os.getpid()} - - {message}".encode()
        return f"{len(line)} ".encode() + line

    def flush(self) -> None:
        """Wait a moment for what has not been sent: a process that ends takes its thread along."""
        until = time.monotonic() + 2
        while not self._is_idle and time.monotonic() < until:
            time.sleep(0.02)

    def _send_all(self) -> None:
        connection: ssl.SSLSocket | None = None
        while True:
            with self._more:
                while not self._waiting:
                    self._is_idle = True
                    self._more.wait()
                line, dropped = self._waiting[0], self._dropped
            try:
                if connection is None:
                    connection = self._connect()
                if dropped:
                    connection.sendall(
                        self._framed("ERROR", f"{dropped} lines were dropped while nobody took them")
                    )
                connection.sendall(line)
            except OSError:
                if connection is not None:
                    with contextlib.suppress(OSError):
                        connection.close()
                connection = None
                time.sleep(RETRY_SECONDS)
                continue
            with self._more:
                self._dropped -= dropped
                # Meanwhile it may have been dropped as the oldest.
                if self._waiting and self._waiting[0] is line:
                    self._waiting.popleft()

    def _connect(self) -> ssl.SSLSocket:
        plain = socket.create_connection(self._address, timeout=TIMEOUT_SECONDS)
        return self._context.wrap_socket(plain, server_hostname=self._address[0])
