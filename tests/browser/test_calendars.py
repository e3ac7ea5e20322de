"""A calendar is loaded, drawn and changed, and who moves is seen before anything is saved. The steps are one story."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

YEAR = (
    "lea,school,track,kind,start,end\n,,,term,2026-08-17,2027-06-04\n,,,break,2026-11-23,2026-11-27\n"
    ",,,break,2026-12-21,2027-01-01\n,,,summer,2027-06-05,2027-08-15\n"
)


def test_1_an_evaluation_begins_and_its_60_days_count_without_breaks(coordinator):
    page = coordinator.page
    coordinator.find_student("Yarrow Testcase")
    page.get_by_role("link", name="All kinds of meetings").click()
    row = page.get_by_role("row", name="Initial evaluation", exact=False).first
    row.get_by_label("Consent to evaluate").fill("2026-11-16")
    row.get_by_role("button", name="Open").click()
    expect(page.locator("main")).to_contain_text("due 01/15/2027, in time")


def test_2_the_page_of_calendars_says_what_is_missing(coordinator):
    page = coordinator.page
    coordinator.go("/admin")
    page.get_by_role("navigation", name="Administration").get_by_role("link", name="Calendars").click()
    expect(page.locator("main")).to_contain_text("Clocks count as if there were no break")
    coordinator.look("calendars-missing")
    page.get_by_role("link", name="Load a calendar of Chaparral Unified, 2026-2027").click()
    coordinator.look("calendar-change")


def test_3_a_file_shows_who_moves_before_it_is_saved(coordinator):
    page = coordinator.page
    page.get_by_label("CSV or iCalendar file").set_input_files(
        {"name": "calendar.csv", "mimeType": "text/csv", "buffer": YEAR.encode()}
    )
    page.get_by_role("button", name="Show what the file does").click()
    expect(page.locator("main")).to_contain_text("1 open evaluation gets another due date by the law")
    expect(page.get_by_role("row", name="Yarrow Testcase")).to_contain_text("01/27/2027")
    page.locator("summary", has_text="Then: 01/27/2027").click()
    skipped = (
        "break of 10 school days from 12/21/2026 to 01/01/2027: "
        "not counted from its first missed weekday to its last"
    )
    expect(page.locator("main")).to_contain_text(skipped)
    coordinator.look("calendar-preview")
    page.get_by_label("Why the calendar changes").fill("Adopted by the board on May 12")
    page.get_by_role("button", name="Save the calendar and move 1 due date").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Chaparral Unified, 2026-2027")


def test_4_the_year_is_drawn_and_a_break_leads_to_its_length(coordinator):
    page = coordinator.page
    coordinator.look("calendar-year")
    winter = page.get_by_role("link", name="21, B: break of 10 school days, 12/21/2026 to 01/01/2027")
    winter.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#break-2026-12-21")).to_be_in_viewport()
    expect(page.locator("#break-2026-12-21")).to_contain_text("12 calendar days")


def test_5_a_longer_break_moves_the_date_again(coordinator):
    page = coordinator.page
    page.get_by_role("link", name="Change break of 12/21/2026").click()
    page.get_by_label("Last day").fill("2027-01-08")
    page.get_by_role("button", name="Show what this does").click()
    expect(page.get_by_role("row", name="Yarrow Testcase")).to_contain_text("02/03/2027")
    page.get_by_label("Why the calendar changes").fill("A week of storm")
    page.get_by_role("button", name="Save the calendar and move 1 due date").click()
    page.get_by_text("Who changed it, when and why").click()
    expect(page.locator("main")).to_contain_text("A week of storm")


def test_6_the_meeting_shows_both_dates_with_their_count(coordinator):
    page = coordinator.page
    coordinator.go("/meetings")
    expect(page.locator("main")).to_contain_text("by the state; by law 02/03/2027")
    page.get_by_role("link", name="Hold Yarrow Testcase").click()
    expect(page.locator("main")).to_contain_text(
        "By law on February 3, 2027, by the state on January 15, 2027."
    )
    page.get_by_text("How this is counted").click()
    coordinator.look("meeting-clock")
