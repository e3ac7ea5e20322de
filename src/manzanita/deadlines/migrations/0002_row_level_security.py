"""Due dates are cut through their student, or read where the LEA named on the row is within reach."""

from django.db import migrations

from manzanita.platform.row_security import (
    no_policy,
    of_agency,
    of_student,
    policy,
    run_on_postgresql,
    student_table,
)

DUE, STALE = "deadlines_duedate", "deadlines_stalestudent"


def apply(apps, schema_editor):
    person = of_student(DUE)
    run_on_postgresql(
        schema_editor, policy(DUE, readable=[of_agency("lea_code"), person], writable=[person])
    )
    run_on_postgresql(schema_editor, student_table(STALE))


def undo(apps, schema_editor):
    for table in (DUE, STALE):
        run_on_postgresql(schema_editor, no_policy(table))


class Migration(migrations.Migration):
    dependencies = [("deadlines", "0001_initial"), ("students", "0012_assignments_within_reach")]
    operations = [migrations.RunPython(apply, undo)]
