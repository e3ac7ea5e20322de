"""Everybody who is here already is found by name, too; and PostgreSQL keeps names and pairs within reach."""

from django.db import migrations

from manzanita.domain.name_sounds import sound_keys
from manzanita.platform.row_security import no_policy, of_row, policy, run_on_postgresql, student_table

BATCH = 2000


def fill(apps, schema_editor):
    Student, NameKey = (apps.get_model("students", name) for name in ("Student", "NameKey"))
    names = ("first_name", "last_name", "birth_on")
    batch = []
    for pk, first, last, born in Student.objects.order_by("pk").values_list("pk", *names).iterator(BATCH):
        batch += [
            NameKey(student_id=pk, sound=sound, first_name=first, last_name=last, birth_on=born)
            for sound in sorted(sound_keys(first, last))
        ]
        if len(batch) >= BATCH:
            NameKey.objects.bulk_create(batch)
            batch = []
    NameKey.objects.bulk_create(batch)


def protect(apps, schema_editor):
    run_on_postgresql(schema_editor, student_table("students_namekey"))
    # Who may see one of two is not told of the other.
    both = [
        f"({of_row('students_duplicatepair', 'student_id', 'students_student')}"
        f" AND {of_row('students_duplicatepair', 'other_id', 'students_student')})"
    ]
    run_on_postgresql(schema_editor, policy("students_duplicatepair", readable=both, writable=both))


def undo(apps, schema_editor):
    for table in ("students_namekey", "students_duplicatepair"):
        run_on_postgresql(schema_editor, no_policy(table))


class Migration(migrations.Migration):
    dependencies = [("students", "0016_name_keys_and_duplicates")]
    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(protect, undo),
    ]
