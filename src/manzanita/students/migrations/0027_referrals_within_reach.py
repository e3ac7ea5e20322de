"""A referral is cut through its student: it is of whoever reaches the student already, and hands nobody over."""

from django.db import migrations

from manzanita.platform.row_security import no_policy, run_on_postgresql, student_table


def protect(apps, schema_editor):
    run_on_postgresql(schema_editor, student_table("students_referral"))


def undo(apps, schema_editor):
    run_on_postgresql(schema_editor, no_policy("students_referral"))


class Migration(migrations.Migration):
    dependencies = [("students", "0026_referrals")]
    operations = [migrations.RunPython(protect, undo)]
