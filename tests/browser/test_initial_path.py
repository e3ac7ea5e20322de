"""An initial evaluation from consent to the state: pending, held, offered, agreed; and a triennial not eligible.

Steps of one story, run in their order. What the state holds at the end is written by hand.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support import state_files as w

pytestmark = pytest.mark.browser
TRANSACTION = re.compile(r"\^MZ[0-9a-f]{24}\^")
SPED_ID = re.compile(r"SE[0-9]{8}")


def at_the_state(system, record, name):
    """The extract's lines of one student; transaction and special education ids masked, as they are new each run."""
    lines = [TRANSACTION.sub("^MZ^", line) for line in system.extract(record) if w.SSIDS[name] in line]
    return [SPED_ID.sub("SE", line) for line in lines]


def send(person, count):
    page = person.page
    person.go("/state")
    page.locator("#last-look > summary").click()
    page.get_by_role("button", name=re.compile(f"Send {count} operations?$")).click()
    expect(page.locator("#progress")).to_contain_text("posted", timeout=30_000)


def put(page, field, value):
    """Fill one field of the offer, and wait until it is saved and judged: leaving earlier would cut that off."""
    control = page.locator(f"#f-{field}")
    with page.expect_response(re.compile("/live")):
        if control.evaluate("one => one.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
            control.press("Tab")
    page.wait_for_load_state("networkidle")


def test_1_an_initial_evaluation_begins_with_consent(coordinator):
    page = coordinator.page
    coordinator.find_student("Yarrow Testcase")
    page.get_by_role("link", name="All kinds of meetings").click()
    coordinator.look("meeting-new")
    row = page.get_by_role("row", name="Initial evaluation", exact=False).first
    row.get_by_label("Consent to evaluate").fill("2026-09-28")
    row.get_by_label("Referral").fill("2026-09-14")
    row.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Initial evaluation")


def test_2_the_state_is_told_that_it_is_pending(coordinator, system):
    page = coordinator.page
    page.locator("#meeting-steps").get_by_role("link", name="Hold").click()
    expect(page.get_by_text("Expected: consent was given by Census Day, 10/07/2026")).to_be_visible()
    coordinator.look("meeting-hold-initial")
    page.get_by_role("button", name="Report as pending as of 09/28/2026").click()
    expect(page.get_by_text("It is deleted at the state when the meeting is final.")).to_be_visible()
    send(coordinator, 1)
    assert at_the_state(system, "MEET", "yarrow") == [
        "MEET-R^^MZ^9910017^2026-2027^9900000003^L0003^SE^9901^20260928^20260914^^20260928^10^^^N^^^20261123^20261123"
    ]


def test_3_an_offer_is_made_and_agreed(coordinator):
    page = coordinator.page
    coordinator.find_student("Yarrow Testcase")
    page.get_by_role("link", name="Continue initial evaluation").click()
    put(page, "plan-23-11", "100")
    put(page, "plan-23-15", "240")
    page.locator("#meeting-steps").get_by_role("link", name="Placement and setting").click()
    put(page, "plan-23-20", "400")
    put(page, "plan-23-23", "90")
    page.locator("#meeting-steps").get_by_role("link", name="Other").click()
    put(page, "plan-23-14", "210")
    put(page, "plan-23-33", "N")
    page.locator("#meeting-steps").get_by_role("link", name="Services").click()
    page.locator("select[name=add]").select_option("415")
    page.get_by_role("button", name=re.compile("Add")).first.click()
    put(page, "service-1-25-13", "510")
    put(page, "service-1-25-14", "20")
    put(page, "service-1-25-15", "30")
    page.locator("#meeting-steps").get_by_role("link", name="Hold").click()
    page.get_by_label("Held on").fill("2026-11-20")
    page.get_by_role("button", name="Record it").click()
    for name in ("Placement and plan", "415 Language and speech"):
        row = page.get_by_role("row", name=name)
        row.get_by_label("Agrees").check()
        row.get_by_label("Who decided").fill("Maple Testcase")
        row.get_by_label("Day of the decision").fill("2026-11-23")
    page.get_by_role("button", name="Record the answers").click()
    page.locator("#meeting-steps").get_by_role("link", name="Finalize").click()
    expect(
        page.get_by_text("Status 1 Eligible and Participating starts on November 23, 2026.")
    ).to_be_visible()
    coordinator.look("finalize-initial")
    page.get_by_role("button", name="Finalize the meeting").click()
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("Finalize")


def test_4_the_state_holds_the_status_the_meeting_and_the_plan_and_nothing_pending(coordinator, system):
    # The pending record is deleted, four are added.
    send(coordinator, 5)
    dates = "^20261123^20261123"
    assert at_the_state(system, "SWDS", "yarrow") == [
        f"SWDS-R^^MZ^9910017^2026-2027^9900000003^L0003^SE^9901^20261123^20261123^1^{dates}"
    ]
    assert at_the_state(system, "MEET", "yarrow") == [
        f"MEET-R^^MZ^9910017^2026-2027^9900000003^L0003^SE^9901^^20260914^^20260928^10^20261120^20^N^^{dates}"
    ]
    assert at_the_state(system, "PLAN", "yarrow") == [
        "PLAN-R^^MZ^9910017^2026-2027^9900000003^L0003^SE^9901^9910017^100^20261123^1^210^240^^^^^400^^^90"
        f"^^^^^^^^^^N^^{dates}"
    ]
    assert at_the_state(system, "SERV", "yarrow") == [
        f"SERV-R^^MZ^9910017^^2026-2027^9900000003^L0003^9901^^415^100^510^20^30^SE^20261123{dates}"
    ]
    coordinator.find_student("Yarrow Testcase")
    expect(coordinator.page.locator(".statusbox")).to_contain_text("Active")
    coordinator.look("student-after-initial")


def test_5_a_triennial_finds_a_student_no_longer_eligible(coordinator, system):
    page = coordinator.page
    coordinator.find_student("Alder Testcase")
    page.get_by_role("link", name="All kinds of meetings").click()
    page.get_by_role("button", name="Open triennial reevaluation").click()
    page.locator("#meeting-steps").get_by_role("link", name="Hold").click()
    page.get_by_label("Held on").fill("2026-11-20")
    page.get_by_label(re.compile("No longer eligible, and the family does not dispute it")).check()
    expect(page.get_by_text("No reason of delay is needed.")).to_be_visible()
    coordinator.look("meeting-hold-triennial")
    page.get_by_role("button", name="Record it").click()
    expect(page.get_by_text("The plan of November 14, 2025 ends on November 19, 2026")).to_be_visible()
    page.get_by_role("button", name="Finalize the meeting").click()
    send(coordinator, 2)
    assert at_the_state(system, "SWDS", "alder")[-1] == (
        "SWDS-R^^MZ^9910017^2026-2027^9900000005^L0005^SE-0005^9901^20241115^20261120^4^21^20261123^20261123"
    )
    coordinator.find_student("Alder Testcase")
    expect(page.locator(".statusbox")).to_contain_text("Inactive, not eligible")
