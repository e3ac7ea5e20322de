"""One row for each list instead of one for each student, the purpose, the disclosure log, and what seals the logs."""

import django.utils.timezone
from django.db import migrations, models

from manzanita.auditing import read_index


def students_into_lists(apps, schema_editor):
    """Rows of one student become events of one student; they stay as many as they were."""
    member = "jsonb_build_array(student_id)" if schema_editor.connection.vendor == "postgresql" else "json_array(student_id)"
    schema_editor.execute(f"UPDATE auditing_readevent SET student_ids = {member}, student_count = 1")


def let_all_wait(apps, schema_editor):
    """Rows from before the seals are sealed in the first round, in the installation's own chain."""
    for log, table in (("read", "auditing_readevent"), ("change", "auditing_changeevent")):
        schema_editor.execute(
            f"INSERT INTO auditing_unsealed (lea_code, log, row_id, at) SELECT '', '{log}', id, at FROM {table} ORDER BY id"
        )


class Migration(migrations.Migration):

    dependencies = [
        ('auditing', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Disclosure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('lea_code', models.CharField(blank=True, default='', max_length=7)),
                ('request_id', models.CharField(blank=True, default='', max_length=64)),
                ('student_id', models.BigIntegerField()),
                ('kind', models.CharField(choices=[('disclosed', 'Given out'), ('requested', 'Asked for, not given')], max_length=10)),
                ('disclosed_on', models.DateField()),
                ('party', models.CharField(max_length=200)),
                ('authority_code', models.CharField(max_length=30)),
                ('interest', models.CharField(max_length=300)),
                ('purpose', models.CharField(max_length=300)),
                ('what', models.CharField(max_length=300)),
                ('by_id', models.BigIntegerField()),
                ('corrects_id', models.BigIntegerField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='LogSeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lea_code', models.CharField(blank=True, default='', max_length=7)),
                ('sequence', models.BigIntegerField()),
                ('log', models.CharField(max_length=20)),
                ('row_id', models.BigIntegerField()),
                ('form', models.PositiveSmallIntegerField()),
                ('sealed_at', models.DateTimeField()),
                ('mac', models.BinaryField(max_length=32)),
            ],
        ),
        migrations.CreateModel(
            name='SealCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('row_count', models.BigIntegerField()),
                ('seconds', models.FloatField()),
                ('problem_count', models.BigIntegerField()),
                ('first_problem', models.CharField(blank=True, default='', max_length=300)),
                ('waiting_count', models.BigIntegerField()),
                ('waiting_seconds', models.FloatField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='SealHead',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lea_code', models.CharField(blank=True, max_length=7, unique=True)),
                ('sequence', models.BigIntegerField(default=0)),
                ('mac', models.BinaryField(default=b'\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00', max_length=32)),
                ('sealed_at', models.DateTimeField(blank=True, null=True)),
                ('anchored_sequence', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Unsealed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lea_code', models.CharField(blank=True, default='', max_length=7)),
                ('log', models.CharField(max_length=20)),
                ('row_id', models.BigIntegerField()),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='changeevent',
            name='lea_code',
            field=models.CharField(blank=True, default='', max_length=7),
        ),
        migrations.AddField(
            model_name='changeevent',
            name='request_id',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='changeevent',
            name='viewed_as_user_id',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='readevent',
            name='content_class',
            field=models.CharField(blank=True, choices=[('counts', 'Counts without students'), ('roster', 'Names, ids, dates and codes of a list'), ('record', 'Records: plan, services, meetings, state lines'), ('narrative', 'Narrative, health or assessment text'), ('log', 'The logs themselves')], default='', max_length=20),
        ),
        migrations.AddField(
            model_name='readevent',
            name='filter_codes',
            field=models.CharField(blank=True, default='', max_length=200),
        ),
        migrations.AddField(
            model_name='readevent',
            name='kind',
            field=models.CharField(choices=[('page', 'Page'), ('list', 'List'), ('print', 'Print'), ('export', 'Export')], default='page', max_length=10),
        ),
        migrations.AddField(
            model_name='readevent',
            name='lea_code',
            field=models.CharField(blank=True, default='', max_length=7),
        ),
        migrations.AddField(
            model_name='readevent',
            name='purpose_code',
            field=models.CharField(blank=True, default='', max_length=30),
        ),
        migrations.AddField(
            model_name='readevent',
            name='purpose_note',
            field=models.CharField(blank=True, default='', max_length=200),
        ),
        migrations.AddField(
            model_name='readevent',
            name='size_bytes',
            field=models.PositiveBigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='readevent',
            name='student_count',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='readevent',
            name='student_ids',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='readevent',
            name='viewed_as_user_id',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.RunPython(students_into_lists, migrations.RunPython.noop),
        migrations.RemoveIndex(
            model_name='readevent',
            name='auditing_read_of_student',
        ),
        migrations.RemoveField(
            model_name='readevent',
            name='student_id',
        ),
        migrations.AddIndex(
            model_name='readevent',
            index=models.Index(fields=['lea_code', '-at'], name='auditing_read_of_lea'),
        ),
        migrations.AddConstraint(
            model_name='readevent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['page', 'list', 'print', 'export'])), name='auditing_read_kind_known'),
        ),
        migrations.AddIndex(
            model_name='disclosure',
            index=models.Index(fields=['student_id', '-disclosed_on'], name='auditing_disclosure_student'),
        ),
        migrations.AddConstraint(
            model_name='disclosure',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['disclosed', 'requested'])), name='auditing_disclosure_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='logseal',
            constraint=models.UniqueConstraint(fields=('lea_code', 'sequence'), name='auditing_seal_in_order'),
        ),
        migrations.AddConstraint(
            model_name='logseal',
            constraint=models.UniqueConstraint(fields=('log', 'row_id'), name='auditing_seal_once'),
        ),
        migrations.AddIndex(
            model_name='unsealed',
            index=models.Index(fields=['lea_code', 'id'], name='auditing_unsealed_of_lea'),
        ),
        migrations.RunPython(read_index.create, read_index.drop),
        migrations.RunPython(let_all_wait, migrations.RunPython.noop),
    ]
