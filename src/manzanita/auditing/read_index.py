"""The index over the students of a read event, which Django cannot declare for both databases.

PostgreSQL: GIN over the list. SQLite: a side table, kept by triggers. Rebuilding a table drops its triggers on SQLite,
so a migration that alters ``ReadEvent`` calls :func:`create` at its end; a test of ``reads_of_student`` fails else.
"""

from __future__ import annotations

from typing import Any

_POSTGRESQL = (
    "CREATE INDEX IF NOT EXISTS auditing_read_students ON auditing_readevent USING gin (student_ids jsonb_path_ops)",
)
_SQLITE = (
    "CREATE TABLE IF NOT EXISTS auditing_read_student"
    " (student_id INTEGER NOT NULL, event_id INTEGER NOT NULL, PRIMARY KEY (student_id, event_id)) WITHOUT ROWID",
    "INSERT OR IGNORE INTO auditing_read_student"
    " SELECT member.value, event.id FROM auditing_readevent AS event, json_each(event.student_ids) AS member",
    "CREATE TRIGGER IF NOT EXISTS auditing_read_added AFTER INSERT ON auditing_readevent BEGIN"
    " INSERT OR IGNORE INTO auditing_read_student SELECT value, NEW.id FROM json_each(NEW.student_ids); END",
    # Only tests that empty their database remove rows.
    "CREATE TRIGGER IF NOT EXISTS auditing_read_removed AFTER DELETE ON auditing_readevent BEGIN"
    " DELETE FROM auditing_read_student WHERE event_id = OLD.id"
    " AND student_id IN (SELECT value FROM json_each(OLD.student_ids)); END",
)
_DROP = {
    "postgresql": ("DROP INDEX IF EXISTS auditing_read_students",),
    "sqlite": (
        "DROP TRIGGER IF EXISTS auditing_read_added",
        "DROP TRIGGER IF EXISTS auditing_read_removed",
        "DROP TABLE IF EXISTS auditing_read_student",
    ),
}


def create(apps: Any, schema_editor: Any) -> None:
    """For ``RunPython``; changes nothing where it stands already."""
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in _POSTGRESQL if is_postgresql else _SQLITE:
        schema_editor.execute(statement)


def drop(apps: Any, schema_editor: Any) -> None:
    for statement in _DROP[schema_editor.connection.vendor]:
        schema_editor.execute(statement)
