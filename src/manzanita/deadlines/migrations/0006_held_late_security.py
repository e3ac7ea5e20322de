"""What was held late is cut as due dates are; counts name no student."""

from django.db import migrations

from manzanita.platform.row_security import no_policy, of_agency, of_student, policy, run_on_postgresql

TABLE = "deadlines_heldlate"


def apply(apps, schema_editor):
    person = of_student(TABLE)
    run_on_postgresql(schema_editor, policy(TABLE, readable=[of_agency("lea_code"), person], writable=[person]))


def undo(apps, schema_editor):
    run_on_postgresql(schema_editor, no_policy(TABLE))


class Migration(migrations.Migration):
    dependencies = [("deadlines", "0005_held_late")]
    operations = [migrations.RunPython(apply, undo)]
