"""What changed since one last looked, marked as seen with a second window open; and a job of the upkeep run by hand.
The steps are one story and run in their order."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.person import CASE_MANAGER

pytestmark = pytest.mark.browser


def test_1_a_teacher_s_report_is_news_to_the_coordinator(person, coordinator):
    teacher = person(CASE_MANAGER)
    page = teacher.page
    teacher.find_student("Alder Testcase")
    page.get_by_role("link", name="Student has left or stops taking part").click()
    page.get_by_label("What happened, as far as you know").select_option("dropped_out")
    page.get_by_label("Last day here").fill("2026-11-18")
    page.get_by_label("How you know").fill("Has not come since; the phone is not answered.")
    page.get_by_role("button", name="Report it").click()
    expect(page.locator("main")).to_contain_text("Not looked at yet")

    page = coordinator.page
    coordinator.go("/")
    page.get_by_role("link", name="What changed since you last looked").click()
    row = page.get_by_role("row").filter(has_text="Reported a change of participation")
    expect(row).to_contain_text("Wren Placeholder, Case manager")
    coordinator.look("news")
    page.set_viewport_size({"width": 820, "height": 900})
    coordinator.look("news-820")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_2_what_is_marked_in_one_window_stays_in_another(coordinator):
    page = coordinator.page
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("row").filter(has_text="Reported a change")).to_be_visible()
    page.get_by_role("button", name="Mark as seen").click()
    expect(page.get_by_role("heading", name="Nothing changed")).to_be_visible()
    coordinator.look("news-seen")
    # The other window goes on with what it had.
    other.get_by_role("link", name="Teachers and staff").click()
    expect(other.get_by_role("row").filter(has_text="Reported a change")).to_be_visible()


def test_3_a_job_is_run_by_hand_and_says_what_came_of_it(coordinator):
    page = coordinator.page
    coordinator.go("/admin/upkeep")
    expect(page.get_by_role("link", name="Planned leavings are carried out")).to_be_visible()
    coordinator.look("upkeep")
    page.get_by_role("link", name="Planned leavings are carried out").click()
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("Queued: it runs as soon as a worker is free.")).to_be_visible()
    expect(page.locator("#progress")).to_contain_text("0 carried out, 0 left alone", timeout=20_000)
    page.reload()
    expect(page.get_by_role("row").filter(has_text="Juniper Mockup")).to_contain_text("Done")
    coordinator.look("upkeep-job")


def test_4_next_year_is_planned_together_and_stands_as_a_row_to_come(coordinator):
    page = coordinator.page
    coordinator.go("/students/next-year?list=unplanned")
    page.get_by_role("link", name="Plan for all of these").click()
    page.get_by_label("Next year's grade", exact=True).check()
    page.get_by_label("Next year's grade for everybody").select_option("05")
    page.get_by_label("Why").fill("Moves up")
    page.get_by_role("button", name="Show what changes").click()
    page.get_by_role("button", name="Change 3 students").click()
    expect(page.locator("main")).to_contain_text("3 students changed.", timeout=20_000)
    coordinator.go("/students/next-year")
    row = page.get_by_role("row").filter(has_text="Testcase, Alder")
    expect(row).to_contain_text("Planned Grade: 5")
    coordinator.look("next-year")
    page.get_by_role("link", name="Testcase, Alder").click()
    row = page.get_by_role("row", name=re.compile("^History of Next grade"))
    expect(row).to_contain_text("Grade 5")
    expect(page.locator("#next-year")).to_contain_text("Planned on")
    coordinator.look("student-next-year")
