"""Merges and retired SSIDs are cut through the student who stays."""

from django.db import migrations

from manzanita.platform.row_security import no_policy, run_on_postgresql, student_table

TABLES = ("students_merge", "students_ssidretirement")


def protect(apps, schema_editor):
    for table in TABLES:
        run_on_postgresql(schema_editor, student_table(table))


def undo(apps, schema_editor):
    for table in TABLES:
        run_on_postgresql(schema_editor, no_policy(table))


class Migration(migrations.Migration):
    dependencies = [("students", "0018_merges")]
    operations = [migrations.RunPython(protect, undo)]
