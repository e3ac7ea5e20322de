"""Leavings and reports are cut as the student is; an LEA reads its own also after the student has left."""

from django.db import migrations

from manzanita.platform.row_security import no_policy, of_agency, of_student, policy, run_on_postgresql

TABLES = ("leaving_leaving", "leaving_participationreport")


def apply(apps, schema_editor):
    for table in TABLES:
        person = of_student(table)
        run_on_postgresql(
            schema_editor, policy(table, readable=[of_agency("lea_code"), person], writable=[person])
        )


def undo(apps, schema_editor):
    for table in TABLES:
        run_on_postgresql(schema_editor, no_policy(table))


class Migration(migrations.Migration):
    dependencies = [("leaving", "0001_initial")]
    operations = [migrations.RunPython(apply, undo)]
