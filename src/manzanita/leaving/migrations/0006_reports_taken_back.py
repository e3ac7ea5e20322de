from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leaving", "0005_letters")]

    operations = [
        migrations.AlterField(
            model_name="participationreport",
            name="state",
            field=models.CharField(
                choices=[
                    ("open", "Not looked at yet"),
                    ("done", "Recorded"),
                    ("declined", "Not so"),
                    ("undone", "Taken back"),
                ],
                default="open",
                max_length=8,
            ),
        ),
    ]
