"""What is changed together is kept within its agency, each line with its student; next year's data as other facts."""

from django.db import migrations

from manzanita.platform.facts import no_overlap_sql
from manzanita.platform.row_security import no_policy, of_agency, policy, run_on_postgresql, student_table


def apply(apps, schema_editor):
    here = [of_agency("agency_code")]
    run_on_postgresql(schema_editor, policy("students_batchedit", readable=here, writable=here))
    for table in ("students_batchline", "students_nextyear"):
        run_on_postgresql(schema_editor, student_table(table))
    run_on_postgresql(schema_editor, [no_overlap_sql("students_nextyear", ("student_id",))])


def undo(apps, schema_editor):
    run_on_postgresql(schema_editor, ["ALTER TABLE students_nextyear DROP CONSTRAINT students_nextyear_no_overlap"])
    for table in ("students_batchedit", "students_batchline", "students_nextyear"):
        run_on_postgresql(schema_editor, no_policy(table))


class Migration(migrations.Migration):
    dependencies = [("students", "0020_batch_edits")]
    operations = [migrations.RunPython(apply, undo)]
