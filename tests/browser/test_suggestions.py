"""Who is suggested while a search is typed: by keys alone, with a slow line, and with a mouse."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

SUGGESTIONS = "**/students/search/suggestions"


@pytest.fixture
def page(coordinator):
    """The coordinator's first page, with its scripts."""
    coordinator.go("/")
    coordinator.page.wait_for_load_state("load")
    return coordinator.page


def box_of(page):
    return page.get_by_role("combobox", name="Search students")


def lines_of(page):
    return page.get_by_role("listbox", name="Students").get_by_role("option")


def chosen_in(page) -> str:
    """The words of the line that the box says is chosen."""
    return page.evaluate(
        """() => {
            const id = document.querySelector("#frame-search").getAttribute("aria-activedescendant");
            return id ? document.getElementById(id).textContent.trim().split(" born")[0] : "";
        }"""
    )


def test_by_keys_alone_to_the_record(coordinator, page):
    expect(box_of(page)).to_have_attribute("aria-expanded", "false")
    before = page.evaluate("document.querySelector('main').getBoundingClientRect().top")
    page.keyboard.press("/")
    page.keyboard.type("Testc")
    expect(lines_of(page)).to_have_count(4)
    expect(lines_of(page).last).to_have_text("All matches")
    expect(page.locator("#announce")).to_have_text("3 students: arrow keys choose")
    expect(box_of(page)).to_have_attribute("aria-expanded", "true")
    assert page.evaluate("document.querySelector('main').getBoundingClientRect().top") == before
    assert chosen_in(page) == ""
    coordinator.look("suggestions")
    for size in (1280, 1024, 820):
        coordinator.picture(f"suggestions-{size}", {"width": size, "height": 800})
    # Down and up, round the ends, with the text itself between them.
    told = []
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
        told.append(chosen_in(page))
    alder, towhee, yarrow = (f"Testcase, {name}" for name in ("Alder", "Towhee", "Yarrow"))
    assert told == [alder, towhee, yarrow, "All matches", "", "All matches", yarrow]
    coordinator.look("suggestions-chosen")
    for _ in range(2):
        page.keyboard.press("ArrowUp")
    expect(box_of(page)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".student h1")).to_contain_text("Alder Testcase")
    assert coordinator.wrong == []


def test_escape_closes_and_keeps_the_text_and_enter_then_searches(coordinator, page):
    page.keyboard.press("/")
    page.keyboard.type("Testc")
    expect(lines_of(page)).to_have_count(4)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(lines_of(page)).to_have_count(0)
    expect(page.locator("#frame-suggestions")).to_be_hidden()
    expect(box_of(page)).to_have_value("Testc")
    expect(box_of(page)).to_be_focused()
    assert chosen_in(page) == ""
    # An arrow opens it again.
    page.keyboard.press("ArrowDown")
    expect(lines_of(page)).to_have_count(4)
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Students found for “Testc”")


def test_the_last_line_does_what_enter_does(page):
    page.keyboard.press("/")
    page.keyboard.type("Testc")
    expect(lines_of(page)).to_have_count(4)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Students found for “Testc”")
    assert re.search(r"/students\?search=\S{8}$", page.url)


def test_tab_leaves_and_closes(page):
    page.keyboard.press("/")
    page.keyboard.type("Towh")
    expect(lines_of(page)).to_have_count(2)
    page.keyboard.press("Tab")
    expect(page.locator("#frame-suggestions")).to_be_hidden()
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_be_focused()


def test_too_little_or_nobody(coordinator, page):
    page.keyboard.press("/")
    page.keyboard.type("Te")
    page.wait_for_timeout(400)
    expect(page.locator("#frame-suggestions")).to_be_hidden()
    page.keyboard.type("zzz")
    expect(lines_of(page)).to_have_text(["No student found: what else to try"])
    expect(page.locator("#announce")).to_have_text("No student found")
    coordinator.look("suggestions-nobody")
    for _ in range(3):
        page.keyboard.press("Backspace")
    expect(page.locator("#frame-suggestions")).to_be_hidden()


def test_a_slow_answer_does_not_replace_a_newer_one(coordinator, page):
    held = []
    page.route(SUGGESTIONS, lambda route: held.append(route))
    page.keyboard.press("/")
    page.keyboard.type("Testc")
    page.wait_for_timeout(500)
    page.keyboard.type("ase Tow")
    page.wait_for_timeout(500)
    assert [one.request.post_data for one in held] == ["q=Testc", "q=Testcase+Tow"]
    older, newer = held
    newer.continue_()
    expect(lines_of(page)).to_have_count(2)
    # The older question is not waited for any more: its answer goes nowhere.
    older.continue_()
    page.wait_for_timeout(300)
    expect(lines_of(page)).to_have_count(2)
    expect(lines_of(page).first).to_contain_text("Towhee")
    page.unroute(SUGGESTIONS)
    assert coordinator.wrong == []


def test_an_answer_after_escape_or_of_a_line_that_breaks_opens_nothing(coordinator, page):
    held = []
    page.route(SUGGESTIONS, lambda route: held.append(route))
    page.keyboard.press("/")
    page.keyboard.type("Testc")
    page.wait_for_timeout(500)
    page.keyboard.press("Tab")
    held[0].continue_()
    page.wait_for_timeout(300)
    expect(page.locator("#frame-suggestions")).to_be_hidden()
    page.unroute(SUGGESTIONS)
    page.route(SUGGESTIONS, lambda route: route.fulfill(status=204))
    page.keyboard.press("/")
    page.keyboard.type("Testcase Al")
    page.wait_for_timeout(500)
    expect(page.locator("#frame-suggestions")).to_be_hidden()
    page.unroute(SUGGESTIONS)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Students found for “Testcase Al”")
    assert coordinator.wrong == []


def test_a_mouse_opens_a_record_and_a_click_elsewhere_closes(page):
    page.keyboard.press("/")
    page.keyboard.type("Yarr")
    expect(lines_of(page)).to_have_count(2)
    page.get_by_role("heading", level=1).click()
    expect(page.locator("#frame-suggestions")).to_be_hidden()
    box_of(page).click()
    page.keyboard.type("o")
    lines_of(page).first.click()
    expect(page.locator(".student h1")).to_contain_text("Yarrow Testcase")
