"""What the state held is kept, with from when until when it was taken for held (decision 31)."""

from django.db import migrations, models
from django.db.models import F, Q

import manzanita.platform.clock
from manzanita.platform.reach import whole_installation


def keep_from_when_known(apps, schema_editor):
    """An answer, or a person's word, that stands now has stood since it was given.

    What extracts said keeps the instant of this migration: what else the state held before it, and no longer did, was
    not kept, so that before it nothing can be said of what was absent.
    """
    rows = apps.get_model("exchange", "StateRecord").objects
    with whole_installation("what is kept of every district is dated"):
        rows.filter(learned_from__in=["reply", "person"]).update(recorded_at=F("learned_at"))


class Migration(migrations.Migration):
    dependencies = [("exchange", "0010_note_about")]
    operations = [
        migrations.AddField(
            "staterecord", "recorded_at", models.DateTimeField(default=manzanita.platform.clock.now)
        ),
        migrations.AddField("staterecord", "superseded_at", models.DateTimeField(blank=True, null=True)),
        migrations.AlterField("staterecord", "record_key", models.CharField(max_length=120)),
        migrations.RunPython(keep_from_when_known, migrations.RunPython.noop),
        migrations.AddIndex(
            "staterecord",
            models.Index(
                fields=["lea_code", "recorded_at"],
                name="state_record_read_first",
                condition=Q(learned_from="extract"),
            ),
        ),
        migrations.AddConstraint(
            "staterecord",
            models.UniqueConstraint(
                fields=["record_key"], name="state_record_held_once", condition=Q(superseded_at=None)
            ),
        ),
    ]
