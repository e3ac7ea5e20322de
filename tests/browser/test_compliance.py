"""Compliance in a browser: numbers by school, why a student counts, another day, and the state's list beside ours."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_from_a_number_to_the_reason_and_to_what_the_state_says(coordinator, tmp_path):
    page = coordinator.page
    coordinator.go("/compliance")
    expect(page.get_by_role("heading", name="Compliance")).to_be_visible()
    coordinator.look("compliance")

    # The number that is non-compliant opens its students, and each says why.
    page.get_by_role("link", name="1 non-compliant, Buckeye Elementary").click()
    expect(page.get_by_text("due again after a year, on 11/14/2026.")).to_be_visible()
    coordinator.look("compliance-students")
    page.get_by_role("link", name="Compliance", exact=True).last.click()

    # On the day of its due date the review was not late; the months are a table as well.
    page.get_by_label("As of", exact=True).fill("2026-11-14")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name=re.compile("non-compliant, Buckeye"))).to_have_count(0)
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("rowheader", name="07/31/2026")).to_be_visible()

    # The state's list: first a file that is none, then one that lists Towhee as late.
    page.get_by_role("link", name="Compare with the state's list").click()
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    bad.write_text("SSID,Monitoring Category\n990000002,Plan Review Held Late\n", encoding="utf-8")
    good.write_text("SSID,Monitoring Category\n9900000002,Plan Review Held Late\n", encoding="utf-8")
    page.get_by_label("As of (on the report)").fill("2026-11-23")
    page.get_by_label("CSV file of the report").set_input_files(bad)
    page.get_by_role("button", name="Take it in and compare").click()
    expect(page.get_by_text("“990000002” is no SSID.")).to_be_visible()
    # The browser notes that the answer was a refusal, as it was meant to be.
    assert all("422" in one for one in coordinator.wrong)
    coordinator.wrong.clear()
    coordinator.look("compliance-state")
    page.get_by_label("CSV file of the report").set_input_files(good)
    page.get_by_role("button", name="Take it in and compare").click()
    expect(page.get_by_role("link", name="Only ours 1")).to_be_visible()
    coordinator.look("compliance-compare")
    page.get_by_role("link", name="Other group 1").click()
    expect(page.get_by_text("It came within a year of the one before, 03/03/2025.")).to_be_visible()
    assert coordinator.wrong == []
