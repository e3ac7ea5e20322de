"""PostgreSQL keeps agencies apart by itself: people carry their agencies, and policies ask for them."""

from django.db import migrations

from manzanita.platform.row_security import (
    FIRST_AGENCIES,
    PERSON,
    add_named_agencies,
    no_policy,
    policy,
    run_on_postgresql,
    student_table,
)

# Facts, and their columns that name an agency.
FACTS = {
    "students_enrollment": ("lea_code", "nps_code"),
    "students_specialeducationstatus": ("lea_code",),
    "students_plan": ("lea_code", "dsea_code"),
    "students_service": ("lea_code", "npa_id"),
    "students_agencyrelation": ("agency_code",),
    "students_ssid": (),
    "students_caseassignment": (),
    "students_teammember": (),
    "students_contact": (),
    "students_rightsholder": (),
}
AGENCIES = (
    f"ALTER TABLE students_student ADD COLUMN agencies text[] NOT NULL DEFAULT {FIRST_AGENCIES}",
    # Facts name agencies; a statement that only says so would hand a record over, or take it away.
    """
    CREATE FUNCTION students_student_keep_agencies() RETURNS trigger LANGUAGE plpgsql AS $function$
    BEGIN
        IF pg_trigger_depth() < 2 AND NOT pg_has_role(
            current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER'
        ) THEN
            RAISE insufficient_privilege USING MESSAGE = 'agencies of a person are named by facts, not by hand';
        END IF;
        RETURN NEW;
    END $function$
    """,
    """
    CREATE TRIGGER keep_agencies BEFORE UPDATE OF agencies ON students_student FOR EACH ROW
    WHEN (OLD.agencies IS DISTINCT FROM NEW.agencies) EXECUTE FUNCTION students_student_keep_agencies()
    """,
)


def apply(apps, schema_editor):
    # The column is empty for who is there already, whoever runs this; their facts fill it.
    run_on_postgresql(schema_editor, AGENCIES)
    run_on_postgresql(
        schema_editor, [add_named_agencies(table, columns) for table, columns in FACTS.items() if columns]
    )
    run_on_postgresql(schema_editor, policy("students_student", readable=[PERSON], writable=[PERSON]))
    for table, columns in FACTS.items():
        run_on_postgresql(schema_editor, student_table(table, agency_columns=columns))


def undo(apps, schema_editor):
    for table, columns in FACTS.items():
        run_on_postgresql(schema_editor, no_policy(table))
        if columns:
            run_on_postgresql(schema_editor, [f"DROP FUNCTION {table}_names_agencies() CASCADE"])
    run_on_postgresql(
        schema_editor,
        [
            *no_policy("students_student"),
            "DROP FUNCTION students_student_keep_agencies() CASCADE",
            "ALTER TABLE students_student DROP COLUMN agencies",
        ],
    )


class Migration(migrations.Migration):
    dependencies = [("students", "0009_no_rights_mark")]
    operations = [migrations.RunPython(apply, undo)]
