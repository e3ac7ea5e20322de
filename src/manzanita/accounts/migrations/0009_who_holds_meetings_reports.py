"""Whoever holds meetings could report participation by that; roles and lent grants keep it as a right of its own."""

from django.db import migrations

HELD, OWN = "hold_meeting", "report_participation"


def add(apps, schema_editor):
    for model, name in (("Role", "capabilities"), ("Grant", "only_capabilities")):
        for row in apps.get_model("accounts", model).objects.exclude(**{f"{name}__isnull": True}):
            listed = getattr(row, name)
            if HELD in listed and OWN not in listed:
                setattr(row, name, [*listed, OWN])
                row.save(update_fields=[name])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_reminders_and_feeds")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
