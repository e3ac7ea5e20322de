"""Reasons of delay and attempts are cut as due dates are."""

from django.db import migrations

from manzanita.platform.row_security import no_policy, of_agency, of_student, policy, run_on_postgresql

TABLES = ("deadlines_delayreason", "deadlines_contactattempt")


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
    dependencies = [("deadlines", "0003_delays_and_attempts")]
    operations = [migrations.RunPython(apply, undo)]
