"""Who is planned as case manager for July 1, in a browser: shown where somebody is assigned today, and handed over."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.forked import served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def system(folder, databases):
    """The small world with the people of ``tests.support.staff``."""
    with served(folder, databases, "--people", write_state=None, works=False) as running:
        yield running


def assign(coordinator, address: str, name: str):
    """Show what changes where Alder goes to ``name``; returns the row."""
    page = coordinator.page
    coordinator.go(address)
    page.get_by_label("Name", exact=True).fill("Alder")
    page.get_by_label("Person", exact=False).select_option(label=name)
    page.get_by_role("button", name="Show what changes").click()
    return page.locator("main").get_by_role("row", name="Testcase, Alder")


def test_who_is_planned_stays_is_shown_and_is_handed_over(coordinator):
    page = coordinator.page
    expect(assign(coordinator, "/assign?starts_on=2027-07-01", "Larkspur Sample")).to_contain_text("Yes")
    page.get_by_role("button", name="Assign the ticked students").click()
    expect(page.locator("main")).to_contain_text("1 student assigned to Larkspur Sample.")

    row = assign(coordinator, "/assign", "Juniper Mockup")
    expect(row).to_contain_text("through 06/30/2027; from 07/01/2027 Larkspur Sample, as planned")
    coordinator.look("people-assign-planned")

    coordinator.go("/admin")
    page.get_by_role("link", name="Larkspur Sample").click()
    page.get_by_role("link", name="Hand over, leave").click()
    row = page.locator("main").get_by_role("row", name="Testcase, Alder")
    expect(row).to_contain_text("planned from 07/01/2027")
    page.get_by_label("Everything goes to").select_option(label="Juniper Mockup")
    page.get_by_label("Reason").fill("Moves away")
    page.get_by_role("button", name="Show what happens").click()
    expect(page.locator("main")).to_contain_text("1 student would go over; nothing would be left.")
    coordinator.look("people-hand-over-planned")
    page.get_by_role("button", name="Hand over 1 student").click()
    expect(page.locator("main")).to_contain_text("Nothing hangs on Larkspur Sample any more.")
