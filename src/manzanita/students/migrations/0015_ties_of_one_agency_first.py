"""The policies of rows that tie students to agencies first ask for the one agency that most reach, as that of people."""

from django.db import migrations

from manzanita.platform.row_security import (
    change_policy,
    of_agency,
    of_sole_agency,
    of_student,
    run_on_postgresql,
)

# Facts, and their columns that name an agency.
TIES = {
    "students_enrollment": ("lea_code", "nps_code"),
    "students_specialeducationstatus": ("lea_code",),
    "students_plan": ("lea_code", "dsea_code"),
    "students_service": ("lea_code", "npa_id"),
    "students_agencyrelation": ("agency_code",),
}


def _change(schema_editor, *ways):
    run_on_postgresql(
        schema_editor,
        [
            change_policy(
                table,
                readable=[*(way(column) for way in ways for column in columns), of_student(table)],
                writable=[of_student(table)],
            )
            for table, columns in TIES.items()
        ],
    )


def apply(apps, schema_editor):
    _change(schema_editor, of_sole_agency, of_agency)


def undo(apps, schema_editor):
    _change(schema_editor, of_agency)


class Migration(migrations.Migration):
    dependencies = [("students", "0014_one_agency_first")]
    operations = [migrations.RunPython(apply, undo)]
