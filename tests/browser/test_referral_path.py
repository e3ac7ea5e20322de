"""A referral from the day it comes to the consent that ends it, and a child entered as referred.

Steps of one story, run in their order; days by hand.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_1_a_referral_is_recorded_for_a_student_found_by_name(coordinator):
    page = coordinator.page
    coordinator.find_student("Yarrow Testcase")
    page.get_by_role("link", name="Record a referral").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Referral for assessment")
    coordinator.look("referral-new")
    page.get_by_label("Referral received on").fill("2026-11-16")
    page.get_by_label("Referred by").select_option("20")
    page.get_by_label("Concern, in a sentence").fill("Reads far below grade.")
    page.get_by_role("button", name="Record the referral").click()
    expect(page.locator(".statusbox")).to_contain_text("To settle: referral")
    expect(page.locator(".statusbox")).to_contain_text("since 11/16/2026")
    expect(page.get_by_role("heading", name="Ready for the first meeting")).to_be_visible()
    coordinator.look("student-referred")


def test_2_the_clock_stands_on_the_record_and_in_the_list_of_due_dates(coordinator):
    page = coordinator.page
    # November 17 to 30 are 14 days; December 1 is the fifteenth.
    expect(page.get_by_text("Assessment plan 12/01/2026").first).to_be_visible()
    coordinator.go("/due?span=15&clock=assessment-plan")
    expect(page.get_by_role("row", name=re.compile("Testcase, Yarrow"))).to_contain_text("12/01/2026")
    coordinator.go("/students/settle?kind=referral")
    row = page.get_by_role("row", name=re.compile("Testcase, Yarrow"))
    expect(row).to_contain_text("The assessment plan is to be given to the parent.")
    row.get_by_role("link", name=re.compile("Plan given, withdrawn or declined")).click()
    expect(page.get_by_text("due on December 1, 2026")).to_be_visible()
    coordinator.look("referral-waits")
    page.get_by_role("link", name="How it is counted").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Assessment plan to the parent")
    coordinator.look("referral-due")
    page.get_by_role("link", name="To the referral…").click()


def test_3_the_plan_given_ends_the_clock(coordinator):
    page = coordinator.page
    page.get_by_label("Assessment plan given to the parent on").fill("2026-11-20")
    page.get_by_role("button", name="Record the plan").click()
    expect(
        page.get_by_text("The parent has the assessment plan, and the consent is waited for.")
    ).to_be_visible()
    expect(page.get_by_text("due on December 1, 2026")).to_have_count(0)
    coordinator.look("referral-plan-given")


def test_4_the_consent_ends_the_referral_and_the_evaluation_goes_on(coordinator):
    page = coordinator.page
    page.get_by_role("link", name="Record the consent: open the evaluation").click()
    row = page.get_by_role("row", name="Initial evaluation", exact=False).first
    expect(row.get_by_label("Referral")).to_have_value("2026-11-16")
    row.get_by_label("Consent to evaluate").fill("2026-11-23")
    row.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Initial evaluation")
    coordinator.find_student("Yarrow Testcase")
    expect(page.locator(".statusbox")).to_contain_text("since 11/16/2026")
    expect(page.get_by_role("heading", name="Ready for the first meeting")).to_have_count(0)
    expect(page.get_by_text("Assessment plan 12/01/2026")).to_have_count(0)
    coordinator.look("student-evaluation-begun")


def test_5_a_child_at_no_school_is_entered_as_referred_and_declined(coordinator):
    page = coordinator.page
    coordinator.go("/students/new")
    page.get_by_label("Legal first name").fill("Juncus")
    page.get_by_label("Legal last name").fill("Quillwort")
    page.get_by_label("Birth date").fill("2022-02-03")
    page.get_by_role("button", name="Search", exact=True).last.click()
    coordinator.look("find-referred")
    page.get_by_role("button", name="Enter: referred for assessment").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Referral for assessment")
    page.get_by_label("Referral received on").fill("2026-11-18")
    page.get_by_label("Referred by").select_option("10")
    page.get_by_role("button", name="Record the referral").click()
    expect(page.locator(".statusbox")).to_contain_text("To settle: referral")
    page.get_by_role("link", name="Plan given, withdrawn or declined").click()
    page.get_by_text("The district declines to assess").click()
    page.locator("#f-why-declined").fill("The screening shows no suspected disability.")
    page.get_by_role("button", name="Record it as declined").click()
    expect(page.get_by_text("prior written notice to the parent is due").first).to_be_visible()
    coordinator.look("referral-declined")
