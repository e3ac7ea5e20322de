"""Lists of the state and our counts are cut by the agency they are of; a row of a list through its list."""

from django.db import migrations

from manzanita.platform.row_security import no_policy, of_agency, of_row, policy, run_on_postgresql

OF_AGENCY = ("exchange_statereport", "exchange_compliancerun")
ROW = "exchange_statereportrow"


def policies() -> list[str]:
    statements: list[str] = []
    for table in OF_AGENCY:
        statements += policy(table, readable=[of_agency("lea_code")], writable=[of_agency("lea_code")])
    of_report = of_row(ROW, "report_id", "exchange_statereport")
    return [*statements, *policy(ROW, readable=[of_report], writable=[of_report])]


def apply(apps, schema_editor):
    run_on_postgresql(schema_editor, policies())


def undo(apps, schema_editor):
    for table in (ROW, *OF_AGENCY):
        run_on_postgresql(schema_editor, no_policy(table))


class Migration(migrations.Migration):
    dependencies = [("exchange", "0007_compliance")]
    operations = [migrations.RunPython(apply, undo)]
