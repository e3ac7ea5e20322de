"""The record of one student as the office reads it: its layers, what differs, who owns a field, and a change that is
taken back. The steps are one story and run in their order."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_1_layers_on_demand(coordinator):
    page = coordinator.page
    coordinator.go("/")
    coordinator.find_student("Alder Testcase")
    expect(page.get_by_text(re.compile("No meeting is open, so nothing is proposed"))).to_be_visible()
    expect(page.locator(".lgroup", has_text="Eligibility").first).to_have_attribute("open", "")
    expect(page.locator(".lgroup", has_text="Transition").first).not_to_have_attribute("open", "")
    page.get_by_role("link", name="All layers").click()
    expect(page.locator(".layershead")).to_contain_text("At the state")
    expect(page.get_by_role("row", name=re.compile("^History of Primary disability"))).to_contain_text("same")
    coordinator.look("record-layers")


def test_2_who_owns_a_field_and_its_correction(coordinator):
    page = coordinator.page
    page.get_by_role("link", name="History of General education participation").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Owner: Meeting.")
    expect(dialog).to_contain_text("Open amendment")
    expect(dialog).to_contain_text("Stands")
    coordinator.look("record-field")
    dialog.get_by_role("link", name="Correct what was archived").click()
    expect(page.get_by_label(re.compile("^General education participation"))).to_be_focused()
    page.get_by_label(re.compile("^General education participation")).fill("60")
    page.get_by_label("Why the value was wrong").fill("A typing error.")
    page.get_by_role("button", name="Save the correction").click()
    expect(page.locator("main")).to_contain_text("Corrected. What the state will be told stands in the plan")


def test_3_only_what_differs(coordinator):
    page = coordinator.page
    coordinator.go("/")
    coordinator.find_student("Alder Testcase")
    page.get_by_role("link", name=re.compile(r"Only differences \(\d+\)")).click()
    row = page.get_by_role("row", name=re.compile("^History of General education participation"))
    expect(row).to_contain_text("60")
    expect(row).to_contain_text("At the state 85")
    expect(page.get_by_role("row", name=re.compile("^History of Primary disability"))).to_have_count(0)
    coordinator.look("record-differences")


def test_4_the_correction_is_taken_back(coordinator):
    page = coordinator.page
    page.get_by_role("navigation", name="Parts of the record").get_by_role("link", name="History").click()
    coordinator.look("record-history")
    page.get_by_role("link", name=re.compile("^Take back\s+Correction")).click()
    expect(page.locator("main")).to_contain_text("Stands again: Plan, 290 Specific learning disability")
    coordinator.look("record-take-back")
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("main")).to_contain_text("Taken back: the record stands as it was before.")
    expect(page.get_by_role("link", name=re.compile("^Take back\s+Correction"))).to_have_count(0)
    page.get_by_role("navigation", name="Parts of the record").get_by_role("link", name="Record").click()
    expect(
        page.get_by_role("row", name=re.compile("^History of General education participation"))
    ).to_contain_text("85")
    expect(page.get_by_role("link", name="Only differences (0)")).to_be_visible()
    assert coordinator.wrong == []


def test_5_the_record_as_it_was_on_another_day(coordinator):
    page = coordinator.page
    coordinator.go("/")
    coordinator.find_student("Alder Testcase")
    page.get_by_role("link", name="Census Day 10/01/2025").click()
    main = page.locator("main")
    expect(main).to_contain_text("You look at the record as it was on 10/01/2025 (as known today).")
    # On that day the plan of November 15, 2024 was in force, with specialized instruction alone.
    expect(page.get_by_role("row", name=re.compile("^History of Plan effective start"))).to_contain_text(
        "11/15/2024"
    )
    expect(page.locator(".lgroup", has_text=re.compile("^Service"))).to_have_count(1)
    expect(page.locator(".ident")).to_contain_text("What is changed is changed in the record of today.")
    page.get_by_text("What this view cannot tell").click()
    expect(main).to_contain_text("What a meeting proposed on that day is not kept by day")
    coordinator.look("record-as-of")
    page.get_by_role("link", name="History of General education participation").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("What is changed is changed in the record of today.")
    expect(dialog).not_to_contain_text("Correct what was archived")
    page.keyboard.press("Escape")

    page.get_by_text("As known on", exact=True).first.click()
    page.get_by_label("As known on").fill("2026-11-22")
    page.get_by_label("As of", exact=True).fill("2025-11-20")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(main).to_contain_text("as it was on 11/20/2025 (as known on 11/22/2026).")
    # The district took everything over on November 23.
    expect(main).to_contain_text("As far as was known, this student had no plan here on that day.")
    coordinator.look("record-as-known")
    page.get_by_role("main").get_by_role("link", name="Back to today").last.click()
    expect(main).not_to_contain_text("You look at the record")
    expect(page.get_by_role("row", name=re.compile("^History of Plan effective start"))).to_contain_text(
        "11/14/2025"
    )
