"""PostgreSQL keeps planned meetings within what reaches their student, and what was planned together in its LEA."""

from django.db import migrations

from manzanita.platform.row_security import no_policy, of_agency, policy, run_on_postgresql, student_table


def apply(apps, schema_editor):
    here = [of_agency("lea_code")]
    run_on_postgresql(schema_editor, policy("meetings_planbatch", readable=here, writable=here))
    # Their LEA is one that names the student already, so these rows add none.
    run_on_postgresql(schema_editor, student_table("meetings_plannedmeeting"))


def undo(apps, schema_editor):
    for table in ("meetings_plannedmeeting", "meetings_planbatch"):
        run_on_postgresql(schema_editor, no_policy(table))


class Migration(migrations.Migration):
    dependencies = [("meetings", "0004_planned_meetings"), ("students", "0014_one_agency_first")]
    operations = [migrations.RunPython(apply, undo)]
