"""PostgreSQL refuses overlapping believed relations and memberships by itself, as of the other facts."""

from django.db import migrations

from manzanita.platform.facts import no_overlap_sql

SLOTS = {
    "students_agencyrelation": ("student_id", "relationship"),
    "students_teammember": ("student_id", "user_id"),
}


def add_constraints(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table, slot in SLOTS.items():
            schema_editor.execute(no_overlap_sql(table, slot))


def drop_constraints(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table in SLOTS:
            schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_no_overlap")


class Migration(migrations.Migration):
    dependencies = [("students", "0005_relations_and_team")]
    operations = [migrations.RunPython(add_constraints, drop_constraints)]
