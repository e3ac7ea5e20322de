"""Logs written before there were lists and seals are found, sealed and verified after the upgrade."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from manzanita.auditing.models import ReadEvent
from manzanita.auditing.queries import changes_of_student, reads_of_student
from manzanita.auditing.sealing import seal_waiting
from manzanita.auditing.verifying import verify

BEFORE, AFTER = (
    [("auditing", "0001_initial")],
    [("auditing", "0002_one_row_per_list_and_seals")],
)


@pytest.mark.django_db(transaction=True)
def test_rows_from_before_are_read_and_sealed(settings, tmp_path):
    settings.AUDIT_KEY_FILE = str(tmp_path / "key")
    settings.AUDIT_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    # Of every app: whatever rests on the logs is gone with them.
    leaves = MigrationExecutor(connection).loader.graph.leaf_nodes()
    MigrationExecutor(connection).migrate(BEFORE)
    try:
        with connection.cursor() as cursor:
            for student in (31, 32, 31):
                cursor.execute(
                    "INSERT INTO auditing_readevent (at, actor_user_id, perspective, student_id, what, request_id)"
                    " VALUES ('2026-11-02 09:00:00+00:00', 7, 'case_manager', %s, 'student.list', '')",
                    [student],
                )
            cursor.execute(
                "INSERT INTO auditing_changeevent"
                " (at, actor_user_id, actor_label, action, student_id, subject_type, reason, detail)"
                " VALUES ('2026-11-02 09:00:00+00:00', 7, 'x', 'finalize', 31, '', '', '{}')"
            )
        MigrationExecutor(connection).migrate(AFTER)
    finally:
        MigrationExecutor(connection).migrate(leaves)

    assert [event.student_ids for event in reads_of_student(31)] == [[31], [31]]
    assert ReadEvent.objects.filter(student_count=1).count() == 3
    assert changes_of_student(31).count() == 1
    assert seal_waiting() == 4
    report = verify()
    assert (report.problems, report.row_count) == ([], 4)
