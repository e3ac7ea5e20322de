"""Private schools, special groups, and a nonpublic school that a district asks for: one story, in its order."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.forked import served

pytestmark = pytest.mark.browser
OFFICE = "laurel.specimen@example.org"


@pytest.fixture(scope="module")
def system(folder, databases):
    """Students of private schools and special groups; neither a sandbox nor jobs are needed."""
    with served(folder, databases, "--special", write_state=None, works=False) as running:
        yield running


def test_1_private_schools_and_special_groups_lead_to_the_next_step(coordinator):
    page, main = coordinator.page, coordinator.page.locator("main")
    coordinator.go("/students")
    page.get_by_text("Coming and going").click()
    page.get_by_role("link", name="Private schools").click()
    expect(main).to_contain_text("4 conflicts")
    coordinator.look("private-schools")
    coordinator.picture("private-schools-820", {"width": 820, "height": 900})
    page.get_by_label("Conflict").select_option("iep-in-private")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(main).to_contain_text("34 CFR 300.137")
    coordinator.look("private-schools-one")
    page.get_by_role("link", name="Record the leaving: Testcase, Dunlin").click()
    expect(main).to_contain_text("In a private school, without a service plan")
    page.go_back()
    page.get_by_role("link", name="Testcase, Dunlin", exact=True).click()
    expect(main).to_contain_text("IEP in a private school")
    coordinator.look("private-schools-record")

    coordinator.go("/students/groups")
    expect(main).to_contain_text("Turns three on 12/10/2026")
    coordinator.look("special-infants")
    for label in ("Preschool referrals", "Accountable elsewhere", "Nonpublic schools"):
        page.get_by_role("link", name=label).click()
        expect(page.locator(".seg [aria-current]")).to_contain_text(label)
    coordinator.look("special-nonpublic")
    page.get_by_role("link", name="Adult transition").click()
    expect(main).to_contain_text("21 years old.")
    coordinator.picture("special-adult-820", {"width": 820, "height": 900})


def test_2_a_nonpublic_school_is_asked_for_and_approved_with_its_agreement(coordinator, person):
    page, main = coordinator.page, coordinator.page.locator("main")
    coordinator.go("/directory")
    page.get_by_role("link", name="Schools and agencies: requests").click()
    expect(main).to_contain_text("No request waits")
    page.get_by_role("link", name="Ask for a change").click()
    page.get_by_role("link", name="Nonpublic school (NPS)").click()
    page.get_by_label("Code").fill("9980042")
    page.get_by_label("Name").fill("Coyote Brush School")
    page.get_by_label("First day").fill("2026-12-01")
    page.get_by_label("How you know").fill("CDE's list of certified nonpublic schools, 11/20/2026")
    page.get_by_label("From").fill("2026-12-01")
    page.get_by_label("Through").fill("2027-06-30")
    coordinator.look("directory-request-new")
    page.get_by_role("button", name="Ask for it").click()
    expect(main).to_contain_text("Waits for the SELPA")

    office = person(OFFICE)
    office.page.get_by_role("link", name="Schools and agencies that districts ask for", exact=True).click()
    office.look("directory-requests")
    office.page.get_by_role("link", name="Coyote Brush School").click()
    expect(office.page.locator("main")).to_contain_text("Agreement to 06/30/2027")
    office.look("directory-request-decide")
    office.picture("directory-request-decide-820", {"width": 820, "height": 1000})
    office.page.get_by_role("button", name="Approve").click()
    expect(office.page.locator("main")).to_contain_text("Approved: the directory says so from 12/01/2026.")
    # The district sees the answer without asking again.
    expect(page.locator("#state")).to_contain_text("Approved")
    coordinator.go("/directory/agreements")
    expect(main).to_contain_text("Coyote Brush School")
    coordinator.look("directory-agreements")
