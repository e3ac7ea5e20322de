"""Who is in a nonpublic school, and of whom another LEA is accountable: few, told of each student at once."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('students', '0036_pasted_lines_of_no_known_share'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='enrollment',
            index=models.Index(condition=models.Q(('superseded_at__isnull', True), models.Q(('nps_code', ''), _negated=True)), fields=['student', 'effective_from'], name='nps_of_student'),
        ),
        migrations.AddIndex(
            model_name='plan',
            index=models.Index(condition=models.Q(('superseded_at__isnull', True), models.Q(('dsea_code', ''), _negated=True), models.Q(('dsea_code', models.F('lea_code')), _negated=True)), fields=['student', 'effective_from'], name='plan_of_other_dsea'),
        ),
    ]
