"""A leaving of a batch is cut as the leaving is, the batch by its LEA."""

from django.db import migrations

from manzanita.platform.row_security import no_policy, of_agency, of_student, policy, run_on_postgresql

ITEM, BATCH = "leaving_leavingitem", "leaving_leavingbatch"


def apply(apps, schema_editor):
    here, person = of_agency("lea_code"), of_student(ITEM)
    run_on_postgresql(schema_editor, policy(ITEM, readable=[here, person], writable=[person]))
    run_on_postgresql(schema_editor, policy(BATCH, readable=[here], writable=[here]))


def undo(apps, schema_editor):
    for table in (ITEM, BATCH):
        run_on_postgresql(schema_editor, no_policy(table))


class Migration(migrations.Migration):
    dependencies = [("leaving", "0003_batches")]
    operations = [migrations.RunPython(apply, undo)]
