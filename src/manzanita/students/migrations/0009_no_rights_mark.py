from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("students", "0008_take_over_rights")]
    operations = [migrations.RemoveField("contact", "is_rights_holder")]
