"""PostgreSQL keeps arrivals within what reaches their student, and what was adopted together in its LEA."""

from django.db import migrations

from manzanita.platform.row_security import (
    no_policy,
    of_agency,
    policy,
    run_on_postgresql,
    student_table,
)

# Their LEA names the student by the enrollment already, so these rows add none.
OF_STUDENTS = ("arrivals_arrival", "arrivals_lookmark", "arrivals_recordsasked", "arrivals_adoptionitem")
BATCH = "arrivals_adoptionbatch"


def apply(apps, schema_editor):
    for table in OF_STUDENTS:
        run_on_postgresql(schema_editor, student_table(table))
    here = [of_agency("lea_code")]
    run_on_postgresql(schema_editor, policy(BATCH, readable=here, writable=here))


def undo(apps, schema_editor):
    for table in (BATCH, *OF_STUDENTS):
        run_on_postgresql(schema_editor, no_policy(table))


class Migration(migrations.Migration):
    dependencies = [("arrivals", "0001_initial"), ("students", "0017_name_keys_of_everybody")]
    operations = [migrations.RunPython(apply, undo)]
