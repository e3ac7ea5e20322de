"""A change of identity is cut through its student; a line that was set aside is that of the LEA whose SIS says it: it
names a student who may be another's."""

from django.db import migrations

from manzanita.platform.row_security import no_policy, of_agency, policy, run_on_postgresql, student_table


def protect(apps, schema_editor):
    here = [of_agency("lea_code")]
    run_on_postgresql(schema_editor, student_table("students_identitychange"))
    run_on_postgresql(schema_editor, policy("students_identityconflict", readable=here, writable=here))


def undo(apps, schema_editor):
    for table in ("students_identitychange", "students_identityconflict"):
        run_on_postgresql(schema_editor, no_policy(table))


class Migration(migrations.Migration):
    dependencies = [("students", "0024_identitychange_identityconflict")]
    operations = [migrations.RunPython(protect, undo)]
