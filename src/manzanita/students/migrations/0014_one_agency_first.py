"""The policy of people first asks for the one agency that most reach: the same people, found in less time."""

from django.db import migrations

from manzanita.platform.row_security import CODES, PERSON, change_policy, run_on_postgresql

BEFORE = f"agencies && {CODES}"


def apply(apps, schema_editor):
    run_on_postgresql(
        schema_editor, [change_policy("students_student", readable=[PERSON], writable=[PERSON])]
    )


def undo(apps, schema_editor):
    run_on_postgresql(
        schema_editor, [change_policy("students_student", readable=[BEFORE], writable=[BEFORE])]
    )


class Migration(migrations.Migration):
    dependencies = [("students", "0013_ties_by_index_alone")]
    operations = [migrations.RunPython(apply, undo)]
