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
from tests.support.system import free_port

pytestmark = pytest.mark.browser

# The eleven demo students by SSID: name and what their panel has to say first.
DEMO_STUDENTS = {
    "9900000001": ("Lupine", "Active"),
    "9900000002": ("Osprey", "Active"),
    "9900000003": ("Egret", "Active"),
    "9900000004": ("Swift", "Left 9910017 Chaparral Unified on 10/23/2026"),
    "9900000005": ("Cedar", "9910025 Heron Creek Unified"),
    "9900000006": ("Junco", "Blue Oak School"),
    "9900000007": ("Larkspur", "Private school"),
    "9900000008": ("Wren", "Active"),
    "9900000009": ("Clarkia", "since 09/08/2026"),
    "9900000010": ("Magpie", "Active"),
    "9900000011": ("Tanager", "Active"),
}


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
        yield f"http://127.0.0.1:{port}", {one["perspective"]: one for one in kept["sign_ins"]}
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.stdout.read()
        process.wait(timeout=60)


def signed_in(browser, demo, perspective) -> Person:
    address, sign_ins = demo
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    return Person(page, address).sign_in(sign_ins[perspective]["email"], sign_ins[perspective]["password"])


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


@pytest.mark.parametrize(
    "name", ["students", "students?list=plan-review-late", "meetings", "state", "imports", "findings"]
)
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
    page.get_by_role("link", name=f"Testcase, {name}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{name} Testcase")
    expect(page.get_by_label("Identity")).to_contain_text(says)
    assert ssid not in page.url
    coordinator.look(f"student-{name.lower()}")
    for tab in ("Meetings", "State", "History") if name in ("Osprey", "Egret") else ():
        page.locator(".tabs").get_by_role("link", name=re.compile(tab)).click()
        coordinator.look(f"student-{name.lower()}-{tab.lower()}")


def test_the_case_manager_continues_the_late_meeting(case_manager):
    page = case_manager.page
    case_manager.find_student("Osprey Testcase")
    page.get_by_role("link", name="Continue annual plan review").click()
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
