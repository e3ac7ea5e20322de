"""The people around a student, as the office keeps them: a court's order, a confidential address, whom to ask."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.person import CASE_MANAGER, COORDINATOR

pytestmark = pytest.mark.browser
# Tall enough for the whole page.
NARROW = {"width": 820, "height": 1900}
USUAL = {"width": 1280, "height": 1400}


@pytest.fixture(scope="module")
def coordinator(person):
    return person(COORDINATOR)


@pytest.fixture(scope="module")
def manager(person):
    return person(CASE_MANAGER)


def look(someone, name: str) -> None:
    """Accessible, not too wide, and a picture in both sizes."""
    someone.look(name)
    for size, width in ((USUAL, "1280"), (NARROW, "820")):
        someone.picture(f"{name}-{width}", size)


def to_people(someone) -> None:
    someone.go("/students")
    someone.find_student("Alder Testcase")
    someone.page.get_by_role("navigation", name="Parts of the record").get_by_role(
        "link", name="People"
    ).click()


def test_1_who_decides_is_seen_with_the_law(coordinator):
    to_people(coordinator)
    table = coordinator.page.get_by_role("table", name="Who decides, who gets the notices, and why")
    expect(table.get_by_role("row", name="Maple Testcase")).to_contain_text("Education Code 56028(a)(1)")
    expect(coordinator.page.locator("main")).to_contain_text("18th birthday")
    look(coordinator, "people")


def test_2_a_father_is_added_with_a_confidential_address(coordinator):
    page = coordinator.page
    page.get_by_role("link", name="Add a person").click()
    page.get_by_label("Name", exact=False).first.fill("Oak Testcase")
    page.get_by_label("From").fill("2026-11-02")
    page.get_by_label("Relation to the student").fill("Father")
    page.get_by_label("Phone", exact=True).fill("555-0177")
    page.get_by_label("Street", exact=True).fill("1 Hidden Lane")
    page.get_by_label("Address, phone and e-mail are confidential").select_option("safe_at_home")
    look(coordinator, "people-contact")
    page.get_by_role("button", name="Add the person").click()
    main = page.locator("main")
    expect(main).to_contain_text("Recorded: Oak Testcase, from 11/02/2026.")
    expect(main).not_to_contain_text("1 Hidden Lane")


def test_3_a_right_without_its_paper_is_refused_and_then_recorded(coordinator):
    page = coordinator.page
    page.get_by_role("link", name="Rights of Oak Testcase").click()
    page.get_by_label("By what right, or what limits it").select_option("court_appointed")
    page.get_by_label("From").fill("2026-11-02")
    page.get_by_role("button", name="Record it").click()
    expect(page.get_by_role("alert")).to_contain_text("is recorded only with the paper that shows it")
    coordinator.wrong.clear()  # the browser notes the refusal's 422
    page.get_by_label("Paper that shows it").select_option("court_order")
    page.get_by_label("Number of the paper").fill("JV-535, 26-0001")
    look(coordinator, "people-rights")
    page.get_by_role("button", name="Record it").click()
    table = page.get_by_role("table", name="Who decides, who gets the notices, and why")
    expect(table.get_by_role("row", name="Maple Testcase")).to_contain_text("A court named Oak Testcase.")
    expect(table.get_by_role("row", name="Oak Testcase").first).to_contain_text("JV-535, 26-0001")


def test_4_the_address_is_shown_on_request_and_the_look_is_in_the_history(coordinator):
    page = coordinator.page
    look(coordinator, "people-confidential")
    page.get_by_role("button", name="Show; it is logged").click()
    expect(page.locator("main")).to_contain_text("1 Hidden Lane")
    page.get_by_role("link", name="History").click()
    expect(page.locator("main")).to_contain_text("Confidential address, shown on request")


def test_5_the_past_is_asked_by_its_date(coordinator):
    to_people(coordinator)
    page = coordinator.page
    page.get_by_label("As of").fill("2026-11-01")
    page.get_by_role("button", name="Show that day").click()
    expect(page.get_by_role("heading", name="Who decides on 11/01/2026")).to_be_visible()
    table = page.get_by_role("table", name="Who decides, who gets the notices, and why")
    expect(table.get_by_role("row")).to_have_count(2)
    page.get_by_text("All that was recorded").click()
    look(coordinator, "people-past")


def test_6_a_case_manager_is_told_whom_to_ask(manager):
    to_people(manager)
    main = manager.page.locator("main")
    expect(main).to_contain_text("Ask the special education office to pass your message on.")
    expect(main.get_by_role("button", name="Show; it is logged")).to_have_count(0)
    look(manager, "people-case-manager")


def test_7_the_directory_is_kept_and_searched(coordinator):
    page = coordinator.page
    page.locator("details.who summary").click()
    page.get_by_role("link", name="Whom to ask: directory").click()
    look(coordinator, "directory-empty")
    page.get_by_role("link", name="Your agency").first.click()
    page.get_by_label("Office", exact=False).first.select_option("seds_coordinator")
    page.get_by_label("Person, or the office's name").fill("Juniper Mockup")
    page.get_by_label("Phone").fill("555-0120")
    page.get_by_label("Hours").fill("Weekdays 8 to 4")
    page.get_by_role("button", name="Add the contact").click()
    expect(page.locator("main")).to_contain_text("Recorded: Juniper Mockup, SEDS coordinator.")
    look(coordinator, "directory-agency")
    page.get_by_role("link", name="Directory").first.click()
    page.get_by_label("Agency, its code, or a person of its office").fill("juniper")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator("main")).to_contain_text("1 agency")
    look(coordinator, "directory")
    page.get_by_role("link", name="Load a file").click()
    look(coordinator, "directory-load")
