"""Referrals for assessment, before any consent."""

import django.db.models.deletion
from django.db import migrations, models

from manzanita.platform.facts import no_overlap_sql


def add_constraint(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(no_overlap_sql("students_referral", ("student_id", "lea_code")))


def drop_constraint(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE students_referral DROP CONSTRAINT students_referral_no_overlap")


class Migration(migrations.Migration):

    dependencies = [
        ('students', '0025_identity_within_reach'),
    ]

    operations = [
        migrations.CreateModel(
            name='Referral',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('effective_from', models.DateField()),
                ('effective_to', models.DateField(blank=True, null=True)),
                ('recorded_at', models.DateTimeField()),
                ('superseded_at', models.DateTimeField(blank=True, null=True)),
                ('by_id', models.BigIntegerField(blank=True, null=True)),
                ('cause', models.CharField(max_length=80)),
                ('lea_code', models.CharField(max_length=7)),
                ('referred_by_code', models.CharField(max_length=2)),
                ('note', models.CharField(blank=True, max_length=300)),
                ('plan_given_on', models.DateField(blank=True, null=True)),
                ('answer_code', models.CharField(blank=True, max_length=10)),
                ('answer_note', models.CharField(blank=True, max_length=300)),
                ('student', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='students.student')),
            ],
            options={
                'abstract': False,
                'indexes': [models.Index(condition=models.Q(('superseded_at__isnull', True)), fields=['student', 'effective_from'], name='referral_of_student'), models.Index(condition=models.Q(('effective_to__isnull', True), ('superseded_at__isnull', True)), fields=['lea_code', 'effective_from', 'student'], name='referral_waiting')],
                'constraints': [models.CheckConstraint(condition=models.Q(('effective_to__isnull', True), ('effective_to__gte', models.F('effective_from')), _connector='OR'), name='students_referral_ends_after_start'), models.CheckConstraint(condition=models.Q(('superseded_at__isnull', True), ('superseded_at__gte', models.F('recorded_at')), _connector='OR'), name='students_referral_superseded_later')],
            },
        ),
        migrations.RunPython(add_constraint, drop_constraint),
    ]
