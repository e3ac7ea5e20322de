"""Agencies are kept apart by the database itself, table by table: rows of a foreign student do not exist.

A row in each table for a student of either district is made once for the tests of this file."""

from __future__ import annotations

import pytest
import time_machine
from django.db import ProgrammingError, transaction

from manzanita.platform.reach import NOTHING, reach
from tests.postgres.rows import TABLES, Owned, rows_for
from tests.postgres.sql import asked, changed, keys
from tests.support import world as w

ALL_TABLES = ("students_student", *TABLES)
# What a table hangs on, where that is not the student.
HOLDERS = {
    "meetings_answer": "meeting_id",
    "meetings_decision": "meeting_id",
    "exchange_periodlock": "lea_code",
    "exchange_submission": "lea_code",
    "exchange_importrun": "lea_code",
    "findings_findingevent": "finding_id",
    "exchange_importfile": "run_id",
    "exchange_importnote": "file_id",
    "exchange_statereport": "lea_code",
    "exchange_statereportrow": "report_id",
    "exchange_compliancerun": "lea_code",
    "students_assignmentbatch": "agency_code",
    "students_batchedit": "agency_code",
    "students_pastedset": "agency_code",
    "meetings_planbatch": "lea_code",
    # Who asks for a student does not reach the student yet: a transfer belongs to its two sides.
    "transfers_studenttransfer": "receiving_code",
    # A line that was set aside is of the LEA whose SIS says it; whom it names may be another's student.
    "students_identityconflict": "lea_code",
    "arrivals_adoptionbatch": "lea_code",
    "leaving_leavingbatch": "lea_code",
}


@pytest.fixture(scope="module")
def kept_rows(kept_world, django_db_blocker) -> tuple[Owned, Owned]:
    with django_db_blocker.unblock(), time_machine.travel(w.NOON, tick=False):
        ours, theirs = (
            rows_for(lea, kept_world.students[name].pk, kept_world.case_manager.pk)
            for lea, name in ((w.LEA, "alder"), (w.OTHER_LEA, "sage"))
        )
    return ours, theirs


@pytest.fixture
def ours(kept_rows, small_world) -> Owned:
    return kept_rows[0]


@pytest.fixture
def theirs(kept_rows, small_world) -> Owned:
    return kept_rows[1]


def key_of(owned: Owned, table: str) -> int:
    return owned.student_id if table == "students_student" else owned.keys[table]


def holder_of(owned: Owned, table: str) -> tuple[str, object]:
    """The column by which a row of ``table`` belongs to somebody, and its value for ``owned``."""
    column = HOLDERS.get(table, "student_id")
    if column in ("agency_code", "receiving_code"):
        return column, owned.lea_code
    if column in ("lea_code", "student_id"):
        return column, getattr(owned, column)
    parent = {
        "meeting_id": "meetings_meeting",
        "finding_id": "findings_rulefinding",
        "run_id": "exchange_importrun",
        "report_id": "exchange_statereport",
        "file_id": "exchange_importfile",
    }
    return column, owned.keys[parent[column]]


# Which tables


@pytest.mark.django_db
def test_every_table_that_names_a_student_is_cut_also_for_its_owner():
    named = {
        table
        for (table,) in asked(
            "SELECT table_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name = 'student_id'"
        )
    }
    cut = {
        table
        for (table,) in asked(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND relkind = 'r'"
        )
    }
    # The logs are written by everybody; what names a student for access is judged by the agency that gives it.
    outside = {name for name in named if name.startswith(("auditing_", "accounts_"))}
    assert {name for name in outside if name.startswith("accounts_")} == {
        "accounts_grantstudent",
        "accounts_recordrequest",
    }
    assert named - outside <= cut
    assert cut == set(ALL_TABLES)


@pytest.mark.django_db
def test_who_runs_the_tests_is_neither_owner_nor_superuser():
    ((is_super, bypasses, owns),) = asked(
        "SELECT rolsuper, rolbypassrls, pg_has_role(oid, (SELECT relowner FROM pg_class WHERE relname = %s), 'MEMBER')"
        " FROM pg_roles WHERE rolname = current_user",
        ["students_student"],
    )
    assert (is_super, bypasses, owns) == (False, False, False)


# Rows of a foreign student


@pytest.mark.parametrize("table", ALL_TABLES)
def test_only_own_rows_are_read_page_by_page_too(table, ours, theirs):
    everybody = keys(table)
    assert {key_of(ours, table), key_of(theirs, table)} <= everybody
    with reach([w.OTHER_LEA]):
        foreign = keys(table)
    with reach([w.LEA]):
        own = keys(table)
        paged = {key for (key,) in asked(f"SELECT id FROM {table} ORDER BY id LIMIT 1000 OFFSET 0")}
        assert asked(f"SELECT id FROM {table} WHERE id = %s", [key_of(theirs, table)]) == []
    assert key_of(ours, table) in own
    assert key_of(theirs, table) in foreign
    # Each row of this world belongs to exactly one of the two districts.
    assert own == paged == everybody - foreign


@pytest.mark.parametrize("table", ALL_TABLES)
def test_nothing_is_read_where_no_reach_was_said(table, ours, theirs):
    assert keys(table)
    with reach(NOTHING):
        assert keys(table) == set()


@pytest.mark.parametrize("table", ALL_TABLES)
def test_a_foreign_row_is_neither_changed_nor_deleted(table, ours, theirs):
    with reach([w.LEA]):
        assert changed(f"UPDATE {table} SET id = id WHERE id = %s", [key_of(theirs, table)]) == 0
        assert changed(f"DELETE FROM {table} WHERE id = %s", [key_of(theirs, table)]) == 0
        # The same statement finds the own row.
        assert changed(f"UPDATE {table} SET id = id WHERE id = %s", [key_of(ours, table)]) == 1
    assert key_of(theirs, table) in keys(table)


@pytest.mark.parametrize("table", TABLES)
def test_an_own_row_is_not_moved_to_somebody_foreign(table, ours, theirs):
    column, foreign = holder_of(theirs, table)
    with reach([w.LEA]), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        changed(f"UPDATE {table} SET {column} = %s WHERE id = %s", [foreign, key_of(ours, table)])


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_added_to_somebody_foreign(table, ours, theirs):
    column, foreign = holder_of(theirs, table)
    columns = [
        name
        for (name,) in asked(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND table_schema = 'public'",
            [table],
        )
        if name not in ("id", column)
    ]
    names = ", ".join(f'"{name}"' for name in columns)
    copied = f'INSERT INTO {table} ({names}, "{column}") SELECT {names}, %s FROM {table} WHERE id = %s'
    with reach([w.LEA]), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        changed(copied, [foreign, key_of(ours, table)])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        # Given away whole, it would be out of the own reach.
        ("ARRAY['{other}']", "agencies of a person are named by facts"),
        # Shared by hand, a record would be handed over without anybody's decision.
        ("agencies || ARRAY['{other}']", "agencies of a person are named by facts"),
        ("'{{}}'", "agencies of a person are named by facts"),
    ],
)
def test_agencies_are_not_set_by_hand(value, words, ours, theirs):
    sql = f"UPDATE students_student SET agencies = {value.format(other=w.OTHER_LEA)} WHERE id = %s"
    with reach([w.LEA]):
        assert changed(sql, [theirs.student_id]) == 0
        with pytest.raises(ProgrammingError, match=words), transaction.atomic():
            changed(sql, [ours.student_id])
