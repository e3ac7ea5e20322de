"""How the database is told its reach: these tests commit, or lose their connection."""

from __future__ import annotations

from contextlib import nullcontext

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from django.http import StreamingHttpResponse
from psycopg import IsolationLevel

from manzanita.accounts.middleware import ReachMiddleware
from manzanita.platform.reach import NOTHING, current_reach, reach
from manzanita.students.models import Student
from tests.postgres.sql import asked
from tests.support import world as w

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_statement_outside_a_transaction_is_told_and_leaves_nothing_behind(small_world):
    with reach([w.LEA]):
        assert Student.unscoped.count() == 3
    with reach(NOTHING):
        assert Student.unscoped.count() == 0
        assert asked("SELECT current_setting('manzanita.agencies', true)") in ([("",)], [(None,)])


@pytest.mark.parametrize(
    "code", ["'; SET LOCAL manzanita.agencies = '*", "\\'; SET LOCAL manzanita.agencies = '*", "\\", "'"]
)
def test_a_code_says_nothing_but_itself(code, small_world):
    with reach([code]):
        for within in (transaction.atomic, nullcontext):
            with within():
                assert asked("SELECT current_setting('manzanita.agencies', true)") == [(code,)]
                assert Student.unscoped.count() == 0


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


def test_an_answer_that_streams_reads_within_its_reach_after_the_request(small_world, rf):
    def names():
        for student in Student.unscoped.order_by("pk"):
            yield student.first_name

    request = rf.get("/")
    request.actor = small_world.coordinator_actor
    answer = ReachMiddleware(lambda request: StreamingHttpResponse(names()))(request)
    assert not connection.in_atomic_block
    assert [part.decode() for part in answer.streaming_content] == ["Alder", "Towhee", "Yarrow"]
