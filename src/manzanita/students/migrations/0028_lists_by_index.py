"""An index by school and grade; and the constraints against overlapping facts are laid anew, so that nothing is read by
their indexes. On PostgreSQL each is built once more: a minute for 100,000 students.
"""

from django.db import migrations, models

from manzanita.platform.facts import no_overlap_sql
from manzanita.platform.row_security import run_on_postgresql

SLOTS = {
    "students_ssid": ("student_id",),
    "students_enrollment": ("student_id", "lea_code", "started_on"),
    "students_specialeducationstatus": ("student_id",),
    "students_plan": ("student_id",),
    "students_service": ("student_id", "service_no"),
    "students_caseassignment": ("student_id",),
    "students_contact": ("student_id", "contact_no"),
    "students_agencyrelation": ("student_id", "relationship"),
    "students_teammember": ("student_id", "user_id"),
    "students_rightsholder": ("student_id", "contact_no"),
    "students_nextyear": ("student_id",),
}


def lay_anew(apps, schema_editor):
    for table, slot in SLOTS.items():
        drop = f"ALTER TABLE {table} DROP CONSTRAINT {table}_no_overlap"
        run_on_postgresql(schema_editor, [drop, no_overlap_sql(table, slot)])


class Migration(migrations.Migration):
    dependencies = [("students", "0027_referrals_within_reach")]
    operations = [
        migrations.RunPython(lay_anew, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="enrollment",
            index=models.Index(
                condition=models.Q(("superseded_at__isnull", True)),
                fields=["lea_code", "school_code", "grade_code", "effective_to", "student", "nps_code"],
                name="enrollment_at_school",
            ),
        ),
    ]
