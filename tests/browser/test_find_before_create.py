"""Find before create, in a real browser: a student who is here, one who is elsewhere, one who is new; and the pair that
comes of a mistake. One story, in its order."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.person import COORDINATOR
from tests.support.forked import served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def system(folder, databases):
    """The small world; no sandbox is needed, jobs are."""
    with served(folder, databases, write_state=None) as running:
        yield running


def test_a_coordinator_looks_first_and_enters_only_who_is_not_here(person):
    coordinator = person(COORDINATOR)
    page, main = coordinator.page, coordinator.page.locator("main")

    def look_refused(name: str) -> None:
        """A page of 422 that was asked for on purpose stands on the console; everything else stays."""
        coordinator.wrong = [text for text in coordinator.wrong if "status of 422" not in text]
        coordinator.look(name)

    def ask(first: str, last: str, born: str, ssid: str = "") -> None:
        coordinator.go("/students/new")
        page.get_by_label("Legal first name").fill(first)
        page.get_by_label("Legal last name").fill(last)
        page.get_by_label("Birth date").fill(born)
        page.get_by_label("SSID").fill(ssid)
        page.get_by_role("button", name="Search", exact=True).click()

    coordinator.go("/students")
    page.get_by_role("link", name="New student").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("New student")
    coordinator.look("find-form")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(main).to_contain_text("Not looked: 3 fields to mend below.")
    look_refused("find-form-refused")

    ask("Testcase", "Alder", "2016-04-09")
    expect(main).to_contain_text("same birth date; names swapped")
    coordinator.look("find-candidate")
    page.get_by_role("link", name="Testcase, Alder").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Alder Testcase")

    ask("Sage", "Testcase", "2015-06-20")
    expect(main).to_contain_text("A record exists; request it. The agency to ask is Heron Creek Unified.")
    expect(main).not_to_contain_text("Willow Bend")
    coordinator.look("find-elsewhere")

    ask("Adler", "Testcase", "2016-04-09", "9900-000 188")
    page.get_by_label("School").select_option(label="Buckeye Elementary")
    page.get_by_label("Grade").select_option("03")
    page.get_by_role("button", name="Enter the student").click()
    expect(main).to_contain_text("Why none of them is this student: not said.")
    look_refused("find-refused")
    page.get_by_label("Why none of these is the student").fill("Twins, says the registrar")
    page.get_by_role("button", name="Enter the student").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Adler Testcase")
    expect(main).to_contain_text("is entered, without a special education status")
    coordinator.look("find-entered")

    coordinator.go("/students/duplicates")
    expect(main).to_contain_text("No pair to look at")
    page.get_by_text("Said to be two people").click()
    expect(main).to_contain_text("Two people, says Juniper Mockup")
    coordinator.look("duplicates-settled")
    page.get_by_role("button", name="Ask again").click()
    expect(main).to_contain_text("Taken back: the pair is to be looked at again.")
    coordinator.look("duplicates-open")
    coordinator.picture("duplicates-open-820", {"width": 820, "height": 1100})
    page.get_by_label("They are two people, because").fill("Twins")
    page.get_by_role("button", name="Not the same").click()
    expect(main).to_contain_text("Remembered: two people. Nobody is asked about this pair again.")
    page.get_by_role("button", name="Compare now").click()
    expect(main).to_contain_text("The names are being compared.")
    ask("Fern", "Testcase", "2016-04-09")
    expect(main).to_contain_text("same birth date; same last name; another first name")
    coordinator.picture("find-candidate-820", {"width": 820, "height": 1600})
