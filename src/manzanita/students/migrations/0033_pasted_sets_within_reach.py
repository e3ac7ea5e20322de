"""A pasted list is of the agency at which it was pasted, each of its lines of whoever reaches the student."""

from django.db import migrations

from manzanita.platform.row_security import no_policy, of_agency, policy, run_on_postgresql, student_table


def protect(apps, schema_editor):
    here = [of_agency("agency_code")]
    run_on_postgresql(schema_editor, policy("students_pastedset", readable=here, writable=here))
    run_on_postgresql(schema_editor, student_table("students_pastedline"))


def undo(apps, schema_editor):
    for table in ("students_pastedset", "students_pastedline"):
        run_on_postgresql(schema_editor, no_policy(table))


class Migration(migrations.Migration):
    dependencies = [("students", "0032_pasted_sets")]
    operations = [migrations.RunPython(protect, undo)]
