"""Findings are cut through their student, what happened to them through the finding."""

from django.db import migrations

from manzanita.platform.row_security import (
    no_policy,
    of_agency,
    of_row,
    of_student,
    policy,
    run_on_postgresql,
    student_table,
)

FINDING, EVENT, CHANGED = "findings_rulefinding", "findings_findingevent", "findings_changedstudent"


def apply(apps, schema_editor):
    person = of_student(FINDING)
    of_finding = of_row(EVENT, "finding_id", FINDING)
    run_on_postgresql(schema_editor, student_table(CHANGED))
    # A record of an LEA names that LEA for good on its own table, so these rows add none.
    run_on_postgresql(
        schema_editor, policy(FINDING, readable=[of_agency("lea_code"), person], writable=[person])
    )
    run_on_postgresql(schema_editor, policy(EVENT, readable=[of_finding], writable=[of_finding]))


def undo(apps, schema_editor):
    for table in (EVENT, FINDING, CHANGED):
        run_on_postgresql(schema_editor, no_policy(table))


class Migration(migrations.Migration):
    dependencies = [("findings", "0001_initial"), ("students", "0012_assignments_within_reach")]
    operations = [migrations.RunPython(apply, undo)]
