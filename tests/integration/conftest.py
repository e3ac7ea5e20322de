"""The small world with a gateway to a state that is away, or to a real sandbox process."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from manzanita.exchange.gateway import choice
from manzanita.exchange.gateway.choice import gateway
from tests.support import state_files
from tests.support.system import SECRET, System, free_port


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


@pytest.fixture
def sandbox(world, settings, tmp_path) -> Iterator[System]:
    """A sandbox that holds the small world; the settings name it."""
    state_files.write_files(tmp_path / "state")
    system = System(tmp_path / "system", "sqlite:///unused")
    system.start_sandbox(tmp_path / "state")
    system.control("clock", today="2026-11-23")
    settings.STATE_GATEWAY = {**settings.STATE_GATEWAY, "url": system.sandbox_address}
    yield system
    gateway(form="api", destination="sandbox")._http.close()
    system.stop()


# They take migrations back and apply them again, as the owner of the tables; on PostgreSQL every test acts as a role
# that owns nothing. The migrations themselves run on both databases.
MIGRATES = {"test_rows_from_before_are_read_and_sealed", "test_the_mark_of_a_contact_becomes_a_dated_right"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        items[:] = [item for item in items if item.name not in MIGRATES]
