"""A column of a spreadsheet, pasted into the one search box, is a list of students: from the keyboard alone.

The steps are one story and run in their order.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.person import CASE_MANAGER

pytestmark = pytest.mark.browser

LINES = "9900000003\n9900000005\n9900000009\nTestcase, Towhee\t09/30/2014\n"
NAMES = ["Testcase, Yarrow", "Testcase, Alder", "Testcase, Towhee"]


def copied(who, text: str) -> None:
    """Into the clipboard, as from a spreadsheet."""
    who.go("/students/paste")
    box = who.page.get_by_label("Which students")
    box.fill(text)
    box.press("Control+a")
    box.press("Control+c")


def rows(page):
    return page.locator("table[data-list] tbody th[scope=row]")


def test_1_several_lines_in_the_search_box_ask_to_be_a_list(coordinator):
    page = coordinator.page
    copied(coordinator, LINES)
    coordinator.go("/")
    page.wait_for_load_state("load")
    page.keyboard.press("/")
    page.keyboard.press("Control+v")
    asked = page.get_by_role("dialog", name="A list of students was pasted")
    expect(asked).to_be_visible()
    expect(asked).to_contain_text("Lines, one student each: 4")
    expect(asked.get_by_role("button", name="Show these students")).to_be_focused()
    coordinator.look("pasted-asked")
    # Not meant: back to where one was, and nothing is searched.
    page.keyboard.press("Escape")
    expect(asked).to_be_hidden()
    expect(page.locator("#frame-search")).to_be_focused()
    expect(page.locator("#frame-search")).to_have_value("")


def test_2_one_line_is_a_search_as_ever(coordinator):
    page = coordinator.page
    copied(coordinator, "9900000005\n")
    page.keyboard.press("Tab")
    page.locator("#frame-search").focus()
    page.keyboard.press("Control+v")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Alder Testcase")


def test_3_the_list_stands_in_its_order_and_says_who_is_missing(coordinator):
    page = coordinator.page
    copied(coordinator, LINES)
    page.locator("#frame-search").focus()
    page.keyboard.press("Control+v")
    asked = page.get_by_role("dialog", name="A list of students was pasted")
    expect(asked.get_by_role("button", name="Show these students")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Students of a pasted list")
    expect(rows(page)).to_have_text(NAMES)
    expect(page.locator("main")).to_contain_text("3 of 4 found. 1 line matches no student.")
    expect(page.locator("main")).to_contain_text("No student within your reach has this SSID.")
    assert re.fullmatch(r".*/students\?list=all&sort=pasted&set=[0-9a-f-]{36}", page.url)
    coordinator.look("pasted-list")
    page.reload()
    expect(rows(page)).to_have_text(NAMES)
    rows(page).first.get_by_role("link").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Yarrow Testcase")
    page.go_back()
    expect(rows(page)).to_have_text(NAMES)


def test_4_it_is_narrowed_exported_and_a_second_window_has_another(coordinator):
    page = coordinator.page
    other = page.context.new_page()
    other.goto(coordinator.address + "/students/paste")
    other.get_by_label("Which students").fill("9900000002")
    other.get_by_role("button", name="Show these students").first.press("Enter")
    expect(rows(other)).to_have_text(["Testcase, Towhee"])
    page.reload()
    expect(rows(page)).to_have_text(NAMES)
    other.close()
    page.get_by_role("combobox", name="Grade").select_option("04")
    page.get_by_role("button", name="Show", exact=True).press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Students of a pasted list, in grade 4")
    expect(rows(page)).to_have_text(["Testcase, Alder"])
    page.get_by_role("link", name="Clear all").press("Enter")
    page.locator("summary", has_text="Export 3").press("Enter")
    page.get_by_role("button", name="CSV file").press("Enter")
    expect(page.get_by_role("link", name="Download the CSV file")).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the CSV file").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert text.index("Yarrow") < text.index("Alder") < text.index("Towhee")
    page.go_back()


def test_5_with_these_leads_on_with_exactly_these(coordinator):
    page = coordinator.page
    copied(coordinator, LINES)
    page.get_by_role("button", name="Show these students").first.click()
    for label, name in (
        ("Change these", "pasted-change"),
        ("Next year of these", "pasted-next-year"),
        ("Assign these", "pasted-assign"),
        ("Adopt plans of these", "pasted-adopt"),
        ("Record that these left", "pasted-left"),
        ("Send only these", "pasted-send"),
    ):
        page.locator("summary", has_text="With these").click()
        page.get_by_role("link", name=label).click()
        expect(page.locator("main")).to_contain_text("3 of 4 found.")
        expect(page.locator("main, .pagehead").first).to_contain_text("pasted list")
        if name in ("pasted-adopt", "pasted-left"):
            fold = page.locator("details", has_text="Not on this page, and why")
            expect(fold.get_by_role("link", name="Testcase, Alder")).to_be_visible()
        coordinator.look(name)
        page.go_back()


def test_6_dropped_with_one_click(coordinator):
    page = coordinator.page
    there = page.url
    page.get_by_role("button", name="Drop the list").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Students")
    expect(page.locator("main")).to_contain_text("The pasted list is dropped: nothing of it is kept.")
    page.goto(there)
    expect(page.locator("main")).to_contain_text("That pasted list is no longer kept")
    coordinator.look("pasted-gone")


def test_7_a_case_manager_pastes_for_the_own_students_only(person):
    wren = person(CASE_MANAGER)
    copied(wren, LINES)
    wren.look("paste")
    wren.page.get_by_role("button", name="Show these students").first.press("Enter")
    expect(rows(wren.page)).to_have_text(["Testcase, Alder", "Testcase, Towhee"])
    expect(wren.page.locator("main")).to_contain_text("2 of 4 found. 2 lines match no student.")
