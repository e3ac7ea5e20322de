"""From a field of the record to its history, to who has seen it, to what was disclosed, to the district's audit page.

The steps are one story and run in their order.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.person import COORDINATOR

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def coordinator(person):
    return person(COORDINATOR)


@pytest.fixture(scope="module")
def alder(coordinator) -> str:
    """The path of Alder's page."""
    coordinator.find_student("Alder Testcase")
    return coordinator.page.url.removeprefix(coordinator.address).split("?")[0]


def test_1_a_field_opens_its_history_by_the_keyboard_and_gives_the_focus_back(coordinator, alder):
    page = coordinator.page
    coordinator.go(alder)
    field = page.get_by_role("link", name="History of Primary disability")
    field.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("290 Specific learning disability")
    expect(dialog).to_contain_text("Taken over from the state's extract")
    coordinator.look("field-history")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(field).to_be_focused()


def test_2_another_field_does_not_show_what_the_first_said(coordinator):
    page = coordinator.page
    page.get_by_role("link", name="History of Next plan review due").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("one year after the newest plan review")
    expect(dialog).not_to_contain_text("Specific learning disability")
    dialog.get_by_role("button", name="Close").click()


def test_3_who_has_seen_the_record_stands_under_history(coordinator, alder):
    coordinator.go(f"{alder}?tab=history")
    seen = coordinator.page.get_by_role("table", name="Who has seen")
    expect(seen).to_contain_text("History of one field")
    expect(seen).to_contain_text("Seen in a list")
    coordinator.look("student-history")


def test_4_a_disclosure_is_recorded_and_goes_on_paper_without_the_form(coordinator):
    page = coordinator.page
    page.get_by_role("link", name="Record of disclosures").click()
    page.get_by_label("What happened").select_option("disclosed")
    page.get_by_label("Day").fill("2026-11-20")
    page.get_by_label("By what right").select_option("court")
    page.get_by_label("Who", exact=False).first.fill("Superior court, clerk of department 4")
    page.get_by_label("Which records").fill("The plan in force and its amendments")
    page.get_by_label("Purpose").fill("Proceedings in court")
    page.get_by_label("Legitimate interest").fill("Subpoena served on 11/18/2026")
    page.get_by_role("button", name="Record it").click()
    expect(page.get_by_role("table", name="Disclosures")).to_contain_text("Superior court")
    coordinator.look("disclosures")
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Record it")).to_be_hidden()
    expect(page.get_by_role("navigation").first).to_be_hidden()
    expect(page.get_by_text("Printed 11/23/2026.")).to_be_visible()
    page.set_viewport_size({"width": 720, "height": 960})
    wider = page.evaluate("document.querySelector('.paper table').scrollWidth - window.innerWidth")
    assert wider <= 0, f"the table is {wider} px wider than a letter page"
    coordinator.picture("disclosures-on-paper", {"width": 720, "height": 960})
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(media="screen")


def test_5_the_audit_page_leads_to_who_saw_which_students(coordinator):
    page = coordinator.page
    coordinator.go("/admin/audit")
    expect(page.get_by_role("group", name="State of the seals")).to_contain_text("Last verified")
    coordinator.look("audit")
    page.get_by_role("link", name="Juniper Mockup").click()
    table = page.get_by_role("table", name="Who saw")
    expect(table).to_contain_text("Alder Testcase")
    coordinator.look("who-saw")


def test_6_the_page_that_asks_why_reads_well(coordinator, alder):
    """No perspective of the small world is asked; its own refusal shows the same page."""
    page = coordinator.page
    coordinator.go(alder)
    page.evaluate(
        """path => {
            const form = document.querySelector('.acts-list form, form[method=post]').cloneNode(true);
            form.action = path; form.removeAttribute('class'); document.body.append(form); form.submit();
        }""",
        f"{alder}/purpose",
    )
    expect(page.get_by_role("heading", name="Why do you open this record?")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Choose one of the purposes.")
    # The refusal itself is an answer of 422, which the console tells.
    coordinator.wrong.clear()
    coordinator.look("purpose")
    page.get_by_label("I stand in for the case manager").check()
    page.get_by_role("button", name="Open the record").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Alder Testcase")
