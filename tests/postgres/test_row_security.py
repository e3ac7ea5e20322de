"""Agencies are kept apart by the database itself: whatever a query asks, rows of a foreign student do not exist."""

from __future__ import annotations

from contextlib import nullcontext

import psycopg
import pytest
from django.db import OperationalError, ProgrammingError, connection, transaction
from django.http import StreamingHttpResponse
from psycopg import IsolationLevel

from manzanita.accounts.middleware import ReachMiddleware, agencies_of
from manzanita.meetings import queries as meeting_queries
from manzanita.platform.jobs import enqueue_job, job_kind, run_jobs_now
from manzanita.platform.postgresql.base import OnlyToRead
from manzanita.platform.reach import (
    NOTHING,
    WHOLE,
    current_reach,
    reach,
    through_transfer,
    whole_installation,
)
from manzanita.students import queries as student_queries
from manzanita.students.actions import Identity, register_students, state_one
from manzanita.students.models import Enrollment, Plan, Student
from manzanita.transfers.models import StudentTransfer
from manzanita.web import student_lists
from tests.postgres.rows import TABLES, Owned, rows_for
from tests.support import pages
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
    "meetings_planbatch": "lea_code",
    # Who asks for a student does not reach the student yet: a transfer belongs to its two sides.
    "transfers_studenttransfer": "receiving_code",
    "arrivals_adoptionbatch": "lea_code",
    "leaving_leavingbatch": "lea_code",
}


@pytest.fixture
def ours(small_world) -> Owned:
    return rows_for(w.LEA, small_world.students["alder"].pk, small_world.case_manager.pk)


@pytest.fixture
def theirs(small_world) -> Owned:
    return rows_for(w.OTHER_LEA, small_world.students["sage"].pk, small_world.case_manager.pk)


def asked(sql: str, parameters: list | None = None) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def changed(sql: str, parameters: list | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.rowcount


def keys(table: str) -> set[int]:
    return {key for (key,) in asked(f"SELECT id FROM {table}")}


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


# Agencies


def agencies(student_id: int) -> set[str]:
    ((found,),) = asked("SELECT agencies FROM students_student WHERE id = %s", [student_id])
    return set(found)


def test_whoever_a_fact_names_reaches_the_student_and_keeps_the_reach(small_world):
    alder = small_world.students["alder"].pk
    with reach([w.OTHER_LEA]):
        assert not Student.unscoped.filter(pk=alder).exists()
    values = {"agency_code": w.OTHER_LEA, "school_code": ""}
    slot = {"student_id": alder, "relationship": "location"}
    told = {"slot": slot, "effective_from": w.TODAY, "by_id": None, "cause": "test"}
    with reach([w.LEA]):
        state_one("agency", values=values, **told)
    with reach([w.OTHER_LEA]):
        assert Student.unscoped.filter(pk=alder).exists()
    state_one("agency", values=None, **told)
    # The record of what was stays theirs, too; what they may still see of it the scope decides.
    assert agencies(alder) >= {w.LEA, w.OTHER_LEA}


def test_dsea_nps_and_npa_are_named_by_plan_enrollment_and_service(small_world):
    # The state's lines of Alder: reported by LEA, accountable to LEA, speech by the NPA.
    sage = small_world.students["sage"].pk
    assert agencies(sage) == {w.OTHER_LEA} | {
        code for (code,) in asked("SELECT npa_id FROM students_service WHERE student_id = %s", [sage]) if code
    }
    given = Enrollment(
        student_id=sage,
        lea_code=w.OTHER_LEA,
        started_on=w.TODAY,
        nps_code="9990001",
        effective_from=w.TODAY,
        recorded_at=w.NOON,
        superseded_at=w.NOON,
        cause="test",
    )
    given.save()
    assert "9990001" in agencies(sage)


def test_a_new_person_is_within_reach_of_who_enters_it_and_of_nobody_else(small_world):
    with reach([w.LEA]):
        (new,) = register_students([Identity("Phoebe", "", "Testcase", "", None, "F")])
        assert Student.unscoped.filter(pk=new.pk).exists()
    with reach([w.OTHER_LEA]):
        assert not Student.unscoped.filter(pk=new.pk).exists()
    assert agencies(new.pk) == {w.LEA}


# Requests and jobs


@pytest.fixture
def forgotten(monkeypatch):
    """The application forgot its scope: everybody is visible to everybody."""

    def everybody(actor):
        return Student.objects.scoped()

    for module in (student_queries, student_lists, meeting_queries):
        for name in ("visible_to", "listed_for"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, everybody)


def test_a_list_without_its_scope_shows_own_students_only(small_world, sign_in, forgotten):
    answer = sign_in(small_world.coordinator).get("/students")
    text = pages.text_of(answer)
    assert [name in text for name in ("Alder", "Towhee", "Yarrow", "Sage")] == [True, True, True, False]


def test_a_page_without_its_scope_does_not_find_a_foreign_student(small_world, sign_in, forgotten):
    client = sign_in(small_world.coordinator)
    found = [
        client.get(f"/students/{small_world.students[name].public_id}").status_code
        for name in ("alder", "sage")
    ]
    assert found == [200, 404]


@pytest.mark.django_db(transaction=True)
def test_a_request_is_one_transaction_that_an_error_undoes(small_world, rf):
    def view(request):
        assert connection.in_atomic_block
        assert current_reach() == (w.LEA,)
        Student.unscoped.filter(pk=small_world.students["alder"].pk).update(suffix="Jr.")
        return request.answer

    for status, suffix in ((500, ""), (200, "Jr.")):
        request = rf.get("/")
        request.actor = small_world.coordinator_actor
        request.answer = StreamingHttpResponse([], status=status)
        ReachMiddleware(view)(request)
        assert Student.unscoped.get(pk=small_world.students["alder"].pk).suffix == suffix


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_streams_reads_within_its_reach_after_the_request(small_world, rf):
    def names():
        for student in Student.unscoped.order_by("pk"):
            yield student.first_name

    request = rf.get("/")
    request.actor = small_world.coordinator_actor
    answer = ReachMiddleware(lambda request: StreamingHttpResponse(names()))(request)
    assert not connection.in_atomic_block
    assert [part.decode() for part in answer.streaming_content] == ["Alder", "Towhee", "Yarrow"]


def test_who_has_no_grant_reaches_nobody(small_world, rf):
    seen = []
    request = rf.get("/")
    request.actor = None
    ReachMiddleware(lambda request: seen.append(current_reach()) or StreamingHttpResponse([]))(request)
    assert seen == [NOTHING]


def test_a_job_reaches_what_its_starter_reached(small_world):
    seen = []

    @job_kind("tests.reach")
    def look(run):
        seen.append((current_reach(), Student.unscoped.count()))

    with reach(agencies_of(small_world.coordinator_actor)):
        enqueue_job(kind="tests.reach", args={})
    enqueue_job(kind="tests.reach", args={})
    with reach(NOTHING):
        run_jobs_now(raises_errors=True)
    assert seen == [((w.LEA,), 3), (WHOLE, 4)]


# How the database is told


def test_a_savepoint_that_is_undone_takes_no_reach_along(small_world):
    with transaction.atomic(), reach([w.LEA]):
        assert Student.unscoped.count() == 3
        with pytest.raises(ProgrammingError), transaction.atomic(), reach([w.OTHER_LEA]):
            assert Student.unscoped.count() == 1
            asked("SELECT nothing")
        assert Student.unscoped.count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_statement_outside_a_transaction_is_told_and_leaves_nothing_behind(small_world):
    with reach([w.LEA]):
        assert Student.unscoped.count() == 3
    with reach(NOTHING):
        assert Student.unscoped.count() == 0
        assert asked("SELECT current_setting('manzanita.agencies', true)") in ([("",)], [(None,)])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "code", ["'; SET LOCAL manzanita.agencies = '*", "\\'; SET LOCAL manzanita.agencies = '*", "\\", "'"]
)
def test_a_code_says_nothing_but_itself(code, small_world):
    with reach([code]):
        for within in (transaction.atomic, nullcontext):
            with within():
                assert asked("SELECT current_setting('manzanita.agencies', true)") == [(code,)]
                assert Student.unscoped.count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_transaction_that_is_told_is_of_the_kind_that_was_asked_for(small_world):
    kinds = []
    for level in (None, IsolationLevel.SERIALIZABLE):
        connection.connection.isolation_level = level
        try:
            with transaction.atomic(), reach([w.LEA]):
                assert Student.unscoped.count() == 3
                kinds += asked("SHOW transaction_isolation")
            with reach(NOTHING):
                assert Student.unscoped.count() == 0
        finally:
            connection.connection.isolation_level = None
    assert kinds == [("read committed",), ("serializable",)]


@pytest.mark.django_db(transaction=True)
def test_who_cannot_be_told_gets_no_transaction(small_world):
    """The words are not sent past an error: a server that is gone is one, and the next transaction is told anew."""
    ((server,),) = asked("SELECT pg_backend_pid()")
    given = connection.settings_dict
    place = {"host": given["HOST"] or "localhost", "port": given["PORT"] or 5432, "dbname": given["NAME"]}
    with psycopg.connect(**place, user=given["USER"], password=given["PASSWORD"], autocommit=True) as owner:
        owner.execute("SELECT pg_terminate_backend(%s, 5000)", [server])
    with reach([w.LEA]):
        with pytest.raises(OperationalError), transaction.atomic():
            Student.unscoped.count()
        with transaction.atomic():
            assert Student.unscoped.count() == 3


@pytest.mark.parametrize("codes", [["1,2"], ["*", "1"]])
def test_a_code_that_would_widen_the_reach_is_refused(codes):
    with pytest.raises(ValueError, match="not codes"), reach(codes):
        pass


# Reading one student through a transfer


@pytest.fixture
def transfer(small_world) -> StudentTransfer:
    """The other district asks for Alder, and somebody there attests the intent to enroll."""
    return StudentTransfer.objects.create(
        student_id=small_world.students["alder"].pk,
        receiving_code=w.OTHER_LEA,
        sending_code=w.LEA,
        called="A.",
        enroll_on=w.TODAY,
        state="requested",
        asked_by_id=1,
        asked_at=w.NOON,
        attested_on=w.TODAY,
    )


def read_through(transfer_id: int, codes: list[str]) -> tuple[set[int], int]:
    """Students there are, and plans of Alder, while the transfer is named."""
    with reach(codes), through_transfer(transfer_id):
        plans = asked("SELECT count(*) FROM students_plan AS p WHERE p.lea_code = %s", [w.LEA])
        return keys("students_student"), plans[0][0]


def test_through_an_open_transfer_one_student_more_exists(small_world, transfer):
    alder, sage = (small_world.students[name].pk for name in ("alder", "sage"))
    with reach([w.OTHER_LEA]):
        own = keys("students_student")
    assert sage in own and alder not in own

    found, plans = read_through(transfer.pk, [w.OTHER_LEA])
    # Alder, and nobody else of Chaparral; of the plans only Alder's two.
    assert found == own | {alder}
    assert plans == Plan.objects.filter(student=alder).count() > 0
    with reach([w.OTHER_LEA]):
        assert keys("students_student") == own


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"attested_on": None}, [w.OTHER_LEA]),
        ({"state": "declined", "ended_at": w.NOON}, [w.OTHER_LEA]),
        ({"state": "completed", "ended_at": w.NOON}, [w.OTHER_LEA]),
        ({"state": "withdrawn", "ended_at": w.NOON}, [w.OTHER_LEA]),
        ({}, ["9910077"]),
        ({}, []),
    ],
)
def test_the_database_looks_at_the_transfer_itself(small_world, transfer, changes, codes):
    StudentTransfer.objects.filter(pk=transfer.pk).update(**changes)

    found, _ = read_through(transfer.pk, codes)
    assert small_world.students["alder"].pk not in found


@pytest.mark.parametrize("opened", [{"released_at": w.NOON}, {"state": "accepted"}])
def test_a_release_or_an_acceptance_opens_it_too(small_world, transfer, opened):
    StudentTransfer.objects.filter(pk=transfer.pk).update(attested_on=None, **opened)

    assert small_world.students["alder"].pk in read_through(transfer.pk, [w.OTHER_LEA])[0]


def test_nothing_is_written_through_a_transfer(small_world, transfer):
    alder = small_world.students["alder"].pk
    for sql in (
        "UPDATE students_student SET first_name = 'X' WHERE id = %s",
        "DELETE FROM students_plan WHERE student_id = %s",
    ):
        with reach([w.OTHER_LEA]), through_transfer(transfer.pk), pytest.raises(OnlyToRead):
            changed(sql, [alder])


def test_no_transfer_named_is_none_and_it_is_forgotten_with_its_block(small_world, transfer):
    with reach([w.OTHER_LEA]):
        assert asked("SELECT transfers_previewed_student()") == [(None,)]
        with through_transfer(transfer.pk):
            assert asked("SELECT transfers_previewed_student()") == [(transfer.student_id,)]
        assert asked("SELECT transfers_previewed_student()") == [(None,)]


def test_a_transfer_is_forgotten_also_where_a_savepoint_was_rolled_back(small_world, transfer):
    with reach([w.OTHER_LEA]), transaction.atomic():
        with through_transfer(transfer.pk):
            assert asked("SELECT transfers_previewed_student()") == [(transfer.student_id,)]
            with pytest.raises(LookupError), transaction.atomic():
                raise LookupError
        assert asked("SELECT transfers_previewed_student()") == [(None,)]


def test_two_records_are_put_together_and_taken_apart_within_reach(small_world):
    """As the application's role, which may not set whom an agency reaches: the facts that are stated anew name them."""
    from manzanita.procedures.merging import merge_students, preview_merge
    from manzanita.procedures.merging_base import Asked
    from manzanita.procedures.merging_undo import undo_merge
    from tests.support.merging import entered_again, everything, pair_of

    alder, actor = small_world.students["alder"], small_world.coordinator_actor
    with whole_installation("the test sees both districts"):
        second = entered_again()
        slot = {"student_id": second.pk, "relationship": "location"}
        values = {"agency_code": w.OTHER_LEA, "school_code": ""}
        state_one("agency", slot=slot, values=values, effective_from=w.TODAY, by_id=None, cause="test")
        pair = pair_of(alder, second)
        before = everything(alder, second)
    assert w.OTHER_LEA not in agencies(alder.pk)
    with reach([w.LEA]):
        seen = preview_merge(actor, pair, Asked()).seen
        assert w.OTHER_LEA not in agencies(alder.pk)
        merge, _ = merge_students(actor=actor, pair=pair, asked=Asked(), reason="Same child", seen=seen)
        assert w.OTHER_LEA in agencies(alder.pk)
        undo_merge(actor=actor, merge=merge)
    with whole_installation("the test sees both districts"):
        assert everything(alder, second) == before
