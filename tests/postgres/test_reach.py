"""Whom an agency reaches in the database: by facts, in requests and jobs, and through a transfer."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, transaction
from django.http import StreamingHttpResponse

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
from tests.postgres.sql import asked, changed, keys
from tests.support import pages
from tests.support import world as w

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


def test_a_savepoint_that_is_undone_takes_no_reach_along(small_world):
    with transaction.atomic(), reach([w.LEA]):
        assert Student.unscoped.count() == 3
        with pytest.raises(ProgrammingError), transaction.atomic(), reach([w.OTHER_LEA]):
            assert Student.unscoped.count() == 1
            asked("SELECT nothing")
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
