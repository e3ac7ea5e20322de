"""Every reason for which a record is not sent: reached, read with whose job it is, followed to its fix, and ended.

``WALKED`` names for each reason of the code the step that walks it; a new reason without a step fails here.
The steps are one story and run in their order.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from manzanita.exchange.holds import HOLDS, ON_ITS_WAY
from manzanita.exchange.models import ReportStatus
from tests.support import state_files as w
from tests.support.forked import served

pytestmark = pytest.mark.browser

WALKED = {
    "period-locked": "test_1_a_locked_period_is_lifted",
    "older-waiting": "test_2_an_older_one_waits_and_leads_to_what_holds_it",
    "input-error": "test_3_what_the_state_would_reject_is_corrected",
    "no-ssid": "test_4_an_ssid_arrives_with_the_sis_file",
    ON_ITS_WAY: "test_5_a_line_on_its_way_says_why_it_is_not_answered",
    "rejected": "test_6_what_the_state_rejected_is_corrected_and_sent_again",
    # In another school year than this system stands in; tests/web/test_former_window.py.
    "amendment-closed": "",
}
REPORTED = {
    "none": "test_7_do_not_report_and_one_kind_only",
    "PLAN": "test_7_do_not_report_and_one_kind_only",
    "MEET": "test_7_do_not_report_and_one_kind_only",
    # The same choice for a kind that Alder's archive does not have; tests/integration/test_report_status.py.
    "SWDS": "",
}


QUAIL = w.senr(
    "alder",
    **{
        "1.08": "9900000077",
        "1.09": "L0077",
        "1.10": "Quail",
        "1.17": "20160101",
        "1.18": "F",
        "1.22": "20260817",
        "1.24": "05",
    },
)


def write_state(folder):
    w.write_files(folder)
    with (folder / "SIS_SENR.txt").open("a", encoding="utf-8") as file:
        file.write(f"{w.write_lines(w.layout('SENR'), [QUAIL])[0]}\n")


@pytest.fixture(scope="module")
def system(folder, databases):
    """The small world with archives that cannot be sent; the sandbox holds what the state holds."""
    with served(folder, databases, "--holds", write_state=write_state) as running:
        yield running


@pytest.fixture(scope="module")
def found() -> dict[str, str]:
    """Addresses that a later step goes back to."""
    return {}


def held(page, title: str):
    """The group of one reason beside the plan."""
    return page.get_by_label("Held, sent, and not reported").locator("li", has_text=title)


def opened(coordinator, title: str, record: str):
    """From the plan to the group's list, and one line of it opened."""
    page = coordinator.page
    coordinator.go("/state")
    held(page, title).get_by_role("link").first.click()
    page.locator("tr.op", has_text=record).locator("[data-open]").first.click()
    shown = page.locator("#opened")
    expect(shown).to_be_visible()
    return shown


def test_every_reason_of_the_code_has_its_step():
    assert set(WALKED) == set(HOLDS)
    assert set(REPORTED) == {choice for choice, _ in ReportStatus.CHOICES}
    assert {name for name in (*WALKED.values(), *REPORTED.values()) if name} <= set(globals())


def test_1_a_locked_period_is_lifted(coordinator):
    page = coordinator.page
    coordinator.go("/state")
    page.get_by_text("Lock sending to Fall 1…").click()
    expect(page.locator("#lock-question")).to_contain_text(
        "For the whole district, whoever sends: until 01/22/2027"
    )
    coordinator.look("lock-asked")
    page.get_by_role("button", name="Lock the district to Fall 1 2026-2027").click()
    expect(page.locator("main")).to_contain_text("Locked: only what counts in Fall 1 2026-2027 is sent now.")

    shown = opened(coordinator, "Not of the reporting period", "MEET")
    expect(shown).to_contain_text("It is of 11/20/2026, and only what counts in Fall 1 2026-2027")
    expect(shown).to_contain_text("SEDS coordinator")
    coordinator.look("hold-period")
    shown.get_by_role("link", name="Go to the lock").click()
    page.get_by_role("button", name="Lift the lock").click()
    expect(page.locator("main")).to_contain_text("The lock is lifted")
    expect(held(page, "Not of the reporting period")).to_have_count(0)


def test_2_an_older_one_waits_and_leads_to_what_holds_it(coordinator):
    shown = opened(coordinator, "Older one is waiting", "SERV")
    expect(shown).to_contain_text("An older one is waiting: the PLAN of 11/23/2026.")
    coordinator.look("hold-older")
    shown.get_by_role("link", name="Show the older one").click()
    expect(coordinator.page.get_by_role("heading", level=1)).to_contain_text("Add PLAN of 11/23/2026")


def test_3_what_the_state_would_reject_is_corrected(coordinator):
    page = coordinator.page
    shown = opened(coordinator, "The state would reject it", "PLAN")
    expect(shown).to_contain_text("PLAN0726")
    expect(shown).to_contain_text("IEP team")
    coordinator.look("hold-input-error")
    shown.get_by_role("link", name="Correct the record").click()
    page.locator("#f-23-16").select_option("MMSN")
    page.get_by_label("Why the value was wrong").fill("It was left blank by mistake.")
    page.get_by_role("button", name="Save the correction").click()
    expect(page.locator("main")).to_contain_text("Corrected.")

    coordinator.go("/state")
    expect(held(page, "The state would reject it")).to_have_count(0)
    expect(held(page, "Older one is waiting")).to_have_count(0)


def test_4_an_ssid_arrives_with_the_sis_file(coordinator, folder):
    page = coordinator.page
    shown = opened(coordinator, "No SSID yet", "MEET")
    expect(shown).to_contain_text("The student has no SSID yet.")
    expect(shown).to_contain_text("SIS staff")
    coordinator.look("hold-no-ssid")
    shown.get_by_role("link", name="Take SIS files in").click()

    lines = w.write_lines(w.layout("SENR"), [w.senr("alder"), QUAIL])
    file = folder / "SENR.txt"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Import the files").click()
    expect(page.locator("main")).to_contain_text("Every line was loaded as it stood", timeout=30_000)

    coordinator.go("/state")
    expect(held(page, "No SSID yet")).to_have_count(0)


def test_5_a_line_on_its_way_says_why_it_is_not_answered(coordinator, system, folder):
    page = coordinator.page
    system.kill("sandbox")
    coordinator.go("/state")
    page.locator("#last-look > summary").click()
    page.get_by_role("button", name=re.compile(r"Send \d+ operations")).click()
    expect(page.locator("#progress")).to_contain_text("The state cannot be reached", timeout=30_000)
    expect(page.locator("#progress")).to_contain_text("Nothing to do: it goes on by itself.")
    coordinator.look("hold-on-its-way")

    shown = opened(coordinator, "On its way", "MEET")
    expect(shown).to_contain_text("On its way: the state has not answered yet.")
    shown.get_by_role("link", name="Show the file").click()
    system.start_sandbox()
    expect(page.locator("main")).to_contain_text("1 rejected", timeout=90_000)
    coordinator.go("/state")
    expect(held(page, "On its way")).to_have_count(0)


def test_6_what_the_state_rejected_is_corrected_and_sent_again(coordinator, found):
    page = coordinator.page
    shown = opened(coordinator, "Rejected by the state", "SERV")
    expect(shown).to_contain_text("The state rejected exactly this line: SERV0447")
    coordinator.look("hold-rejected")
    shown.get_by_role("link", name="Correct the record").click()
    page.locator("#f-25-05").select_option(w.NPA)
    page.get_by_label("Why the value was wrong").fill("The number was that of another agency.")
    page.get_by_role("button", name="Save the correction").click()
    found["archive"] = page.get_by_role("link", name=re.compile("Correction")).first.get_attribute("href")
    coordinator.go("/state")
    page.locator("#last-look > summary").click()
    page.get_by_role("button", name="Send 1 operation").click()
    expect(page.locator("main")).to_contain_text("1 posted", timeout=60_000)

    coordinator.go("/state")
    expect(page.locator("main")).to_contain_text("Nothing is held.")
    expect(page.locator("main")).to_contain_text("The state holds what it should")


def test_7_do_not_report_and_one_kind_only(coordinator, found):
    page = coordinator.page
    coordinator.go("/state/not-reported")
    expect(page.locator("main")).to_contain_text("Every archive is reported whole")
    for choice, deleted in (("Do not report", 4), ("PLAN and SERV only", 1), ("MEET only", 3)):
        coordinator.go(found["archive"])
        page.get_by_text("Change what is reported").click()
        page.get_by_role("radio", name=choice, exact=True).check()
        page.get_by_label("Why").fill("Finalized for the wrong student.")
        page.get_by_role("button", name="Set", exact=True).click()
        expect(page.locator("main")).to_contain_text("Finalized for the wrong student.")
        coordinator.go("/state")
        expect(page.locator("tr.op", has_text="Delete")).to_have_count(deleted)
    coordinator.go("/state/not-reported")
    expect(page.locator("main")).to_contain_text("Alder Testcase")
    coordinator.look("not-reported")

    coordinator.go(found["archive"])
    coordinator.look("archive-report-status")
    page.get_by_text("Change what is reported").click()
    page.get_by_role("radio", name="Report all of it again").check()
    page.get_by_role("button", name="Set", exact=True).click()
    coordinator.go("/state")
    expect(page.locator("main")).to_contain_text("The state holds what it should")


def test_8_some_students_only(coordinator):
    page = coordinator.page
    coordinator.go("/state/limited")
    page.get_by_role("link", name="Paste a list").click()
    page.get_by_label("Which students").fill("9900000005\n9900000099")
    page.get_by_role("button", name="Send for these students").click()
    expect(page.locator("main")).to_contain_text("No student within your reach has this SSID.")
    expect(page.locator("main")).to_contain_text("Nothing of these students differs at the state.")
    coordinator.look("limited")


def test_9_a_change_without_a_meeting_is_looked_at_and_recorded(coordinator):
    page = coordinator.page
    coordinator.find_student("Alder Testcase")
    page.get_by_role("link", name="Change without a meeting").click()
    coordinator.look("changes")
    page.get_by_role("link", name="Status change").click()
    page.get_by_label("From").fill("2026-11-23")
    page.get_by_label("Status").select_option("2")
    page.locator("#f-status_reason").select_option("13")
    page.get_by_label("What happened").fill("Consent was revoked in writing.")
    page.get_by_role("button", name="Check, and show what will happen").click()
    expect(page.locator("main")).to_contain_text("The state is told 1 line: SWDS.")
    coordinator.look("change-status")
    page.get_by_role("button", name="Record it").click()
    expect(page.locator("main")).to_contain_text("Recorded: status change.")
    coordinator.look("change-archive")
