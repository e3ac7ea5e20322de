"""By keys alone: from a search to a student's fields, and from a look at a correction to saving it."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def test_a_search_leads_to_the_first_row_and_one_key_to_the_fields(coordinator):
    page = coordinator.page
    coordinator.go("/")
    page.wait_for_load_state("load")
    page.keyboard.press("/")
    page.keyboard.type("Testcase")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Students found")
    expect(page.locator("[data-row]").first).to_be_focused()
    assert page.evaluate("document.querySelector('main').scrollTop") == 0
    coordinator.look("found-by-keys")
    page.keyboard.press("e")
    expect(page.locator(".student h1")).to_contain_text("Testcase")
    page.wait_for_load_state("load")
    page.keyboard.press("f")
    expect(page.locator(".layers .hist").first).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("The fields of the student's record")
    page.keyboard.press("Escape")


def test_who_found_nobody_stands_at_the_heading(coordinator):
    page = coordinator.page
    coordinator.go("/")
    page.wait_for_load_state("load")
    page.keyboard.press("/")
    page.keyboard.type("Nobody Thus")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_a_look_at_a_correction_is_where_the_focus_is(coordinator):
    page = coordinator.page
    coordinator.go("/")
    coordinator.find_student("Alder Testcase")
    page.get_by_role("link", name="History of Primary disability").click()
    page.get_by_role("dialog").get_by_role("link", name="Correct what was archived").click()
    check = page.get_by_role("button", name="Check, and show what will happen")
    expect(check).to_have_class(re.compile("primary"))
    page.get_by_label(re.compile("^Primary disability")).select_option("281")
    page.get_by_label("Why the value was wrong").fill("A typing error.")
    check.click()
    result = page.get_by_role("region", name="What will happen")
    expect(result).to_be_focused()
    expect(result).to_be_in_viewport()
    expect(page.get_by_role("button", name="Save the correction")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Save the correction")).to_have_class(re.compile("primary"))
    coordinator.look("correction-looked-at")
    assert coordinator.wrong == []
