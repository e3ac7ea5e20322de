"""The program setting that is planned from a day on; and an index of plans with a setting of preschool."""

import django.db.models.deletion
from django.db import migrations, models

from manzanita.platform.facts import no_overlap_sql


def add_constraint(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(no_overlap_sql("students_nextsetting", ("student_id",)))


def drop_constraint(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE students_nextsetting DROP CONSTRAINT students_nextsetting_no_overlap")


class Migration(migrations.Migration):

    dependencies = [
        ('students', '0029_district_of_residence'),
    ]

    operations = [
        migrations.CreateModel(
            name='NextSetting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('effective_from', models.DateField()),
                ('effective_to', models.DateField(blank=True, null=True)),
                ('recorded_at', models.DateTimeField()),
                ('superseded_at', models.DateTimeField(blank=True, null=True)),
                ('by_id', models.BigIntegerField(blank=True, null=True)),
                ('cause', models.CharField(max_length=80)),
                ('program_setting_code', models.CharField(max_length=3)),
                ('general_education_percent', models.CharField(blank=True, max_length=3)),
                ('starts_on', models.DateField()),
                ('student', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='students.student')),
            ],
            options={
                'abstract': False,
                'indexes': [models.Index(condition=models.Q(('superseded_at__isnull', True)), fields=['student'], name='next_setting_of_student'), models.Index(condition=models.Q(('superseded_at__isnull', True)), fields=['starts_on', 'student'], name='next_setting_by_day')],
                'constraints': [models.CheckConstraint(condition=models.Q(('effective_to__isnull', True), ('effective_to__gte', models.F('effective_from')), _connector='OR'), name='students_nextsetting_ends_after_start'), models.CheckConstraint(condition=models.Q(('superseded_at__isnull', True), ('superseded_at__gte', models.F('recorded_at')), _connector='OR'), name='students_nextsetting_superseded_later')],
            },
        ),
        migrations.RunPython(add_constraint, drop_constraint),
        migrations.AddIndex(
            model_name='plan',
            index=models.Index(condition=models.Q(('program_setting_code__in', ('200', '201', '203', '204')), ('superseded_at__isnull', True)), fields=['student', 'effective_from'], name='preschool_plan'),
        ),
    ]
