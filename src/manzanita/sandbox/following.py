"""The district's copy of the state's workbook, as the sandbox follows it: the file that ``manzanita spec load`` takes.

A stored line is text by position, so that a database belongs to the layouts which its lines were taken by.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from manzanita.domain.specification import judge_usually, put_in_force
from manzanita.domain.workbook.applying import specification_of
from manzanita.domain.workbook.checking import workbook_of
from manzanita.domain.workbook.reading import sheets_of
from manzanita.sandbox.records import RECORDS, fields_of
from manzanita.sandbox.store import change_setting, is_empty, setting, transaction


class OtherLayouts(Exception):
    """The lines of this database were taken by other layouts."""


def follow(workbook: Path, year: str) -> None:
    """From now on layouts and codes of this process are those of ``workbook``, a file of ``year`` (``2026-2027``).

    Raises ``OSError`` where it cannot be read, ``WorkbookRefused`` where it says nothing that can hold.
    """
    found = workbook_of(sheets_of(workbook.read_bytes(), workbook.name))
    put_in_force({year: specification_of(found, year=year, origin=f"the workbook {workbook.name}")})
    judge_usually(lambda: year)


def claim(connection: sqlite3.Connection) -> None:
    """Mark the database as one of the layouts in force. Raises ``OtherLayouts`` where it holds lines of others."""
    ours = " ".join(field.number for record in RECORDS for field in fields_of(record))
    with transaction(connection):
        # A database from before this was marked has the layouts that the product brought along.
        if setting(connection, "layouts") not in (None, ours) and not is_empty(connection):
            raise OtherLayouts(
                "the lines in its database have other layouts. Start it with the workbook that it was started with "
                "before, or with another file after --db."
            )
        change_setting(connection, "layouts", ours)
