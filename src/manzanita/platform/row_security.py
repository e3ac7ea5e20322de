"""SQL of the row-level security that migrations lay under the student-bearing tables (PostgreSQL only).

A person carries ``agencies``: the codes of every agency that a row about the person names, for good. The column is the
database's own: no model has it, triggers add to it, nobody takes from it. A policy lets through what the transaction's
setting ``manzanita.agencies`` reaches (``platform.reach``); a table below the person is cut through the person.

A policy never leads a plan. Its condition is an OR that begins with a constant, so the planner goes the way it would
go without, and checks the rows it finds on it. The sub-selects around the setting make it read once a query.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_SETTING = "current_setting('manzanita.agencies', true)"
# Written out instead of named by functions: a function would be read and put in anew for each query that is planned.
ALL = f"(SELECT {_SETTING} = '*')"
CODES = f"(SELECT string_to_array({_SETTING}, ','))"
# The code of one who reaches a single agency; of others NULL, which costs a comparison nothing.
SOLE_CODE = f"(SELECT nullif({_SETTING}, '') WHERE strpos({_SETTING}, ',') = 0)"
# Whoever enters a person reaches that person before any fact names an agency.
FIRST_AGENCIES = (
    f"CASE WHEN {_SETTING} = '*' THEN '{{}}' ELSE coalesce(string_to_array({_SETTING}, ','), '{{}}') END"
)
# Most reach one agency, and to find one code in an array takes half the time of comparing two arrays.
PERSON = f"{SOLE_CODE} = ANY (agencies) OR agencies && {CODES}"


def of_agency(column: str) -> str:
    """The row is of an agency within reach."""
    return f"{column} = ANY ({CODES}::text[])"


def of_sole_agency(column: str) -> str:
    """The row is of the one agency within reach; before ``of_agency``, where lists judge thousands of rows."""
    return f"{column} = {SOLE_CODE}"


def of_row(table: str, column: str, parent: str) -> str:
    """The row of ``parent`` that ``column`` names is within reach, by the policy of ``parent``.

    A scalar sub-select, so that it looks one row up where it is asked and never hashes the whole parent.
    """
    return f"{column} = (SELECT parent.id FROM {parent} AS parent WHERE parent.id = {table}.{column})"


def of_student(table: str) -> str:
    return of_row(table, "student_id", "students_student")


def policy(table: str, *, readable: Sequence[str], writable: Sequence[str]) -> list[str]:
    """Statements that cut ``table``: a row is read, changed and deleted where one of ``readable`` holds, and may be
    written where one of ``writable`` does. Also for the table's owner."""
    using, check = (" OR ".join([ALL, *conditions]) for conditions in (readable, writable))
    return [
        f"CREATE POLICY reach ON {table} USING ({using}) WITH CHECK ({check})",
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
    ]


def change_policy(table: str, *, readable: Sequence[str], writable: Sequence[str]) -> str:
    """The statement that gives a policy which stands other conditions."""
    using, check = (" OR ".join([ALL, *conditions]) for conditions in (readable, writable))
    return f"ALTER POLICY reach ON {table} USING ({using}) WITH CHECK ({check})"


def no_policy(table: str) -> list[str]:
    return [
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        f"DROP POLICY reach ON {table}",
    ]


def student_table(table: str, *, agency_columns: Sequence[str] = ()) -> list[str]:
    """Cut a table with a ``student_id``. Rows that name an agency within reach need no look at the person: whoever is
    named on a row stands in the person's ``agencies``. To write, the person must be within reach."""
    person = of_student(table)
    statements = policy(table, readable=[*map(of_agency, agency_columns), person], writable=[person])
    return [*statements, *naming_trigger(table, agency_columns)] if agency_columns else statements


def naming_trigger(table: str, agency_columns: Sequence[str]) -> list[str]:
    """A trigger that adds the agencies which new rows of ``table`` name to the persons' ``agencies``.

    Once for each statement, however many rows. EXECUTE plans it anew each time: a plan made while the tables were
    empty would read all of them for ever.
    """
    named = ", ".join(f"({column}::text)" for column in agency_columns)
    return [
        f"""
        CREATE FUNCTION {table}_names_agencies() RETURNS trigger LANGUAGE plpgsql AS $function$
        BEGIN
            EXECUTE $update${_adding(f"new_rows, LATERAL (VALUES {named}) AS named (code)")}$update$;
            RETURN NULL;
        END $function$
        """,
        f"""
        CREATE TRIGGER names_agencies AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION {table}_names_agencies()
        """,
    ]


def add_named_agencies(table: str, agency_columns: Sequence[str]) -> str:
    """Add the agencies that the rows of ``table`` name already."""
    named = ", ".join(f"({column}::text)" for column in agency_columns)
    return _adding(f"{table}, LATERAL (VALUES {named}) AS named (code)")


def _adding(named: str) -> str:
    return f"""
        UPDATE students_student AS student
           SET agencies = ARRAY(SELECT unnest(student.agencies) UNION SELECT unnest(stated.codes) ORDER BY 1)
          FROM (SELECT student_id, array_agg(DISTINCT code) AS codes FROM {named}
                 WHERE code <> '' AND student_id IS NOT NULL GROUP BY student_id) AS stated
         WHERE student.id = stated.student_id AND NOT student.agencies @> stated.codes
    """


def run_on_postgresql(schema_editor: Any, statements: Sequence[str]) -> None:
    """Run them in a migration; on SQLite nothing, which has no such net."""
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement)
