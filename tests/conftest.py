"""Fixtures that every test may ask for. What only one folder needs stands in that folder.

A test that reads the clock asks for ``noon``; a test that needs people and students asks for ``small_world``;
a test of a page asks for ``sign_in``. Nothing else is built behind a test's back.
"""

import copy
import os
from contextlib import ExitStack

import hypothesis
import pytest
import time_machine
from _pytest.runner import pytest_runtest_protocol as run_test

import tests.support  # noqa: F401 - tests build and look at data of every agency
from manzanita.platform.memory import keep_what_is_loaded, with_room
from tests.support.flush import use_quick_flush

# One machine finds new examples with every run; the one that decides about a merge repeats itself.
hypothesis.settings.register_profile("house", deadline=None, derandomize=os.environ.get("CI") == "true")
hypothesis.settings.load_profile("house")
use_quick_flush()


# What takes longest begins first: whoever began it last would work on alone at the end.
LONGEST = (
    "test_matrix",
    "test_matrix_sending",
    "test_weather",
    "test_jobs",
    "test_scope",
    "test_facts",
    "test_send",
    "test_matrix_lists",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


def pytest_collection_finish() -> None:
    keep_what_is_loaded()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """A fifth of a run's processor time went into room for frames: pages are called from deep within pytest."""
    return with_room(run_test)(item, nextitem)


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb, django_db_modify_db_settings):
    """Each worker's database is a copy, where ``tests/run.py`` made one to be copied: tables take seconds to make."""
    from django.db import connection

    from tests.support.databases import copy_for_django

    return copy_for_django(connection) or django_db_keepdb


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """On PostgreSQL every test acts as a role that owns nothing, so that row-level security holds for it."""
    from django.db import connection

    from tests.support.databases import act_as_app_role

    if connection.vendor != "postgresql":
        yield
        return
    with django_db_blocker.unblock(), act_as_app_role(connection):
        yield


@pytest.fixture(scope="session")
def databases(tmp_path_factory):
    """Makes databases, of the sort that is tested, for real processes; each is a copy of one that is made once."""
    from tests.support.databases import PostgresDatabases, SqliteDatabases

    url = os.environ.get("DATABASE_URL", "")
    made = PostgresDatabases(url) if url else SqliteDatabases(tmp_path_factory.mktemp("databases"))
    yield made
    made.close()


@pytest.fixture
def noon():
    """The clock stands at noon in California on Monday, November 23, 2026."""
    from tests.support.world import NOON

    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Before a test that commits, what is kept for the tests of its file is taken back: it is in a transaction."""
    item.session.stash[_IS_COMMITTING] = _commits(item)
    if _commits(item) and (kept := item.session.stash.get(_KEPT, None)):
        kept.close()


@pytest.fixture(scope="module")
def kept_world(request, django_db_setup, django_db_blocker):
    """The small world, built once for the tests of a file; each of them works in a savepoint of its own.

    ``None`` for tests that commit, which come last in their file: each of them builds the world anew.
    """
    from django.db import transaction

    from tests.support.world import NOON
    from tests.support.world import small_world as build

    if request.session.stash[_IS_COMMITTING]:
        yield None
        return
    with ExitStack() as kept:
        kept.enter_context(django_db_blocker.unblock())
        kept.enter_context(transaction.atomic())
        kept.callback(transaction.set_rollback, True)
        with time_machine.travel(NOON, tick=False):
            world = build()
        request.session.stash[_KEPT] = kept
        yield world


_KEPT: pytest.StashKey[ExitStack] = pytest.StashKey()
_IS_COMMITTING: pytest.StashKey[bool] = pytest.StashKey()


def _commits(item) -> bool:
    marker = item.get_closest_marker("django_db")
    return "transactional_db" in item.fixturenames or bool(marker and marker.kwargs.get("transaction"))


@pytest.fixture
def small_world(request, kept_world, db, noon):
    """The SELPA of :mod:`tests.support.world` in the test database."""
    from tests.support.world import small_world as build

    return build() if kept_world is None or _commits(request.node) else copy.deepcopy(kept_world)


@pytest.fixture
def sign_in():
    """``sign_in(user, grant=None)`` gives a client that is signed in with a second factor, acting through ``grant``."""
    from tests.support.sign_in import signed_in

    return signed_in
