from django.db import migrations, models

from manzanita.domain.names import name_key

NAMES = ("first_name", "middle_name", "last_name", "suffix")
BATCH = 2000


def fill(apps, schema_editor):
    students = apps.get_model("students", "Student")._base_manager
    batch = []
    for student in students.only("pk", *NAMES).iterator(chunk_size=BATCH):
        student.name_key = name_key(*(getattr(student, name) for name in NAMES))
        batch.append(student)
        if len(batch) == BATCH:
            students.bulk_update(batch, ["name_key"])
            batch = []
    students.bulk_update(batch, ["name_key"])


class Migration(migrations.Migration):
    dependencies = [("students", "0003_names_as_wide_as_the_files")]

    operations = [
        migrations.AddField(
            model_name="student",
            name="name_key",
            field=models.TextField(blank=True, default="", editable=False),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
