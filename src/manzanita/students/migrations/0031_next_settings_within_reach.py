"""A planned setting is cut through its student, as the plan is that it will change."""

from django.db import migrations

from manzanita.platform.row_security import no_policy, run_on_postgresql, student_table


def protect(apps, schema_editor):
    run_on_postgresql(schema_editor, student_table("students_nextsetting"))


def undo(apps, schema_editor):
    run_on_postgresql(schema_editor, no_policy("students_nextsetting"))


class Migration(migrations.Migration):
    dependencies = [("students", "0030_next_settings")]
    operations = [migrations.RunPython(protect, undo)]
