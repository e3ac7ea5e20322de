"""Lists as files, a second person for a large one, and pages that stop after mass viewing: two people at two browsers.

The steps are one story and run in their order.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.person import CASE_MANAGER, COORDINATOR
from tests.support.forked import served
from tests.support.workbooks import sheets_of

pytestmark = pytest.mark.browser

LAUREL = "laurel.mockup@example.org"
TABLET, LAPTOP = {"width": 820, "height": 900}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def system(folder, databases):
    """The small world with 1,100 students more and a second coordinator; nothing is sent, so no state."""
    with served(folder, databases, "--many", write_state=None) as running:
        yield running


@pytest.fixture(scope="module")
def juniper(person):
    return person(COORDINATOR)


@pytest.fixture(scope="module")
def laurel(person):
    return person(LAUREL)


def shown(who, name: str) -> None:
    who.look(name)
    for size in (LAPTOP, TABLET):
        who.picture(f"{name}-{size['width']}", size)


def fetched(who, form: str) -> bytes:
    with who.page.expect_download() as download:
        who.page.get_by_role("link", name=f"Download the {form}").click()
    return Path(download.value.path()).read_bytes()


def test_1_a_small_list_is_a_file_in_a_moment(juniper):
    page = juniper.page
    juniper.go("/students")
    page.keyboard.press("/")
    page.keyboard.type("Testcase")
    page.keyboard.press("Enter")
    page.locator("summary", has_text="Export 3").click()
    shown(juniper, "export-menu")
    page.get_by_role("button", name="Excel workbook (XLSX)").click()
    # Its job waits behind what the worker does first with 1,100 students.
    expect(page.get_by_role("link", name="Download the Excel workbook")).to_be_visible(timeout=60_000)
    shown(juniper, "export-ready")
    sheets = sheets_of(fetched(juniper, "Excel workbook"))
    assert sheets["About this file"][0][0].startswith("Contains confidential student data. Made for Juniper")
    assert [row[0] for row in sheets["List"]] == [
        "Student",
        "Testcase, Alder",
        "Testcase, Towhee",
        "Testcase, Yarrow",
    ]
    juniper.go("/exports")
    expect(page.locator("tbody tr")).to_have_count(1)
    shown(juniper, "exports")


def test_1_a_list_is_narrowed_and_put_in_order_from_the_keyboard(juniper):
    page = juniper.page
    juniper.go("/students")
    page.keyboard.press("/")
    page.keyboard.type("Testcase")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Students found for “Testcase”")).to_be_visible()
    grade = page.get_by_role("combobox", name="Grade")
    grade.focus()
    page.keyboard.type("grade 4")
    expect(grade).to_have_value("04")
    page.get_by_role("button", name="Show").press("Enter")
    expect(page.get_by_role("heading", name="Students found for “Testcase”, in grade 4")).to_be_visible()
    expect(page.get_by_role("link", name="Testcase, Alder")).to_be_visible()
    expect(page.get_by_text("1 of 1 student")).to_be_visible()
    shown(juniper, "list-narrowed")
    page.get_by_role("combobox", name="Plan type").select_option("IEP")
    page.get_by_role("combobox", name="Plan review").select_option("due within 15 days")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="Nobody is left")).to_be_visible()
    shown(juniper, "list-nobody-left")
    page.get_by_role("link", name="Without plan review “due within 15 days”").press("Enter")
    page.get_by_role("link", name="Clear all").press("Enter")
    page.get_by_role("columnheader", name="Plan review due").get_by_role("link").press("Enter")
    head = page.get_by_role("columnheader", name="Plan review due")
    expect(head).to_have_attribute("aria-sort", "ascending")
    head.get_by_role("link").press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    names = page.locator("tbody th[scope=row]")
    expect(names).to_have_text(["Testcase, Towhee", "Testcase, Alder", "Testcase, Yarrow"])
    shown(juniper, "list-in-order")


def test_2_whoever_may_not_export_reads_why(person):
    wren = person(CASE_MANAGER)
    wren.go("/students")
    expect(wren.page.locator("#why-export")).to_contain_text("As Case manager nobody can export lists.")
    shown(wren, "export-refused")


def test_3_a_large_list_is_asked_for(juniper):
    page = juniper.page
    juniper.go("/students")
    page.get_by_role("link", name="Export more than 1,000").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Export 1,103 students")
    shown(juniper, "export-large")
    # The sign-in of a moment ago is a fresh one.
    page.get_by_label("CSV file").check()
    page.get_by_label("Why you need the file").fill("The auditors want the roster of the district.")
    shown(juniper, "export-why")
    page.get_by_role("button", name="Ask for approval of 1,103 students").click()
    expect(page.locator("main")).to_contain_text("It waits for Laurel Mockup")
    shown(juniper, "export-waiting")


def test_4_the_second_person_agrees_and_the_first_fetches(juniper, laurel):
    page = laurel.page
    laurel.go("/")
    shown(laurel, "home-approval")
    page.get_by_role("link", name="Exports that wait for your approval", exact=True).click()
    expect(page.locator("main")).to_contain_text("The auditors want the roster of the district.")
    shown(laurel, "approvals")
    page.get_by_label("A word to the person").fill("For the audit of November")
    page.get_by_role("button", name="Approve 1,103 students").click()
    expect(page.locator("main")).to_contain_text("Approved: the file is being made.")
    shown(laurel, "approved")

    juniper.page.reload()
    expect(juniper.page.get_by_role("link", name="Download the CSV file")).to_be_visible(timeout=60_000)
    shown(juniper, "export-approved")
    text = fetched(juniper, "CSV file").decode("utf-8-sig")
    assert "Approved by,Laurel Mockup" in text
    assert text.count("Quill, Fern") == 1_100


def test_5_a_session_that_looks_at_everybody_is_stopped(laurel):
    page = laurel.page
    laurel.go("/students")
    for _ in range(20):
        page.get_by_role("link", name="Next 50").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Students")
    page.get_by_role("link", name="Next 50").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your student pages are stopped")
    expect(page.locator("main")).to_contain_text("1,050 students")
    expect(page.locator("main")).to_contain_text("Who opens them again: Juniper Mockup.")
    # The browser notes that the answer was a refusal.
    laurel.wrong.clear()
    shown(laurel, "stopped")
    laurel.go("/")
    expect(page.locator("main")).to_contain_text("Your student pages are stopped")
    shown(laurel, "home-stopped")


def test_6_another_person_opens_the_pages_again(juniper, laurel):
    page = juniper.page
    juniper.go("/")
    page.get_by_role(
        "link", name="Stopped pages: somebody looked at far too many students", exact=True
    ).click()
    expect(page.locator("main")).to_contain_text("Laurel Mockup")
    shown(juniper, "blocks")
    page.get_by_label("What you found out").fill("She prepared the audit.")
    page.get_by_role("button", name="Open the pages again").click()
    expect(page.locator("main")).to_contain_text("The student pages of this person are open again.")
    laurel.go("/students")
    expect(laurel.page.get_by_role("heading", level=1)).to_have_text("Students")
    assert laurel.wrong == []
