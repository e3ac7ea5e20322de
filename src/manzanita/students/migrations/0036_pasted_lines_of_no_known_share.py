"""PostgreSQL keeps no statistics of whose list a pasted line is.

Lists come and go all day. Statistics know those that were there when they were taken, and of a list that is newer the
planner would believe that it has one line: a page of 25,000 would be put together by comparing each line with each,
which takes minutes. Without any it goes by a two-hundredth of all lines, and hashes.
"""

from django.db import migrations

from manzanita.platform.row_security import run_on_postgresql

# To say the type anew forgets what is known of the column; nothing is written again, as it stays what it is.
FORGET = "ALTER TABLE students_pastedline ALTER COLUMN pasted_id TYPE bigint"


def ask_nothing(apps, schema_editor):
    run_on_postgresql(schema_editor, [f"{FORGET}, ALTER COLUMN pasted_id SET STATISTICS 0"])


def ask_again(apps, schema_editor):
    run_on_postgresql(
        schema_editor, ["ALTER TABLE students_pastedline ALTER COLUMN pasted_id SET STATISTICS -1"]
    )


class Migration(migrations.Migration):
    dependencies = [("students", "0035_whose_word_moved_enrollments_are")]
    operations = [migrations.RunPython(ask_nothing, ask_again)]
