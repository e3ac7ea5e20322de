"""Rights holders become dated facts of their own, and contacts can be reached and kept confidential."""

import django.db.models.deletion
from django.db import migrations, models

from manzanita.platform.facts import no_overlap_sql


def add_constraint(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(no_overlap_sql("students_rightsholder", ("student_id", "contact_no")))


def drop_constraint(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE students_rightsholder DROP CONSTRAINT students_rightsholder_no_overlap")


def text(length):
    return models.CharField(blank=True, default="", max_length=length)


class Migration(migrations.Migration):
    dependencies = [("students", "0006_relations_do_not_overlap")]

    operations = [
        *(
            migrations.AddField("contact", name, text(length), preserve_default=False)
            for name, length in (
                ("written_language", 30),
                ("email", 120),
                ("street", 120),
                ("street_2", 120),
                ("city", 60),
                ("state_code", 2),
                ("zip_code", 10),
                ("confidential_code", 20),
            )
        ),
        migrations.CreateModel(
            name="RightsHolder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("effective_from", models.DateField()),
                ("effective_to", models.DateField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
                ("superseded_at", models.DateTimeField(blank=True, null=True)),
                ("by_id", models.BigIntegerField(blank=True, null=True)),
                ("cause", models.CharField(max_length=80)),
                ("contact_no", models.PositiveSmallIntegerField()),
                ("kind_code", models.CharField(max_length=20)),
                ("evidence_code", models.CharField(blank=True, max_length=30)),
                ("evidence_reference", models.CharField(blank=True, max_length=120)),
                ("evidence_on", models.DateField(blank=True, null=True)),
                ("is_sole", models.BooleanField(default=False)),
                ("limitation", models.CharField(blank=True, max_length=300)),
                (
                    "student",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="students.student"
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(
                        condition=models.Q(("superseded_at__isnull", True)),
                        fields=["student", "contact_no"],
                        name="rights_of_student",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("effective_to__isnull", True),
                            ("effective_to__gte", models.F("effective_from")),
                            _connector="OR",
                        ),
                        name="students_rightsholder_ends_after_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("superseded_at__isnull", True),
                            ("superseded_at__gte", models.F("recorded_at")),
                            _connector="OR",
                        ),
                        name="students_rightsholder_superseded_later",
                    ),
                ],
            },
        ),
        migrations.RunPython(add_constraint, drop_constraint),
    ]
