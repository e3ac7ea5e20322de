"""A caseload is planned from the screens alone: rooms listed, days suggested, saved, moved by keys, taken back; and the
address of a calendar without names. The steps are one story; how many clicks and seconds it took is printed."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from tests.browser.person import CASE_MANAGER, Person
from tests.support.forked import served

pytestmark = pytest.mark.browser
# By step: what was pressed.
_counted = {"clicks": 0, "seconds": 0.0}


@pytest.fixture(scope="module")
def system(folder, databases):
    with served(folder, databases, "--planning", write_state=None) as running:
        yield running


@pytest.fixture(scope="module")
def manager(person) -> Person:
    return person(CASE_MANAGER)


def click(locator) -> None:
    _counted["clicks"] += 1
    begun = time.monotonic()
    locator.click()
    _counted["seconds"] += time.monotonic() - begun


def test_1_who_keeps_calendars_lists_a_room_and_an_interpreter(coordinator):
    page = coordinator.page
    coordinator.go("/meetings")
    page.get_by_role("link", name="Caseload plan").click()
    coordinator.look("planner-managers")
    page.get_by_role("link", name="Rooms and interpreters").click()
    expect(page.locator("main")).to_contain_text("Nothing is listed yet")
    page.get_by_label("Name").fill("Room 12")
    page.get_by_role("button", name="Add to the list").click()
    expect(page.get_by_role("row", name="Room 12")).to_contain_text("Every weekday")
    page.get_by_label("Interpreter", exact=True).check()
    page.get_by_label("Name").fill("County interpreter")
    page.get_by_label("Language of the interpreter").fill("Spanish")
    for day in ("Mondays", "Wednesdays", "Thursdays", "Fridays"):
        page.get_by_label(day).uncheck()
    page.get_by_role("button", name="Add to the list").click()
    expect(page.get_by_role("row", name="County interpreter")).to_contain_text("Tuesdays")
    coordinator.look("planner-supplies")


def test_2_a_caseload_is_planned(manager):
    page = manager.page
    begun = time.monotonic()
    click(page.get_by_role("link", name="Meetings").first)
    click(page.get_by_role("link", name="Caseload plan"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Your caseload plan")
    manager.look("planner-before")
    click(page.get_by_role("button", name="Suggest days"))
    expect(page.locator("main")).to_contain_text("Load of each week, as suggested")
    # Alder is overdue: no plan makes that good.
    expect(page.get_by_role("row", name="Alder Testcase")).to_contain_text("It was due on 11/14/2026.")
    expect(page.get_by_role("row", name="Sorrel1 Quill")).to_contain_text("County interpreter")
    manager.look("planner-suggestion")
    click(page.get_by_role("button", name="Save: 13 reviews change"))
    expect(page.locator("main")).to_contain_text("13 reviews planned anew.")
    expect(page.locator("main")).to_contain_text("13 with a day, 1 without")
    _counted["seconds"] = time.monotonic() - begun
    print(
        f"\nplan a caseload: {_counted['clicks']} clicks, {_counted['seconds']:.1f} s with three looks at axe"
    )
    manager.look("planner-after")
    assert _counted["clicks"] == 4


def test_3_a_meeting_is_moved_by_keys_alone(manager):
    page = manager.page
    row = page.get_by_role("row", name="Sorrel12 Quill")
    row.get_by_role("link", name="Move to… Sorrel12 Quill").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Move the review of Sorrel12 Quill")
    page.get_by_label("Move to").fill("2027-01-18")
    page.get_by_role("button", name="Show what this does").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("01/18/2027 is no school day by the calendar.")
    manager.look("planner-move")
    page.get_by_label("Move to").fill("2027-01-19")
    page.get_by_label("Time").fill("11:00")
    page.get_by_label("Locked: it stays there").check()
    page.get_by_role("button", name="Show what this does").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("A school day before it is due")
    page.get_by_role("button", name="Save", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="January 2027")).to_be_visible()
    expect(page.locator(".planmonth")).to_contain_text("11:00 am Sorrel12 Quill")
    manager.look("planner-month")


def test_4_what_was_done_is_taken_back_and_the_meeting_opened(manager):
    page = manager.page
    page.get_by_role("button", name="Take back").first.click()
    expect(page.locator("main")).to_contain_text("Taken back")
    page.get_by_role("button", name="Open the meeting of Sorrel1 Quill", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Annual plan review")


def test_5_the_calendar_address_is_shown_once_and_revoked(manager):
    page = manager.page
    manager.go("/caseload/plan")
    page.get_by_role("link", name="In your calendar").click()
    page.get_by_role("button", name="Make an address").click()
    address = page.get_by_label("Your calendar's address").input_value()
    manager.look("planner-feed")
    text = page.request.get(address).text()
    assert text.count("IEP meeting planned") == 13 and "Sorrel" not in text
    page.get_by_role("button", name="Revoke the address").click()
    expect(page.locator("main")).to_contain_text("The address answers no more.")
    assert page.request.get(address).status == 404
