"""What goes to the state and comes from it is cut through its student, and where it has none by its LEA."""

from django.db import migrations

from manzanita.platform.row_security import (
    add_named_agencies,
    no_policy,
    of_agency,
    of_row,
    of_student,
    policy,
    run_on_postgresql,
    naming_trigger,
)

# What the state holds of a person names an agency for good; the rest follows from it and from archives.
NAMING = "exchange_staterecord"
OF_STUDENT = ("exchange_reportstatus", "exchange_operation", "exchange_statefinding")
OF_LEA = ("exchange_submission", "exchange_periodlock", "exchange_importrun")
PARTS = {
    "exchange_importfile": ("run_id", "exchange_importrun"),
    "exchange_importnote": ("file_id", "exchange_importfile"),
}
LEA = of_agency("lea_code")


def policies() -> list[str]:
    person = of_student(NAMING)
    statements = policy(
        NAMING, readable=[LEA, person], writable=[f"(student_id IS NULL AND {LEA})", person]
    )
    for table in OF_STUDENT:
        statements += policy(table, readable=[LEA, of_student(table)], writable=[of_student(table)])
    for table in OF_LEA:
        statements += policy(table, readable=[LEA], writable=[LEA])
    for table, (column, parent) in PARTS.items():
        of_parent = of_row(table, column, parent)
        statements += policy(table, readable=[of_parent], writable=[of_parent])
    line = "exchange_submissionline"
    statements += policy(
        line,
        readable=[of_student(line), of_row(line, "submission_id", "exchange_submission")],
        writable=[of_student(line)],
    )
    return statements


def apply(apps, schema_editor):
    run_on_postgresql(schema_editor, [add_named_agencies(NAMING, ["lea_code"])])
    run_on_postgresql(schema_editor, naming_trigger(NAMING, ["lea_code"]))
    run_on_postgresql(schema_editor, policies())


def undo(apps, schema_editor):
    for table in (NAMING, *OF_STUDENT, *OF_LEA, *PARTS, "exchange_submissionline"):
        run_on_postgresql(schema_editor, no_policy(table))
    run_on_postgresql(schema_editor, [f"DROP FUNCTION {NAMING}_names_agencies() CASCADE"])


class Migration(migrations.Migration):
    dependencies = [("exchange", "0005_report_status"), ("archive", "0004_row_level_security")]
    operations = [migrations.RunPython(apply, undo)]
