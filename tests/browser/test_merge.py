"""A student who was entered twice: seen side by side, put together, and taken apart again, in a real browser."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from tests.browser.person import COORDINATOR
from tests.support.forked import served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def system(folder, databases):
    """The small world with a second record of Alder; no sandbox is needed, nor a worker."""
    with served(folder, databases, "--twice", write_state=None, works=False) as running:
        yield running


def test_a_duplicate_is_put_together_and_taken_apart_again(person, capsys):
    coordinator = person(COORDINATOR)
    page, main = coordinator.page, coordinator.page.locator("main")
    clicks, begun = 0, time.monotonic()

    def click(target) -> None:
        nonlocal clicks
        target.click()
        clicks += 1

    coordinator.go("/students/duplicates")
    expect(main).to_contain_text("Testcase, Adler")
    coordinator.look("merge-queue")
    click(page.get_by_role("link", name="Compare and put together"))
    expect(main).to_contain_text("Nothing is done yet.")
    coordinator.look("merge-compare")
    coordinator.picture("merge-compare-820", {"width": 820, "height": 1400})
    click(page.get_by_label("Maple Testcase, Mother, 555-0199"))
    click(page.get_by_role("button", name="Show what comes of it"))
    expect(main).to_contain_text("What follows is what comes of your choices.")
    expect(page.get_by_label("Maple Testcase, Mother, 555-0199")).to_be_checked()
    page.get_by_label("Why they are one student, or two").fill("Same birth certificate")
    click(page.get_by_role("button", name="Put together"))
    expect(main).to_contain_text("Put together: this is the one record now.")
    coordinator.look("merge-done")
    merged_in, merged_clicks = time.monotonic() - begun, clicks

    click(page.get_by_role("link", name="Alder Testcase"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Alder Testcase")
    page.go_back()
    click(page.get_by_role("button", name="Undo the merge"))
    expect(main).to_contain_text("Taken back: there are two records again, each as it was.")
    expect(main).to_contain_text("Testcase, Adler")
    coordinator.look("merge-undone")
    with capsys.disabled():
        print(
            f"\nmerge a duplicate: {merged_clicks} clicks, {merged_in:.1f} s; "
            f"with taking it back: {clicks} clicks, {time.monotonic() - begun:.1f} s"
        )
