"""From the list of infants near three to the fact that says who owes the IEP, and where the office says it: a story."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.forked import served

pytestmark = pytest.mark.browser
ADDRESS = "/students/groups?group=c-to-b"


@pytest.fixture(scope="module")
def system(folder, databases):
    """Plover turns three on December 10, 2026; the SIS leaves 1.31 empty, and next year is planned in Heron Creek."""
    with served(folder, databases, "--special", write_state=None, works=False) as running:
        yield running


def test_1_the_list_says_by_which_fact_and_leads_to_it(coordinator):
    page, main = coordinator.page, coordinator.page.locator("main")
    coordinator.go(ADDRESS)
    expect(main).to_contain_text("Then in Heron Creek Unified. Known by: the district planned for next year.")
    coordinator.look("residence-list")
    page.get_by_role("link", name="Where that is said: Testcase, Plover").click()
    expect(main).to_contain_text("Next district")


def test_2_the_office_says_where_the_child_lives_and_takes_it_back(coordinator):
    page, main = coordinator.page, coordinator.page.locator("main")
    coordinator.go(ADDRESS)
    page.get_by_role("link", name="Testcase, Plover", exact=True).click()
    expect(page.locator(".alerts")).to_contain_text("Owes the IEP from 12/10/2026 on: Heron Creek Unified.")
    coordinator.look("residence-record")
    coordinator.go(page.url.split("?")[0].removeprefix(coordinator.address) + "/fields/residence.agency_code")
    page.get_by_role("link", name="Say where the student lives").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("District of residence")
    expect(main).to_contain_text("Not known. The SIS leaves 1.31 empty.")
    page.get_by_role("button", name="Record it").click()
    expect(page.get_by_role("alert")).to_contain_text("none is chosen")
    # The browser notes that the answer to a refused form is a 422; anything else is wrong.
    coordinator.wrong[:] = [note for note in coordinator.wrong if "422" not in note]
    page.get_by_label("District of residence").select_option(label="9910025 Heron Creek Unified")
    page.get_by_label("Lives there since").fill("2026-09-01")
    page.get_by_label("How you know").fill("The mother told us on the phone.")
    coordinator.look("residence-form")
    page.get_by_role("button", name="Record it").click()
    expect(main).to_contain_text("09/01/2026, until further notice")
    coordinator.look("residence-said")
    page.get_by_role("button", name="Take it back").click()
    expect(main).to_contain_text("Not known. The SIS leaves 1.31 empty.")
    coordinator.look("residence-taken-back")
