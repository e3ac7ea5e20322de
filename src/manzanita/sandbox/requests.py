"""What a route of the sandbox gets to see, and what it answers."""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manzanita.domain.specification import CURRENT_YEAR
from manzanita.sandbox.worker import Worker


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


def as_json(value: object, status: int = 200) -> Answer:
    """``value`` as the body of an answer."""
    return status, json.dumps(value).encode(), "application/json"


def is_same(given: str, expected: str) -> bool:
    """Whether a secret is the expected one, in the same time for every wrong one."""
    return hmac.compare_digest(given.encode(), expected.encode())
