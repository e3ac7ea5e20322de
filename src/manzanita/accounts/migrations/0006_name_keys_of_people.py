from django.db import migrations

from manzanita.domain.names import person_key

BATCH = 2000


def fill(apps, schema_editor):
    users = apps.get_model("accounts", "User")._base_manager
    batch = []
    for user in users.only("pk", "name").iterator(chunk_size=BATCH):
        user.name_key = person_key(user.name)
        batch.append(user)
        if len(batch) == BATCH:
            users.bulk_update(batch, ["name_key"])
            batch = []
    users.bulk_update(batch, ["name_key"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_administration_of_people")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
