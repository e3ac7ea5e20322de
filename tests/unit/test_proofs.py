"""Every proof and bench can at least be started: CI runs few of them, and a name that moved would be found by hand."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from tests import prove

MODULES = sorted(one.name for one in pkgutil.iter_modules(prove.__path__))


def test_they_are_found():
    assert {"bench_due", "bench_due_pages", "bench_find", "bench_rls", "crash", "storm"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_each_can_be_imported(name):
    importlib.import_module(f"tests.prove.{name}")
