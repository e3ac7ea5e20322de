"""People from outside, in real browsers: a state monitor from access to its end, a host session from asking to its
end, a look as a colleague, and a record that another district asks for. The steps are one story, in their order."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.person import CASE_MANAGER, COORDINATOR
from tests.support.forked import served

pytestmark = pytest.mark.browser

MONITOR, HOST, ELSEWHERE = (
    "bittern.example@cde.example.org",
    "egret.placeholder@host.example.org",
    "fern.sample@example.org",
)


@pytest.fixture(scope="module")
def system(folder, databases):
    """The small world, with somebody of the host and a coordinator of the other district; no sandbox is needed."""
    with served(folder, databases, "--guests", write_state=None, works=False) as running:
        yield running


@pytest.fixture(scope="module")
def coordinator(person):
    return person(COORDINATOR)


@pytest.fixture(scope="module")
def monitor(person):
    """Signs in when first asked for: after access was given."""
    return person(MONITOR)


@pytest.fixture(scope="module")
def host(person):
    return person(HOST)


def expected_refusal(somebody) -> None:
    """A page of 403 or 404 that was asked for on purpose stands on the console; everything else stays."""
    somebody.wrong = [text for text in somebody.wrong if not re.search(r"status of (403|404)", text)]


def test_1_a_monitor_gets_access_to_one_student(coordinator):
    page = coordinator.page
    coordinator.go("/admin/monitors")
    coordinator.look("guests-monitors-none")
    page.get_by_role("link", name="Give access").first.click()
    page.get_by_label("Name of the monitor").fill("Bittern Example")
    page.get_by_label("E-mail").fill(MONITOR)
    page.get_by_label("Until").fill("2026-12-31")
    page.get_by_label("Reason, or number of the letter").fill("Letter 26-117")
    page.get_by_label("Find students").fill("alder")
    page.keyboard.press("Enter")
    page.get_by_role("checkbox", name="Name Alder Testcase").check()
    page.get_by_label("Find students").fill("")
    page.get_by_role("button", name="Show what this gives").click()
    expect(page.locator("main")).to_contain_text(
        "will read 1 student from November 23, 2026 to December 31, 2026"
    )
    coordinator.look("guests-monitor-preview")
    page.get_by_role("button", name="Give this access").click()
    expect(page.locator("main")).to_contain_text("Bittern Example may read 1 student now.")


def test_2_the_monitor_reads_under_a_watermark(system, monitor):
    page = monitor.page
    monitor.go("/students")
    expect(page.locator("main")).to_contain_text(
        "State monitor You read what Chaparral Unified opened to you"
    )
    page.get_by_role("link", name="Testcase, Alder").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Alder Testcase")
    mark = page.locator("svg.watermark")
    expect(mark).to_contain_text("Bittern Example · State monitor")
    monitor.look("guests-monitor-student")
    # What the district's people did to the record is not opened to a guest.
    expect(page.get_by_role("link", name="History", exact=True)).to_have_count(0)
    # The mark takes no click, and paper has it too.
    page.emulate_media(media="print")
    expect(mark).to_be_visible()
    assert page.locator(".rail").is_hidden()
    page.emulate_media(media="screen")


def test_3_the_district_reads_each_look_and_ends_it(coordinator, monitor):
    page = coordinator.page
    coordinator.go("/admin/monitors")
    page.get_by_role("link", name="Bittern Example").click()
    looks = page.get_by_role("table", name="Looks, newest first")
    expect(looks.get_by_role("row")).to_have_count(3)
    expect(looks).to_contain_text("Alder Testcase")
    coordinator.look("guests-monitor-looks")
    page.get_by_role("button", name="End the access…").click()
    page.get_by_role("button", name="End it now").click()
    expect(page.locator("main")).to_contain_text("Ended: Bittern Example reads nothing any more.")
    monitor.page.reload()
    expect(monitor.page.locator("main")).to_contain_text("no perspective is given to you today")
    expect(monitor.page.locator("body")).not_to_contain_text("Alder")
    expected_refusal(monitor)


def test_4_host_staff_ask_and_see_nothing(host):
    page = host.page
    expect(page.locator("main")).to_contain_text("This perspective reads no student records.")
    page.get_by_role("link", name="Ask a district for a session").click()
    page.get_by_label("District").select_option(label="Chaparral Unified")
    page.get_by_label("For how long").select_option("2")
    page.get_by_label("Ticket").fill("T-4711")
    page.get_by_label("What has to be looked at, and why").fill("A list is empty that should not be")
    page.get_by_role("button", name="Ask for a session").click()
    expect(page.locator("main")).to_contain_text("Waits for the district")
    host.look("guests-host-asked")
    host.go("/students")
    expect(page.locator("main")).not_to_contain_text("Testcase")
    expected_refusal(host)


def test_5_the_district_approves_and_the_session_says_how_long(coordinator, host):
    page = coordinator.page
    coordinator.go("/")
    page.get_by_role("link", name="Host staff ask for a session", exact=True).click()
    page.get_by_role("row", name=re.compile("T-4711")).get_by_role("link").click()
    coordinator.look("guests-host-decide")
    page.get_by_label("Your word to them").fill("Please look")
    page.get_by_role("button", name="Approve for 2 hours").click()
    expect(page.locator("main")).to_contain_text("Open for 2 h.")

    host.go("/host/sessions")
    host.page.get_by_role("button", name="Open it").click()
    band = host.page.get_by_label("Your access")
    expect(band).to_contain_text("Host staff, approved session")
    expect(band).to_contain_text(re.compile(r"(2 h 0|1 h 5\d) min left"))
    host.go("/students")
    expect(host.page.locator("main")).to_contain_text("Testcase, Towhee")
    host.look("guests-host-looks")


def test_6_the_session_ends_at_once_and_its_looks_are_read(coordinator, host):
    page = coordinator.page
    page.reload()
    page.get_by_role("button", name="End it now").click()
    expect(page.locator("main")).to_contain_text("Ended. Host staff see nothing any more.")
    looks = page.get_by_role("table", name="Looks, newest first")
    expect(looks).to_contain_text("Towhee Testcase")
    coordinator.look("guests-host-ended")
    host.go("/students")
    expect(host.page.locator("main")).not_to_contain_text("Testcase")
    expected_refusal(host)


def test_7_a_look_as_a_colleague(coordinator):
    page = coordinator.page
    coordinator.go("/")
    page.locator("details.who summary").click()
    page.get_by_role("link", name="See as a colleague").click()
    coordinator.look("guests-view-as")
    page.get_by_label("For what help").fill("Cannot find the service page")
    page.get_by_role("button", name="See as Wren Placeholder, Case manager").click()
    band = page.get_by_label("Your access")
    expect(band).to_contain_text("You see what Wren Placeholder sees")
    expect(band).to_contain_text(re.compile(r"(30|29) min left"))
    coordinator.find_student("Alder Testcase")
    coordinator.look("guests-view-as-student")
    page.get_by_role("link", name="Home", exact=True).click()
    coordinator.look("guests-view-as-home")
    band.get_by_role("button", name="End the view").click()
    expect(page.locator("main")).to_contain_text("You look as yourself again")
    expect(band).to_have_count(0)


def test_8_the_health_of_a_meeting(coordinator, person):
    teacher = person(CASE_MANAGER)
    teacher.find_student("Alder Testcase")
    teacher.page.get_by_role("button", name="Open annual").click()
    expect(teacher.page.locator("main")).to_contain_text("Placement and setting")
    coordinator.go(teacher.page.url.removeprefix(coordinator.address))
    coordinator.page.locator("summary", has_text="This meeting: locks and drafts").click()
    expect(coordinator.page.locator(".health")).to_contain_text("Wren Placeholder")
    coordinator.look("guests-health")


def test_9_another_district_asks_for_a_record(person, coordinator):
    fern = person(ELSEWHERE)
    page = fern.page
    page.keyboard.press("/")
    page.keyboard.type("towhee")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="ask whether a record exists").click()
    fern.look("guests-elsewhere")
    page.get_by_label("Legal first name").fill("Towhee")
    page.get_by_label("Legal last name").fill("Testcase")
    page.get_by_label("Birth date", exact=True).fill("2014-09-30")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("main")).to_contain_text(
        "A record exists; request it. The agency to ask is Chaparral Unified."
    )
    fern.look("guests-elsewhere-exists")
    page.get_by_label("Why you need the record").fill("Enrolls here on Monday")
    page.get_by_role("button", name="Request the record").click()
    expect(page.locator("main")).to_contain_text("Waits for the LEA")

    coordinator.go("/")
    coordinator.look("guests-home")
    coordinator.page.get_by_role("link", name="Records that another agency asks for", exact=True).click()
    coordinator.page.get_by_role("row", name=re.compile("Towhee Testcase")).get_by_role("link").click()
    coordinator.look("guests-request")
    coordinator.page.get_by_label("Your word to them").fill("Welcome to your new district")
    coordinator.page.get_by_role("button", name="Open the record").click()
    expect(coordinator.page.locator("main")).to_contain_text("may read this record, and nothing else")

    page.reload()
    page.get_by_role("button", name="Read it").click()
    fern.go("/students")
    page.get_by_role("link", name="Testcase, Towhee").click()
    expect(page.locator("svg.watermark")).to_contain_text("Fern Sample · Requested record")
    fern.look("guests-requested-record")
