"""A tour through the demo as a newcomer starts it: every page reads well with real-looking data.

Each page is looked at (WCAG 2.2 AA, console, width at 1280 and 820 px); the pictures of the README come from here.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.person import Person
from tests.support.ports import free_port

pytestmark = pytest.mark.browser

# The eleven demo students by SSID: name and what their panel has to say first.
DEMO_STUDENTS = {
    "9900000001": ("Lupine", "Open annual plan review"),
    "9900000002": ("Osprey", "Reevaluation 17 days late"),
    "9900000003": ("Egret", "Buckeye Elementary"),
    "9900000004": ("Swift", "this district certifies what it reported for Fall 1"),
    "9900000005": ("Cedar", "9910025 Heron Creek Unified"),
    "9900000006": ("Junco", "Blue Oak School"),
    "9900000007": (
        "Larkspur",
        "In force: an IEP of Heron Creek Unified, since 10/13/2026. Of the past: the ISP",
    ),
    "9900000008": ("Wren", "Chaparral Preschool Center"),
    "9900000009": ("Clarkia", "Before, from 05/14/2026: 2 Eligible and Not Participating"),
    "9900000010": ("Magpie", "450 Occupational therapy, 535 Behavior intervention services"),
    "9900000011": ("Tanager", "9800000011, until 10/11/2026"),
}
# The pictures of ``docs/demo-students.md``: wide enough for the columns, small enough for a page of eleven.
PICTURE = {"width": 1120, "height": 560}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A running demo with 400 students: its address and its sign-ins by perspective."""
    folder = tmp_path_factory.mktemp("demo")
    port, sandbox_port = free_port(), free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "manzanita.cli", "demo", "--students", "400"),
            *("--port", str(port), "--sandbox-port", str(sandbox_port)),
        ],
        env={**os.environ, "MANZANITA_VAR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        told = ""
        for line in process.stdout:
            told += line
            if line.startswith("Ctrl-C"):
                break
        assert "Ready:" in told, told
        kept = json.loads((folder / "demo" / "demo.json").read_text())
        # The first of each: the last is the neighbor's coordinator.
        yield f"http://127.0.0.1:{port}", {one["perspective"]: one for one in reversed(kept["sign_ins"])}
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.stdout.read()
        process.wait(timeout=60)


def signed_in(browser, demo, perspective) -> Person:
    address, sign_ins = demo
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    one = sign_ins[perspective]
    return Person(page, address).sign_in(one["email"], one["password"], one["totp_key"])


@pytest.fixture(scope="module")
def coordinator(browser, demo):
    return signed_in(browser, demo, "SEDS coordinator")


@pytest.fixture(scope="module")
def case_manager(browser, demo):
    return signed_in(browser, demo, "Case manager")


def test_home_says_what_needs_one_and_every_number_opens_its_students(coordinator):
    page = coordinator.page
    coordinator.look("home")
    for link in [link.get_attribute("href") for link in page.locator(".needs a.go, table a.go").all()]:
        coordinator.go("/")
        row = page.locator("tr", has=page.locator(f'a[href="{link}"]')).first
        count = re.search(r"\t\s*([0-9,]+)", row.inner_text())
        coordinator.go(link)
        told = page.locator(".pagehead, main").first.inner_text()
        if count and "/students" in link:
            assert re.search(rf"\b{count[1]} students?\b", told), (link, count[1], told[:200])


@pytest.mark.parametrize("name", ["students", "due", "meetings", "state", "imports", "findings"])
def test_every_list_reads_well(coordinator, name):
    coordinator.go(f"/{name}")
    coordinator.look(re.sub(r"\W+", "-", name))


@pytest.mark.parametrize("ssid", DEMO_STUDENTS)
def test_each_demo_student_opens_and_says_what_matters(coordinator, ssid):
    name, says = DEMO_STUDENTS[ssid]
    page = coordinator.page
    page.keyboard.press("/")
    page.keyboard.type(ssid)
    page.keyboard.press("Enter")
    # Of an SSID there is nobody to choose from.
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{name} Testcase")
    expect(page.get_by_label("Identity")).to_contain_text(says)
    assert ssid not in page.url
    coordinator.look(f"student-{name.lower()}")
    coordinator.picture(f"demo-{name.lower()}", PICTURE)
    for tab in ("Meetings", "State", "History") if name in ("Osprey", "Egret") else ():
        page.locator(".tabs").get_by_role("link", name=re.compile(tab)).click()
        coordinator.look(f"student-{name.lower()}-{tab.lower()}")


def test_a_retired_ssid_still_finds_its_student(coordinator):
    page = coordinator.page
    page.keyboard.press("/")
    page.keyboard.type("9800000011")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tanager Testcase")


def test_the_time_line_tells_where_a_date_comes_from_and_opens_it(coordinator):
    page = coordinator.page
    coordinator.find_student("Lupine Testcase")
    line = page.get_by_label("Time line", exact=True)
    trace = line.locator("[data-trace-line]")
    expect(trace).to_have_text(re.compile("Plan review due 12/15/2026, in 22 days.*Education Code 56343"))
    # The winter break of that year, 12/23 to 01/03, stopped the law's clock after 55 days, and not the state's.
    line.get_by_role("link", name="60 days by the state, met, 12/27/2024").hover()
    expect(trace).to_contain_text("60 days by the state due 12/27/2024, met 11 days early. Held 12/16/2024.")
    line.get_by_role("link", name="60 days by law, met, 01/08/2025").hover()
    expect(trace).to_contain_text(
        "60 days by law due 01/08/2025, met 23 days early. Held 12/16/2024. Counted: 10/29/2024 to 12/22/2024, 55 days"
    )
    # By keyboard: the focus tells the same, and Enter opens what a click opens.
    line.get_by_role("link", name="Annual plan review, 12/15/2025").focus()
    expect(trace).to_contain_text("Annual plan review of 12/15/2025.")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Snapshot")).to_be_visible()
    page.go_back()
    line.get_by_role("link", name="This year").click()
    expect(line.get_by_role("link", name="60 days by law, met, 01/08/2025")).to_have_count(0)
    coordinator.look("timeline-this-year")
    line.get_by_role("link", name="Plan review 12/15/2026, 12/15/2026").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Open a meeting")


def test_the_case_manager_continues_the_late_meeting(case_manager):
    page = case_manager.page
    case_manager.find_student("Osprey Testcase")
    page.get_by_role("link", name="Continue triennial reevaluation").click()
    case_manager.look("meeting-osprey")
    rail = page.get_by_role("navigation", name="Main")
    assert rail.get_by_role("link", name=re.compile("^State")).count() == 0
    expect(
        rail.get_by_title("State: your perspective does not see the state plan and send it")
    ).to_be_visible()


def test_what_is_ready_is_sent_and_one_rejection_comes_back_with_its_way_out(coordinator):
    page = coordinator.page
    coordinator.go("/state")
    page.locator(".op [data-open]").nth(1).click()
    coordinator.look("state-plan-opened")
    coordinator.go("/state")
    # By keyboard: the last look opens in its place, and the next control but one is the one that sends.
    page.locator("#last-look > summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#last-look")).to_contain_text("What goes, for")
    coordinator.look("state-last-look")
    page.get_by_role("button", name=re.compile("Send [0-9]+ operations")).click()
    expect(page.get_by_role("img", name=re.compile("posted, 1 rejected"))).to_be_visible(timeout=30_000)
    coordinator.look("submission-rejected")
    page.get_by_role("link", name="Correct and resend").click()
    coordinator.look("correct-demo")
    coordinator.go("/")
    expect(page.locator("main")).to_contain_text("Fatal findings")
    coordinator.look("home-after-send")
    coordinator.go("/state")
    coordinator.look("state-held")
    coordinator.go("/findings")
    coordinator.look("findings-demo")
    page.locator("tbody [data-open]").first.click()
    coordinator.look("finding-demo")
    assert coordinator.wrong == []
