"""A tablet held upright and a small laptop: what has to be done is in sight, and the ways on have words."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.person import TOO_WIDE

pytestmark = pytest.mark.browser

# Every list with rows of work; by how much its table, or the page, is wider than where it stands.
LISTS = (
    "/",
    "/students",
    "/arrivals",
    "/students/settle",
    "/findings/settle",
    "/students/next-year",
    "/admin",
    "/transfers",
    "/due?span=any",
)
TABLES = (
    "Array.from(document.querySelectorAll('.scrollx, .scroll'), one => one.scrollWidth - one.clientWidth)"
)


@pytest.mark.parametrize("address", LISTS)
def test_no_list_is_moved_sideways_on_a_tablet(coordinator, address):
    page = coordinator.page
    page.set_viewport_size({"width": 820, "height": 1180})
    coordinator.go(address)
    assert page.evaluate(TOO_WIDE) <= 0, address
    assert max(page.evaluate(TABLES), default=0) <= 0, address


def test_the_next_step_and_the_scope_are_read_on_a_tablet(coordinator):
    page = coordinator.page
    page.set_viewport_size({"width": 820, "height": 1180})
    coordinator.go("/")
    step = page.get_by_role("link", name="Show due dates").first.bounding_box()
    assert step["x"] + step["width"] <= 820
    cut = "Array.from(document.querySelectorAll('.scope .cut'), one => one.scrollWidth - one.clientWidth)"
    assert page.evaluate(cut) == [0, 0, 0, 0]
    coordinator.look("home-tablet")


def test_the_ways_on_have_words_or_say_them_when_reached(coordinator):
    page = coordinator.page
    word = page.locator(".rail a", has_text="Students").locator("span").first
    page.set_viewport_size({"width": 1280, "height": 900})
    coordinator.go("/")
    expect(word).to_be_visible()
    coordinator.look("home-laptop")
    page.set_viewport_size({"width": 820, "height": 1180})
    expect(word).to_be_hidden()
    page.keyboard.press("Tab")
    page.locator(".rail a", has_text="Students").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(word).to_be_visible()
    coordinator.look("home-tablet-word")
    page.locator(".rail a", has_text="Due").hover()
    expect(page.locator(".rail a", has_text="Due").locator("span").first).to_be_visible()
