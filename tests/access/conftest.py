"""The world of the access matrix, built once for the tests of a file; each works in a savepoint of its own."""

import copy

import pytest
import time_machine
from django.conf import settings as configured
from django.test import override_settings

from tests.access.world import AccessWorld, access_world
from tests.support.world import NOON


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def kept_access(kept_world, django_db_blocker, files) -> AccessWorld:
    with (
        django_db_blocker.unblock(),
        time_machine.travel(NOON, tick=False),
        override_settings(MEDIA_ROOT=files, STATE_GATEWAY=_gateway(files)),
    ):
        return access_world(kept_world)


def _gateway(files) -> dict:
    return {**configured.STATE_GATEWAY, "files_dir": str(files)}


@pytest.fixture
def access(kept_access, small_world, settings, files) -> AccessWorld:
    settings.STATE_GATEWAY = _gateway(files)
    settings.MEDIA_ROOT = files
    return copy.deepcopy(kept_access)
