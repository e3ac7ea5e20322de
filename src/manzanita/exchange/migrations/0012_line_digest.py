"""The digest by which a send takes what was shown; blank for a line until its student is next compared."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exchange", "0011_state_as_of")]

    operations = [
        migrations.AddField(
            model_name="operation",
            name="line_digest",
            field=models.CharField(blank=True, max_length=32),
        ),
    ]
