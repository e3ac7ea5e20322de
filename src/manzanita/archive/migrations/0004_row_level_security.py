"""Archives and their records are cut through their student."""

from django.db import migrations

from manzanita.platform.row_security import add_named_agencies, no_policy, run_on_postgresql, student_table

TABLES = ("archive_archive", "archive_archivedrecord")


def apply(apps, schema_editor):
    run_on_postgresql(schema_editor, [add_named_agencies(table, ["lea_code"]) for table in TABLES])
    for table in TABLES:
        run_on_postgresql(schema_editor, student_table(table, agency_columns=["lea_code"]))


def undo(apps, schema_editor):
    for table in TABLES:
        run_on_postgresql(
            schema_editor, [*no_policy(table), f"DROP FUNCTION {table}_names_agencies() CASCADE"]
        )


class Migration(migrations.Migration):
    dependencies = [("archive", "0003_report_status"), ("students", "0010_row_level_security")]
    operations = [migrations.RunPython(apply, undo)]
