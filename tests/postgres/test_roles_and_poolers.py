"""The role that acts, and a pooler between: agencies stay apart when one server connection serves everybody."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, connections, transaction

from manzanita.cli import main as manzanita
from manzanita.platform import database_roles
from manzanita.platform.database_roles import powers, require_powerless_role
from manzanita.platform.postgresql.base import DatabaseWrapper
from manzanita.platform.reach import NOTHING, WHOLE, reach
from manzanita.students.models import Student
from tests.support import pages
from tests.support import world as w
from tests.support.databases import APP_ROLE
from tests.support.pgbouncer import pgbouncer

OURS, THEIRS = ["Alder", "Towhee", "Yarrow"], ["Sage"]


def owner_url() -> str:
    given = connection.settings_dict
    return psycopg.conninfo.make_conninfo(
        host=given["HOST"] or "localhost",
        port=given["PORT"] or 5432,
        user=given["USER"],
        password=given["PASSWORD"],
        dbname=given["NAME"],
    )


@pytest.fixture
def login(transactional_db) -> Iterator[dict]:
    """A role of the application that may sign in, as settings of a connection."""
    name, password = f"manzanita_tests_{secrets.token_hex(6)}", secrets.token_hex(16)
    with psycopg.connect(owner_url(), autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' IN ROLE {APP_ROLE}")
        yield {"USER": name, "PASSWORD": password, "OPTIONS": {}}
        owner.execute(f"DROP ROLE {name}")


@pytest.fixture
def pooled(login) -> Iterator[dict]:
    """The same through PgBouncer, which has one connection to the server for all of its clients."""
    given = connection.settings_dict
    with pgbouncer(
        host=given["HOST"] or "localhost",
        port=int(given["PORT"] or 5432),
        database=given["NAME"],
        user=login["USER"],
        password=login["PASSWORD"],
    ) as port:
        yield {**login, "HOST": "127.0.0.1", "PORT": port}


@pytest.fixture
def clients(pooled) -> Iterator[list[str]]:
    """Aliases of two connections to the pooler."""
    aliases = ["first", "second"]
    for alias in aliases:
        connections[alias] = DatabaseWrapper({**connection.settings_dict, **pooled}, alias)
    yield aliases
    for alias in aliases:
        connections[alias].close()
        del connections[alias]


def names(alias: str) -> list[str]:
    return list(Student.unscoped.using(alias).order_by("pk").values_list("first_name", flat=True))


def server_process(alias: str) -> int:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def test_two_clients_in_turn_on_one_server_connection_see_each_their_own(clients, small_world):
    first, second = clients
    assert server_process(first) == server_process(second)
    for _ in range(3):
        with reach([w.LEA]), transaction.atomic(using=first):
            assert names(first) == OURS
        with reach([w.OTHER_LEA]), transaction.atomic(using=second):
            assert names(second) == THEIRS
        # Outside a transaction, and where nothing was said after somebody else had said something.
        with reach([w.LEA]):
            assert names(first) == OURS
        with reach(NOTHING):
            assert names(second) == names(first) == []
        with reach([w.OTHER_LEA]):
            assert names(first) == THEIRS
    assert server_process(first) == server_process(second)


def test_a_transaction_that_fails_leaves_its_reach_to_nobody(clients, small_world):
    first, second = clients
    with pytest.raises(ZeroDivisionError), reach(WHOLE), transaction.atomic(using=first):
        assert names(first) == OURS + THEIRS
        raise ZeroDivisionError
    with reach(NOTHING), transaction.atomic(using=second):
        assert names(second) == []


def test_requests_of_two_districts_in_turn_through_the_pooler(pooled, small_world, sign_in):
    signed_in = [sign_in(small_world.coordinator), sign_in(pages.other_coordinator(small_world))]
    connection.close()
    direct = connection.settings_dict
    connection.settings_dict = {**direct, **pooled}
    try:
        for _ in range(3):
            for client, own, foreign in zip(signed_in, (OURS, THEIRS), (THEIRS, OURS), strict=True):
                text = pages.text_of(client.get("/students"))
                assert all(f"Testcase, {name}" in text for name in own)
                assert not any(f"Testcase, {name}" in text for name in foreign)
    finally:
        connection.close()
        connection.settings_dict = direct


# Which role


def test_the_application_role_passes_and_the_owner_is_refused_in_words(login):
    app = DatabaseWrapper({**connection.settings_dict, **login}, "app")
    owner = DatabaseWrapper({**connection.settings_dict, "OPTIONS": {}}, "owner")
    try:
        for one in (app, owner):
            one.ensure_connection()
        assert powers(app) == []
        require_powerless_role(app)
        with pytest.raises(ImproperlyConfigured, match="would not keep agencies apart"):
            require_powerless_role(owner)
    finally:
        app.close()
        owner.close()


@pytest.mark.parametrize(
    ("right", "words"), [("BYPASSRLS", "may bypass row-level security"), ("SUPERUSER", "is a superuser")]
)
def test_production_opens_no_connection_for_a_role_above_row_level_security(login, settings, right, words):
    settings.PRODUCTION = True
    opened = DatabaseWrapper({**connection.settings_dict, **login}, "app")
    opened.ensure_connection()
    opened.close()
    with psycopg.connect(owner_url(), autocommit=True) as owner:
        owner.execute(f"ALTER ROLE {login['USER']} {right}")
    for _ in range(2):
        with pytest.raises(ImproperlyConfigured, match=words):
            opened.ensure_connection()


def test_migrations_run_as_owner_and_let_the_application_use_what_is_new(transactional_db, settings):
    settings.DATABASE_ROLE = APP_ROLE
    with psycopg.connect(owner_url(), autocommit=True) as owner:
        owner.execute("CREATE TABLE brand_new (id integer)")
        try:
            call_command("migrate", verbosity=0)
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO brand_new VALUES (1)")
                cursor.execute("SELECT current_user")
                # Afterwards it acts as before.
                assert cursor.fetchone() == (APP_ROLE,)
                cursor.execute("SELECT has_table_privilege('django_migrations', 'INSERT')")
                assert cursor.fetchone() == (False,)
        finally:
            owner.execute("DROP TABLE brand_new")
    assert not database_roles._is_owner_at_work


def test_db_roles_makes_the_role_once_and_says_whether_agencies_are_kept_apart(
    transactional_db, settings, capsys
):
    role = settings.DATABASE_ROLE = f"manzanita_tests_{secrets.token_hex(6)}"
    with psycopg.connect(owner_url(), autocommit=True) as owner:
        try:
            assert manzanita(["db-roles"]) == 0
            assert capsys.readouterr().out.startswith(f"{role}: made; it may read and write rows.")
            made = owner.execute(
                "SELECT rolsuper, rolbypassrls, rolcanlogin, has_table_privilege(oid, 'students_plan', 'INSERT'),"
                " has_table_privilege(oid, 'students_plan', 'TRUNCATE') FROM pg_roles WHERE rolname = %s",
                [role],
            ).fetchone()
            assert made == (False, False, False, True, False)
            # The tests' own login owns the tables, whatever it acts as.
            assert manzanita(["db-roles"]) == 1
            told = capsys.readouterr().out
            assert f"{role}: was there" in told
            assert "Agencies are not kept apart: " in told
        finally:
            owner.execute(f"DROP OWNED BY {role}")
            owner.execute(f"DROP ROLE {role}")
