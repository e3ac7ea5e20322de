"""Fills an empty sandbox from a folder of state extracts, SIS files and organizations."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from manzanita.domain.layouts import layout
from manzanita.sandbox.records import RECORDS, Line, fields_of
from manzanita.sandbox.store import change_setting, is_empty, transaction


def load_folder(connection: sqlite3.Connection, folder: Path) -> dict[str, int] | None:
    """Load ``folder`` in one transaction, unless the database holds anything already (then None).

    Reads ``ODS_<record>.txt`` (extract lines with the two dates at the end), ``SIS_SENR.txt``,
    ``SIS_SINF.txt`` and ``orgs.csv``; each may be missing. Lines that are not UTF-8 or have the wrong
    number of fields are left out. Returns counts: ``records``, ``enrollments``, ``agencies``, ``left_out``.
    Raises ``NotADirectoryError`` when there is no such folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"no folder {folder}")
    counts = {"records": 0, "enrollments": 0, "agencies": 0, "left_out": 0}
    with transaction(connection):
        if not is_empty(connection):
            return None
        for record in RECORDS:
            _load_extract(connection, record, folder / f"ODS_{record}.txt", counts)
        _load_enrollments(connection, folder / "SIS_SENR.txt", counts)
        _load_known_ssids(connection, folder / "SIS_SINF.txt", counts)
        _load_agencies(connection, folder / "orgs.csv", counts)
        change_setting(connection, "loaded_at", datetime.now(UTC).isoformat())
    return counts


def _rows(path: Path, field_count: int, counts: dict[str, int]) -> Iterator[list[str]]:
    if not path.exists():
        return
    with path.open("rb") as file:
        for raw in file:
            try:
                text = raw.decode("utf-8").lstrip("\ufeff").rstrip("\r\n")
            except UnicodeDecodeError:
                counts["left_out"] += 1
                continue
            values = text.split("^")
            if len(values) == field_count:
                yield values
            elif text:
                counts["left_out"] += 1


def _load_extract(connection: sqlite3.Connection, record: str, path: Path, counts: dict[str, int]) -> None:
    def stored() -> Iterator[tuple[str, ...]]:
        for values in _rows(path, len(fields_of(record)) + 2, counts):
            *fields, uploaded_on, updated_on = values
            if fields[0] not in (record, f"{record}-R"):
                counts["left_out"] += 1
                continue
            line = Line(fields)
            yield (
                record,
                "^".join(line.key),
                line.ssid,
                line.lea,
                line.starts_on,
                line.stored_text,
                uploaded_on,
                updated_on,
            )

    cursor = connection.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)", stored())
    counts["records"] += max(cursor.rowcount, 0)


def _load_enrollments(connection: sqlite3.Connection, path: Path, counts: dict[str, int]) -> None:
    at = {number: position for position, number in enumerate(layout("SENR").numbers)}

    def stored() -> Iterator[tuple[str, ...]]:
        for row in _rows(path, len(at), counts):
            if row[at["1.08"]]:
                yield tuple(row[at[number]] for number in ("1.08", "1.04", "1.22", "1.25", "1.23"))

    cursor = connection.executemany("INSERT INTO enrollment VALUES (?, ?, ?, ?, ?)", stored())
    counts["enrollments"] += max(cursor.rowcount, 0)
    connection.execute("INSERT OR IGNORE INTO known_ssid SELECT DISTINCT ssid FROM enrollment")


def _load_known_ssids(connection: sqlite3.Connection, path: Path, counts: dict[str, int]) -> None:
    at = {number: position for position, number in enumerate(layout("SINF").numbers)}
    ssids = ((row[at["2.09"]],) for row in _rows(path, len(at), counts) if row[at["2.09"]])
    connection.executemany("INSERT OR IGNORE INTO known_ssid VALUES (?)", ssids)


def _load_agencies(connection: sqlite3.Connection, path: Path, counts: dict[str, int]) -> None:
    if not path.exists():
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        ids = {row.get("npa_id") or row["code"] for row in csv.DictReader(file) if row["kind"] == "npa"}
    connection.executemany("INSERT INTO nonpublic_agency VALUES (?)", [(one,) for one in sorted(ids)])
    counts["agencies"] += len(ids)
