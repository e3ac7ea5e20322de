"""Meetings are cut through their student, answers and decisions through their meeting."""

from django.db import migrations

from manzanita.platform.row_security import (
    add_named_agencies,
    no_policy,
    of_row,
    policy,
    run_on_postgresql,
    student_table,
)

PARTS = ("meetings_answer", "meetings_decision")


def apply(apps, schema_editor):
    run_on_postgresql(schema_editor, [add_named_agencies("meetings_meeting", ["lea_code"])])
    run_on_postgresql(schema_editor, student_table("meetings_meeting", agency_columns=["lea_code"]))
    for table in PARTS:
        of_meeting = [of_row(table, "meeting_id", "meetings_meeting")]
        run_on_postgresql(schema_editor, policy(table, readable=of_meeting, writable=of_meeting))


def undo(apps, schema_editor):
    for table in (*PARTS, "meetings_meeting"):
        run_on_postgresql(schema_editor, no_policy(table))
    run_on_postgresql(schema_editor, ["DROP FUNCTION meetings_meeting_names_agencies() CASCADE"])


class Migration(migrations.Migration):
    dependencies = [
        ("meetings", "0002_evaluations_and_conclusions"),
        ("students", "0010_row_level_security"),
    ]
    operations = [migrations.RunPython(apply, undo)]
