"""Twenty-five students came with plans: found, looked at, adopted at once; one of the others is settled.

In a real browser, with clicks and seconds counted."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from tests.browser.person import COORDINATOR
from tests.support.forked import served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def system(folder, databases):
    """The small world with arrivals that nobody has looked at; jobs run, no sandbox is needed."""
    with served(folder, databases, "--arrivals", write_state=None) as running:
        yield running


def test_a_coordinator_adopts_twenty_five_plans_at_once(person, capsys):
    coordinator = person(COORDINATOR)
    page, main = coordinator.page, coordinator.page.locator("main")
    clicks = 0

    def click(target) -> None:
        nonlocal clicks
        clicks += 1
        target.click()

    coordinator.go("/students")
    click(page.get_by_text("Coming and going"))
    click(page.get_by_role("link", name="Arrivals"))
    # The nightly look may have been there already.
    click(page.get_by_role("button", name="Look now"))
    for _ in range(60):
        page.reload()
        if "Nothing: ready to adopt" in main.inner_text():
            break
        time.sleep(0.25)
    coordinator.look("arrivals-list")
    coordinator.go("/")
    expect(main).to_contain_text("Students who have come")

    clicks, started = 0, time.monotonic()
    click(page.get_by_role("link", name="Students who have come", exact=True))
    click(page.get_by_role("link", name="Adopt 25 plans that are safe"))
    expect(main).to_contain_text("Ready to adopt 25 students")
    coordinator.look("arrivals-preview")
    page.get_by_label("How you know that the plans go on").fill("Heron Creek confirmed the list by phone.")
    click(page.get_by_role("button", name="Adopt the ticked plans"))
    coordinator.picture("arrivals-progress", {"width": 1280, "height": 800})
    expect(main).to_contain_text("25 adopted", timeout=120_000)
    seconds = time.monotonic() - started
    with capsys.disabled():
        print(f"\n  adopt 25 at once: {clicks} clicks, {seconds:.1f} s from home to done", flush=True)
    assert clicks == 3
    coordinator.look("arrivals-batch")

    click(page.get_by_role("link", name="Testcase, Avocet00"))
    expect(main).to_contain_text("Plan adopted")
    coordinator.look("arrival-settled")
    coordinator.go("/arrivals")
    expect(main).to_contain_text("before the first day here")
    page.get_by_role("link", name="Testcase, Hoopoe").click()
    expect(main).to_contain_text("What follows: Ask first")
    coordinator.look("arrival-questions")
    page.get_by_label("3. Is the student going to take part here?").select_option(label="No")
    page.get_by_role("button", name="Keep these answers").click()
    expect(main).to_contain_text("What follows: Arrives inactive")
    page.get_by_label("How you know").fill("The family declined.")
    page.get_by_role("button", name="Settle as arrived inactive").click()
    expect(main).to_contain_text("Arrived inactive on 11/")
    page.get_by_role("link", name="Enrollments").click()
    expect(main).to_contain_text("Participation start")
    coordinator.look("enrollments")
    coordinator.picture("enrollments-820", {"width": 820, "height": 1200})
