"""A job reaches what its starter reached. Of those under way nobody has noted that."""

from django.db import migrations, models


def fill(apps, schema_editor):
    apps.get_model("platform", "Job").objects.filter(state__in=["waiting", "running"]).update(reach=["*"])


class Migration(migrations.Migration):
    dependencies = [("platform", "0001_initial")]
    operations = [
        migrations.AddField(model_name="job", name="reach", field=models.JSONField(default=list)),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
