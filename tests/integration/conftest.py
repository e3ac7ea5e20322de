"""The small world with a gateway to a state that is away, or to a real sandbox process."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from manzanita.exchange.gateway import choice
from manzanita.exchange.gateway.choice import gateway
from manzanita.exchange.models import ImportRun
from manzanita.procedures.import_sis import take_in_sis_files
from tests.support import state_files
from tests.support import world as w
from tests.support.ports import free_port
from tests.support.system import SECRET, System


@pytest.fixture
def world(small_world, settings, tmp_path):
    """The small world; nobody listens at the address of the state."""
    settings.STATE_GATEWAY = {
        **settings.STATE_GATEWAY,
        "client_secret": SECRET,
        "poll_seconds": 0.02,
        "settle_seconds": 0,
        "timeout_seconds": 5,
        "url": f"http://127.0.0.1:{free_port()}",
        "files_dir": str(tmp_path / "files"),
    }
    yield small_world
    choice._api.cache_clear()


@pytest.fixture(scope="session")
def kept_sandbox(tmp_path_factory) -> Iterator[System]:
    """One sandbox process for all tests of this worker; ``state_at_first`` is a copy of what it holds at first."""
    folder = tmp_path_factory.mktemp("sandbox")
    state_files.write_files(folder / "state")
    system = System(folder, "sqlite:///unused")
    system.start_sandbox(folder / "state")
    system.control("clock", today="2026-11-23")
    _copy(folder / "state.sqlite3", folder / "state_at_first.sqlite3")
    yield system
    system.stop()


@pytest.fixture
def sandbox(world, settings, kept_sandbox) -> Iterator[System]:
    """A sandbox that holds the small world, as if it had just begun; the settings name it."""
    folder = kept_sandbox.folder
    if not kept_sandbox.is_running("sandbox"):
        kept_sandbox.start_sandbox()
    # Settings, weather and tokens stand in the database, too; each request opens it anew.
    _copy(folder / "state_at_first.sqlite3", folder / "state.sqlite3")
    os.truncate(folder / "sandbox.log", 0)
    settings.STATE_GATEWAY = {**settings.STATE_GATEWAY, "url": kept_sandbox.sandbox_address}
    yield kept_sandbox
    gateway(form="api", destination="sandbox")._http.close()


def _copy(source: Path, target: Path) -> None:
    """A copy of an SQLite database that others may have open, in one transaction."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target, timeout=30)) as written:
        read.backup(written)


# They take migrations back and apply them again, as the owner of the tables; on PostgreSQL every test acts as a role
# that owns nothing. The migrations themselves run on both databases.
MIGRATES = {
    "test_rows_from_before_are_read_and_sealed",
    "test_the_mark_of_a_contact_becomes_a_dated_right",
    "test_what_was_the_clerks_alone_is_the_job_of_clerk_or_coordinator",
    "test_roles_and_lent_grants_that_hold_meetings_keep_reporting_participation",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        items[:] = [item for item in items if item.name not in MIGRATES]


@pytest.fixture
def take_in(small_world, tmp_path):
    """``take_in(SENR.txt=text or bytes, …)`` imports files for our LEA and returns the run."""

    def imported(lea_code: str = w.LEA, **contents: str | bytes) -> ImportRun:
        paths: list[Path] = []
        for name, content in contents.items():
            paths.append(tmp_path / f"{name}.txt")
            paths[-1].write_bytes(content.encode() if isinstance(content, str) else content)
        return take_in_sis_files(paths, lea_code=lea_code, by_id=None)

    return imported
