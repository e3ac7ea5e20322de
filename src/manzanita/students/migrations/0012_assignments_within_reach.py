"""PostgreSQL keeps what was assigned together within its agency, as it keeps the other rows of students."""

from django.db import migrations

from manzanita.platform.row_security import no_policy, of_agency, policy, run_on_postgresql, student_table


def apply(apps, schema_editor):
    here = [of_agency("agency_code")]
    run_on_postgresql(schema_editor, policy("students_assignmentbatch", readable=here, writable=here))
    run_on_postgresql(schema_editor, student_table("students_assignmentchange"))


def undo(apps, schema_editor):
    for table in ("students_assignmentchange", "students_assignmentbatch"):
        run_on_postgresql(schema_editor, no_policy(table))


class Migration(migrations.Migration):
    dependencies = [("students", "0011_assignment_batches")]
    operations = [migrations.RunPython(apply, undo)]
