"""Two DINC lists are emptied from home: each member's line says why it stands there and what takes it off. One story.

Alder's annual review was due on November 14, 2026. Yarrow's consent was entered as September 1: the evaluation was due
on October 31. October 1 was meant, and sixty days from it are November 30.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_1_an_evaluation_is_opened_with_a_consent_read_wrongly(coordinator):
    page = coordinator.page
    coordinator.find_student("Yarrow Testcase")
    page.get_by_role("link", name="All kinds of meetings").click()
    row = page.get_by_role("row", name="Initial evaluation", exact=False).first
    row.get_by_label("Consent to evaluate").fill("2026-09-01")
    row.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Initial evaluation")


def test_2_the_lists_say_who_is_on_them_and_home_counts_nobody_twice(coordinator):
    page = coordinator.page
    coordinator.go("/")
    expect(page.locator("main")).not_to_contain_text("DINC")
    page.get_by_role("link", name="Overdue, meeting open", exact=True).click()
    page.get_by_role("link", name="DINC lists").click()
    expect(page.get_by_role("row", name="Initial evaluation past 60 days")).to_contain_text("1")
    page.get_by_role("link", name="1: Annual review overdue", exact=True).click()
    expect(page.get_by_role("row", name="Testcase, Alder")).to_contain_text(
        "By the state it was due on 11/14/2026, 9 days ago, and it has not been held. No meeting is open."
    )
    coordinator.look("dinc-list")
    # On a tablet no list needs to be moved sideways.
    page.set_viewport_size({"width": 820, "height": 1180})
    for address in ("/dinc/1-annual", "/dinc", "/due?span=any"):
        coordinator.go(address)
        assert page.evaluate("document.querySelector('.scrollx').scrollWidth - innerWidth") <= 0, address
    page.set_viewport_size({"width": 1440, "height": 900})
    coordinator.go("/dinc/1-annual")


def test_3_the_review_is_opened_and_held_from_the_line_that_explains_it(coordinator):
    page = coordinator.page
    page.get_by_role("link", name="Open the meeting…").click()
    row = page.get_by_role("row", name="Annual plan review", exact=False).first
    # Of the eight kinds of meetings those that take the student off the list are marked.
    expect(row).to_contain_text("Ends it")
    row.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Annual plan review")
    coordinator.go("/dinc/1-annual")
    page.get_by_role("link", name="Hold the meeting").click()
    page.get_by_label("Held on").fill("2026-11-20")
    page.get_by_label("Reason of delay").select_option("30")
    page.get_by_role("button", name="Record it").click()
    expect(page.get_by_text("Held on 11/20/2026.").first).to_be_visible()
    coordinator.go("/dinc/1-annual")
    expect(page.locator("main")).to_contain_text("Nobody is on this list")


def test_4_a_consent_entered_wrongly_is_corrected_from_the_line_that_explains_it(coordinator):
    page = coordinator.page
    coordinator.go("/dinc")
    page.get_by_role("link", name="2: Initial evaluation past 60 days").click()
    expect(page.get_by_role("row", name="Testcase, Yarrow")).to_contain_text(
        "The family consented on 09/01/2026."
    )
    page.get_by_role("link", name="Correct the consent").click()
    form = page.locator("#evaluation")
    form.get_by_label("Consent to evaluate").fill("2026-10-01")
    form.get_by_label("Why it is corrected").fill("October was read as September")
    coordinator.look("meeting-evaluation")
    form.get_by_role("button", name="Correct it", exact=True).click()
    expect(page.get_by_text("By the state it is due on 11/30/2026.")).to_be_visible()
    coordinator.go("/dinc/2-overdue")
    expect(page.locator("main")).to_contain_text("Nobody is on this list")
    coordinator.look("dinc-empty")


def test_5_home_no_longer_asks_for_it(coordinator):
    coordinator.go("/")
    expect(coordinator.page.locator("main")).not_to_contain_text("Overdue, meeting open")
