"""Real browsers on a real system: web server, worker and sandbox are processes of their own.

Each module gets a system with the small world in it, on the database that the test run is for.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.person import COORDINATOR, PICTURES, Person, totp_key_of
from tests.support import state_files as w
from tests.support.databases import Databases, PostgresDatabases, SqliteDatabases
from tests.support.forked import served
from tests.support.system import System

# The shell is the same browser without windows: it draws the same and needs a third less of a machine.
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or "/usr/bin/chromium"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with its module: while Playwright's loop runs in a process, Django lets no other test query there."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def databases(tmp_path_factory) -> Iterator[Databases]:
    url = os.environ.get("DATABASE_URL", "")
    made = PostgresDatabases(url) if url else SqliteDatabases(tmp_path_factory.mktemp("databases"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("system")


@pytest.fixture(scope="module")
def system(folder, databases) -> Iterator[System]:
    """The small world, served; a module that needs more than that has a fixture of this name of its own."""
    with served(folder, databases) as running:
        yield running


@pytest.fixture(scope="module")
def coordinator(person) -> Person:
    return person(COORDINATOR)


@pytest.fixture(scope="module")
def person(browser, system) -> Iterator:
    """``person(email)``: somebody signed in, in a browser window of their own."""
    contexts = []

    def signed_in(email: str) -> Person:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        contexts.append(context)
        page: Page = context.new_page()
        return Person(page, system.address).sign_in(email, w.PASSWORD, totp_key_of(email))

    yield signed_in
    for context in contexts:
        context.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed step leaves pictures of every open window, where pictures are kept."""
    report = (yield).get_result()
    if report.failed and PICTURES:
        for name, value in item.funcargs.items():
            if isinstance(value, Person):
                value.page.screenshot(path=f"{PICTURES}/failed-{item.name}-{name}.png")
