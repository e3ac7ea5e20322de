"""Transfers are cut to their two sides; through an open one the side that asks reads the student, and nothing more.

The reading is a policy of its own, for SELECT only. It asks a function, which is not planned anew with each query, and
which answers nothing as long as no transfer was named to the transaction (``platform.reach.through_transfer``).
"""

from django.db import migrations

from manzanita.platform.row_security import no_policy, of_agency, of_sole_agency, policy, run_on_postgresql

TABLE = "transfers_studenttransfer"
SIDES = [way(column) for way in (of_sole_agency, of_agency) for column in ("receiving_code", "sending_code")]
PREVIEW = (
    """
    CREATE FUNCTION transfers_previewed_student() RETURNS bigint LANGUAGE plpgsql STABLE AS $function$
    DECLARE
        named text := current_setting('manzanita.transfer', true);
        found bigint;
    BEGIN
        IF named IS NULL OR named = '' THEN
            RETURN NULL;
        END IF;
        SELECT student_id INTO found FROM transfers_studenttransfer
         WHERE id = named::bigint
           AND receiving_code = ANY (string_to_array(current_setting('manzanita.agencies', true), ','))
           AND state IN ('requested', 'escalated', 'accepted')
           AND (attested_on IS NOT NULL OR released_at IS NOT NULL OR state = 'accepted');
        RETURN found;
    END $function$
    """,
    "CREATE POLICY preview ON students_student FOR SELECT USING (id = (SELECT transfers_previewed_student()))",
)


def apply(apps, schema_editor):
    run_on_postgresql(schema_editor, [*policy(TABLE, readable=SIDES, writable=SIDES), *PREVIEW])


def undo(apps, schema_editor):
    run_on_postgresql(
        schema_editor,
        [
            "DROP POLICY preview ON students_student",
            "DROP FUNCTION transfers_previewed_student()",
            *no_policy(TABLE),
        ],
    )


class Migration(migrations.Migration):
    dependencies = [("transfers", "0001_initial"), ("students", "0017_name_keys_of_everybody")]
    operations = [migrations.RunPython(apply, undo)]
