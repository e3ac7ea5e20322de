"""The whole first path, as two people walk it: SIS file in, annual review held, state told, error mended.

The state's extract at the end is compared with lines written by hand, and so is every date on the way. The
tests of this module are steps of one story and run in their order.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from manzanita.domain.layouts import layout
from manzanita.domain.layouts.files import write_lines
from tests.browser.person import CASE_MANAGER, Person
from tests.support import state_files as w

pytestmark = pytest.mark.browser

TRANSACTION = re.compile(r"\^MZ[0-9a-f]{24}\^")


@pytest.fixture(scope="module")
def case_manager(person):
    return person(CASE_MANAGER)


def at_the_state(system, record):
    """The extract of Alder's lines, our transaction ids masked: they are new in each run."""
    return [TRANSACTION.sub("^MZ^", line) for line in system.extract(record) if w.SSIDS["alder"] in line]


def send(person, count):
    page = person.page
    person.go("/state")
    page.locator("#last-look > summary").click()
    page.get_by_role("button", name=f"Send {count} operation").click()
    expect(page.locator("#progress")).to_contain_text("posted", timeout=30_000)


def test_1_sis_files_come_in_and_each_refusal_is_explained(coordinator, folder):
    page = coordinator.page
    senr = [
        w.senr("alder"),
        w.senr("towhee", **{"1.24": "07"}),
        w.senr("yarrow", **{"1.17": "20170231"}),
        {**w.senr("yarrow"), "1.08": "9900000078", "1.09": "L0078", "1.10": "Quail", "1.22": "20261102"},
        w.senr("sage", w.OTHER_LEA),
    ]
    lines = write_lines(layout("SENR"), senr)
    (folder / "SIS_SENR.txt").write_text("\n".join([*lines, "SENR^cut off"]) + "\n")
    coordinator.go("/")
    page.get_by_role("link", name="Newest import").click()
    page.set_input_files("input[type=file]", [folder / "SIS_SENR.txt"])
    page.get_by_role("button", name="Import the files").click()
    expect(page.locator("#progress")).to_contain_text("Loaded", timeout=30_000)
    page.get_by_text("1 note with nothing to do").click()
    told = page.locator("main").inner_text()
    assert 'Student Birth Date: "20170231" is not a day of the calendar' in told
    assert "Line 6 has 2 fields, and a SENR line has 35" in told
    assert "1 line of LEA 9910025" in told
    coordinator.look("import")

    coordinator.find_student("Quail Testcase")
    coordinator.find_student("Towhee Testcase")
    expect(page.locator(".identity, aside").first).to_contain_text("Grade 7")


def test_2_the_same_file_again_changes_nothing(coordinator, folder):
    page = coordinator.page
    coordinator.go("/imports")
    page.set_input_files("input[type=file]", [folder / "SIS_SENR.txt"])
    page.get_by_role("button", name="Import the files").click()
    expect(page.locator("#progress")).to_contain_text("Nothing changed", timeout=30_000)
    (file,) = page.locator("#progress tbody tr").all_inner_texts()
    # Lines 6; matched 4, new 0, changed 0, unchanged 4, refused 1, another LEA's 1; one field left empty.
    assert file.split() == ["SIS_SENR.txt", "SENR", "6", "4", "0", "0", "4", "1", "1", "1"]


def test_3_an_annual_review_is_opened_and_a_second_is_refused_with_its_reason(case_manager):
    page = case_manager.page
    case_manager.go("/")
    case_manager.look("home-case-manager")
    case_manager.find_student("Alder Testcase")
    page.get_by_role("button", name="Open annual plan review").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Annual plan review")
    case_manager.find_student("Alder Testcase")
    page.get_by_text(re.compile(r"^Not possible now")).click()
    refused = page.locator("[aria-disabled=true]", has_text="Open an").first
    expect(refused).to_be_visible()
    described = page.locator(f"#{refused.get_attribute('aria-describedby')}")
    expect(described).to_contain_text("Not now")
    page.get_by_role("link", name="Continue").first.click()


def test_4_a_service_is_changed_saved_while_typing_and_judged_live(case_manager):
    page = case_manager.page
    page.locator("#meeting-steps").get_by_role("link", name="Services").click()
    page.get_by_role("link", name="415 Language and speech").click()
    minutes = page.get_by_label("Minutes")
    minutes.fill("forty")
    minutes.press("Tab")
    expect(page.locator(".finds, aside").last).to_contain_text("FRMT0004")
    minutes.fill("45")
    minutes.press("Tab")
    expect(page.locator(".finds, aside").last).not_to_contain_text("FRMT0004")
    page.reload()
    expect(page.get_by_label("Minutes")).to_have_value("45")
    case_manager.look("meeting")


def test_5_it_is_held_late_with_a_reason_and_the_family_answers_item_by_item(case_manager):
    page = case_manager.page
    page.locator("#meeting-steps").get_by_role("link", name="Hold").click()
    page.get_by_label("Held on").fill("2026-11-20")
    page.get_by_label("Held on").press("Tab")
    expect(page.get_by_label("Reason of delay")).to_be_visible()
    page.get_by_label("Reason of delay").select_option("30")
    page.get_by_role("button", name="Record it").click()
    for name in ("Placement and plan", "330 Specialized academic instruction", "415 Language and speech"):
        row = page.get_by_role("row", name=name)
        row.get_by_label("Agrees").check()
        row.get_by_label("Who decided").fill("Maple Testcase")
        row.get_by_label("Day of the decision").fill("2026-11-20")
    page.get_by_role("button", name="Record the answers").click()
    page.locator("#meeting-steps").get_by_role("link", name="Finalize").click()
    expect(page.get_by_role("button", name="Finalize the meeting")).to_be_visible()
    told = page.locator("main").inner_text()
    assert "November 20, 2026" in told
    case_manager.look("finalize")


def test_6_finalize_makes_it_so_and_twice_is_once(case_manager):
    page = case_manager.page
    meeting = re.search(r"/meetings/([0-9a-f-]{36})", page.url)[1]
    page.get_by_role("button", name="Finalize the meeting").click()
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("Finalize")
    case_manager.look("archive")
    case_manager.go(f"/meetings/{meeting}")
    assert page.get_by_role("button", name="Finalize the meeting").count() == 0


def test_7_the_plan_shows_the_operations_in_order_with_their_lines(coordinator):
    page = coordinator.page
    coordinator.go("/state")
    rows = page.locator(".op").all_inner_texts()
    told = [" ".join(row.split()) for row in rows]
    assert [re.search(r"(MEET|PLAN|SERV) of (\S+)", row).groups() for row in told] == [
        ("MEET", "11/20/2026"),
        ("PLAN", "11/20/2026"),
        ("SERV", "11/20/2026"),
        ("SERV", "11/20/2026"),
    ]
    page.locator(".op [data-open]").nth(1).click()
    opened = page.locator(".lineview").first
    expect(opened).to_contain_text("23.12")
    expect(opened).to_contain_text("20261120")
    coordinator.look("state-plan")


def test_8_the_state_rejects_one_line_and_the_finding_names_field_rule_owner_and_fix(coordinator, system):
    page = coordinator.page
    system.control(
        "reject",
        record="SERV",
        code="GERR0007",
        text="Code is not valid in the submitted academic year.",
        ssid=w.SSIDS["alder"],
        field="25.14",
    )
    send(coordinator, 4)
    expect(page.get_by_role("img", name="3 posted, 1 rejected")).to_be_visible()
    coordinator.look("submission")
    coordinator.find_student("Alder Testcase")
    strip = page.locator(".strip").first
    expect(strip).to_contain_text("GERR0007")
    coordinator.look("student")
    coordinator.go("/findings")
    coordinator.look("findings")
    page.get_by_role("link", name="GERR0007").click()
    told = page.locator("main").inner_text()
    assert "25.14" in told
    assert "Frequency: 20 Weekly" in told
    assert "IEP team" in told
    coordinator.look("finding")


def test_9_the_value_is_corrected_sent_again_and_the_state_holds_what_we_hold(coordinator, system):
    page = coordinator.page
    page.get_by_role("link", name="Correct and resend").click()
    page.get_by_label("Frequency").select_option("30")
    page.get_by_label("Why the value was wrong").fill("The team wrote monthly")
    page.get_by_role("button", name="Check, and show").click()
    expect(page.get_by_role("heading", name="What will happen")).to_be_visible()
    coordinator.look("correct")
    page.get_by_role("button", name="Save the correction").click()
    send(coordinator, 1)
    expect(page.get_by_role("img", name="1 posted, 0 rejected")).to_be_visible()
    coordinator.go("/findings")
    assert page.get_by_role("link", name="GERR0007").count() == 0
    assert at_the_state(system, "SWDS") == [
        "SWDS-R^^^9910017^2025-2026^9900000005^L0005^SE-0005^9901^20241115^20241115^1^^20260310^20260310",
    ]
    assert at_the_state(system, "MEET")[-1] == (
        "MEET-R^^MZ^9910017^2026-2027^9900000005^L0005^SE-0005^9901^^^^^^20261120^^Y^30^^20261123^20261123"
    )
    assert at_the_state(system, "PLAN")[-1] == (
        "PLAN-R^^MZ^9910017^2026-2027^9900000005^L0005^SE-0005^9901^9910017^100^20261120^1^210^290^MMSN"
        "^^^^400^^^85^^^^^^^^^^N^^^20261123^20261123"
    )
    assert at_the_state(system, "SERV")[-2:] == [
        "SERV-R^^MZ^9910017^^2026-2027^9900000005^L0005^9901^^330^100^510^30^60^SE-0005^20261120^20261123^20261123",
        "SERV-R^^MZ^9910017^^2026-2027^9900000005^L0005^9901^^415^100^510^20^45^SE-0005^20261120^20261123^20261123",
    ]
    assert [len(at_the_state(system, record)) for record in ("MEET", "PLAN", "SERV")] == [3, 3, 5]


def _amend(case_manager, percent, answer):
    """An amendment of the general education percentage, held on paper today and answered."""
    page = case_manager.page
    case_manager.find_student("Alder Testcase")
    page.get_by_role("button", name="Open amendment").click()
    page.locator("#meeting-steps").get_by_role("link", name="Placement").click()
    page.get_by_label("General education participation").fill(percent)
    page.get_by_label("General education participation").press("Tab")
    expect(page.locator("#meeting-steps").get_by_role("link", name="Placement")).to_contain_text("1 changed")
    page.locator("#meeting-steps").get_by_role("link", name="Hold").click()
    page.get_by_label("Held on").fill("2026-11-23")
    page.get_by_role("button", name="Record it").click()
    page.get_by_label(answer).check()
    page.get_by_label("Who decided").fill("Maple Testcase")
    page.get_by_label("Day of the decision").fill("2026-11-23")
    page.get_by_role("button", name="Record the answers").click()
    page.locator("#meeting-steps").get_by_role("link", name="Finalize").click()


def test_10_an_amendment_that_is_not_agreed_sends_nothing_and_says_why(case_manager, coordinator):
    _amend(case_manager, "70", "Declines")
    page = case_manager.page
    expect(page.locator("main")).to_contain_text("Nothing goes to the state")
    page.get_by_role("button", name="Finalize the meeting").click()
    coordinator.go("/state")
    expect(coordinator.page.locator("main")).to_contain_text("The state holds what it should")
    expect(coordinator.page.locator("main")).to_contain_text("The family did not agree to this amendment")


def test_11_an_amendment_that_is_agreed_reports_a_plan_and_its_services_and_no_meeting(
    case_manager, coordinator, system
):
    _amend(case_manager, "70", "Agrees")
    case_manager.page.get_by_role("button", name="Finalize the meeting").click()
    meetings = at_the_state(system, "MEET")
    coordinator.go("/state")
    assert coordinator.page.locator(".op .rt").all_inner_texts() == ["PLAN", "SERV", "SERV"]
    coordinator.page.locator("#last-look > summary").click()
    coordinator.page.get_by_role("button", name="Send 3 operations").click()
    expect(coordinator.page.get_by_role("img", name=", 0 rejected")).to_be_visible(timeout=30_000)
    assert at_the_state(system, "MEET") == meetings
    assert at_the_state(system, "PLAN")[-1].endswith(
        "^20261123^2^210^290^MMSN^^^^400^^^70^^^^^^^^^^N^^^20261123^20261123"
    )
    # Nobody saw an error on any page of the story.
    assert case_manager.wrong == []
    assert coordinator.wrong == []


def test_12_two_people_at_one_field_each_see_the_other_and_nothing_typed_is_lost(case_manager, coordinator):
    page, other = case_manager.page, coordinator.page
    case_manager.find_student("Towhee Testcase")
    page.get_by_role("button", name="Open amendment").click()
    page.locator("#meeting-steps").get_by_role("link", name="Placement").click()
    other.goto(page.url)
    # Password managers and the like leave a style on controls; a swap must not copy it into what CSP forbids.
    page.evaluate("document.querySelectorAll('input').forEach((one) => { one.style.caretColor = 'auto'; })")
    percent = page.get_by_role("textbox", name="General education participation")
    percent.fill("60")
    percent.press("Tab")
    expect(page.locator("#meeting-steps").get_by_role("link", name="Placement")).to_contain_text("1 changed")
    assert case_manager.wrong == []
    other.get_by_role("textbox", name="General education participation").fill("65")
    other.get_by_role("textbox", name="General education participation").press("Tab")
    conflict = other.get_by_role("group", name="Two values for General education participation")
    expect(conflict).to_contain_text("Wren Placeholder")
    expect(conflict).to_contain_text("60")
    expect(other.get_by_role("textbox", name="General education participation")).to_have_value("65")
    conflict.get_by_role("button", name="Take theirs").click()
    expect(other.get_by_role("textbox", name="General education participation")).to_have_value("60")


def test_12b_what_is_typed_before_the_scripts_have_come_is_saved_when_they_have(coordinator, case_manager):
    """A slow line: the page can be read and filled, and nothing hears it yet."""
    page = coordinator.page
    scripts = []
    page.route("**/htmx.min*", lambda script: scripts.append(script))
    with page.expect_request("**/htmx.min*"):
        page.goto(page.url, wait_until="commit")
    percent = page.get_by_role("textbox", name="General education participation")
    percent.fill("70")
    (script,) = scripts
    with page.expect_response(lambda answer: answer.request.method == "POST") as saved:
        script.continue_()
    assert saved.value.ok
    page.unroute("**/htmx.min*")
    case_manager.page.reload()
    expect(case_manager.page.get_by_role("textbox", name="General education participation")).to_have_value(
        "70"
    )


def test_13_signed_out_elsewhere_a_save_says_so_and_takes_the_page_away(case_manager):
    page = case_manager.page
    page.context.clear_cookies(name="sessionid")
    percent = page.get_by_role("textbox", name="General education participation")
    percent.fill("55")
    percent.press("Tab")
    # The page is covered; the way back is another tab, because there is no session left to unlock.
    covered = page.get_by_role("dialog", name="Locked")
    expect(covered.get_by_text("You are not signed in any more.")).to_be_visible()
    expect(covered.get_by_label("Password")).to_be_hidden()
    expect(covered.get_by_role("link", name="Sign in again in another tab")).to_be_visible()
    # What stood on it is out of the document meanwhile.
    expect(percent).to_have_count(0)


def test_14_signed_in_again_in_another_tab_the_old_tab_saves_what_waits_by_itself(case_manager, system):
    old = case_manager.page
    tab = old.context.new_page()
    Person(tab, system.address).sign_in(CASE_MANAGER, w.PASSWORD)
    # The text of the step before waits in the old tab, which finds that its person is back, and saves.
    expect(old.get_by_role("dialog", name="Locked")).to_be_hidden(timeout=90_000)
    expect(old.get_by_role("textbox", name="General education participation")).to_have_value("55")
    expect(old.locator("[data-unsaved-band]")).to_be_hidden(timeout=90_000)
    tab.goto(old.url)
    expect(tab.get_by_role("textbox", name="General education participation")).to_have_value("55")
    # A plain form of an old tab, too, goes with the token that the page has learned meanwhile; one that has not is
    # offered again with all it held (tests/web/test_access.py).
    Person(tab, system.address).sign_out_and_in(CASE_MANAGER, w.PASSWORD)
    old.get_by_role("button", name="Cancel the meeting…").click()
    old.get_by_label("Reason").fill("The family asked for another day")
    old.get_by_role("dialog").get_by_role("button", name="Cancel the meeting").click()
    offered = old.get_by_role("button", name="Send it again as Wren Placeholder")
    told = old.get_by_text("The family asked for another day")
    expect(offered.or_(told)).to_be_visible()
    if offered.is_visible():
        offered.click()
    expect(old.get_by_text("The family asked for another day")).to_be_visible()
    tab.close()
