"""PostgreSQL refuses overlapping believed facts by itself; on SQLite the checked action is the guard."""

from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations

from manzanita.platform.facts import no_overlap_sql

SLOTS = {
    "students_ssid": ("student_id",),
    "students_enrollment": ("student_id", "lea_code", "started_on"),
    "students_specialeducationstatus": ("student_id",),
    "students_plan": ("student_id",),
    "students_service": ("student_id", "service_no"),
    "students_caseassignment": ("student_id",),
    "students_contact": ("student_id", "contact_no"),
}


def add_constraints(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, slot in SLOTS.items():
        schema_editor.execute(no_overlap_sql(table, slot))


def drop_constraints(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in SLOTS:
        schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_no_overlap")


class Migration(migrations.Migration):
    dependencies = [("students", "0001_initial")]
    operations = [BtreeGistExtension(), migrations.RunPython(add_constraints, drop_constraints)]
