"""Whose job a finding or a note is, in the words of an office that there is."""

from django.db import migrations

WAS, IS = "SPED clerk", "Clerk or coordinator"
TABLES = (("findings", "RuleFinding"), ("exchange", "StateFinding"), ("exchange", "ImportNote"))


def rename(apps, schema_editor):
    for app, model in TABLES:
        apps.get_model(app, model)._base_manager.filter(owner=WAS).update(owner=IS)


class Migration(migrations.Migration):
    dependencies = [("findings", "0002_row_level_security"), ("exchange", "0011_state_as_of")]
    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]
