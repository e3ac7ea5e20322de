"""A day is moved in thought, what would change is seen while one types, and nothing has changed. One story."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

YEAR = (
    "lea,school,track,kind,start,end\n,,,term,2026-08-17,2027-06-04\n,,,break,2026-12-21,2027-01-01\n"
    ",,,summer,2027-06-05,2027-08-15\n"
)


def test_1_an_evaluation_begins_under_a_calendar(coordinator):
    page = coordinator.page
    coordinator.go("/calendars/9910017/2026-2027/change")
    page.get_by_label("CSV or iCalendar file").set_input_files(
        {"name": "calendar.csv", "mimeType": "text/csv", "buffer": YEAR.encode()}
    )
    page.get_by_role("button", name="Show what the file does").click()
    page.get_by_label("Why the calendar changes").fill("Adopted by the board on May 12")
    page.get_by_role("button", name="Save the calendar").click()
    coordinator.find_student("Yarrow Testcase")
    page.get_by_role("link", name="All kinds of meetings").click()
    row = page.get_by_role("row", name="Initial evaluation", exact=False).first
    row.get_by_label("Consent to evaluate").fill("2026-11-16")
    row.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Initial evaluation")


def test_2_a_day_that_is_typed_is_answered_at_once(coordinator):
    page = coordinator.page
    page.get_by_role("link", name="What if…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What if…")
    page.get_by_label("The meeting is held on").fill("2027-01-20")
    answer = page.locator("#what-if-answer")
    expect(answer).to_contain_text("in time by law, 5 days late by the state")
    expect(answer).to_contain_text("needed: 20, 40, 50, 70 or 90")
    expect(answer.get_by_role("img", name="The meeting is held: what was and what would be")).to_be_visible()
    # The keyboard is still where it was, and the day is in no address.
    expect(page.get_by_label("The meeting is held on")).to_be_focused()
    assert page.url.endswith("/what-if")
    why = answer.locator("summary", has_text="Why").first
    why.focus()
    page.keyboard.press("Enter")
    expect(answer).to_contain_text(
        "break of 10 school days from 12/21/2026 to 01/01/2027: not counted from its first missed weekday to its last"
    )
    coordinator.look("what-if-student")


def test_3_another_day_is_chosen_by_the_keyboard(coordinator):
    page = coordinator.page
    page.get_by_label("What moves").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Consent to evaluate on")).to_have_value("2026-11-16")
    expect(page.locator("#what-if-answer")).to_contain_text("That is the day which stands.")
    expect(page.get_by_label("What moves")).to_be_focused()
    page.get_by_label("Consent to evaluate on").fill("2026-10-21")
    expect(page.locator("#what-if-answer")).to_contain_text("−38 days")
    page.get_by_label("What moves").select_option(label="Break, 12/21/2026 to 01/01/2027")
    page.get_by_label("Last day would be").fill("2027-01-08")
    expect(page.locator("#what-if-answer")).to_contain_text("+7 days")


def test_4_a_school_s_break_shows_who_would_move(coordinator):
    page = coordinator.page
    coordinator.go("/calendars/9910017/2026-2027")
    page.get_by_role("link", name="What if…").click()
    page.get_by_label("School", exact=True).select_option(label="Buckeye Elementary")
    page.get_by_label("What moves").select_option(label="Break, 12/21/2026 to 01/01/2027")
    page.get_by_label("Last day would be").fill("2027-01-08")
    expect(page.get_by_role("row", name="Yarrow Testcase")).to_contain_text("02/03/2027")
    coordinator.look("what-if-school")
    page.get_by_label("What moves").select_option(label="Add a closure")
    expect(page.locator("#what-if-answer")).to_contain_text("Enter both days")


def test_5_nothing_has_changed(coordinator):
    page = coordinator.page
    coordinator.go("/meetings")
    expect(page.locator("main")).to_contain_text("by the state; by law 01/27/2027")
