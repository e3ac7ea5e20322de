"""Each change without a meeting from the student page on: refused with its way out, looked at, recorded, and told to
the state. The status change is walked in ``test_holds.py``. The steps are one story and run in their order."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support import cast
from tests.support.forked import served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def system(folder, databases):
    """The small world with the cast, served; Grebe and Knot have arrived with a plan of another district."""
    with served(folder, databases, "--cast", write_state=cast.write_files) as running:
        yield running


def begin(coordinator, name: str, kind: str):
    """From the student's page to the form; the page."""
    page = coordinator.page
    coordinator.go("/")
    coordinator.find_student(f"{name} Testcase")
    page.get_by_role("link", name="Change without a meeting").click()
    page.get_by_role("link", name=kind, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(kind)
    expect(page.get_by_role("button", name="Record it")).to_have_count(0)
    return page


def check(page) -> None:
    page.get_by_role("button", name=re.compile("^Check")).click()


def refused(coordinator, *words: str) -> None:
    page = coordinator.page
    for told in words:
        expect(page.get_by_role("alert")).to_contain_text(told)
    expect(page.get_by_role("button", name="Record it")).to_have_count(0)
    # The browser notes that the answer to a refused form is a 422; anything else is wrong.
    coordinator.wrong[:] = [note for note in coordinator.wrong if "422" not in note]


def record(coordinator, kind: str, told: str) -> None:
    page = coordinator.page
    coordinator.look(f"change-{kind}-checked")
    page.get_by_role("button", name="Record it").click()
    expect(page.locator("main")).to_contain_text(told)
    expect(page.locator("main")).to_contain_text("Juniper Mockup")
    coordinator.look(f"change-{kind}-recorded")


def send(coordinator) -> None:
    page = coordinator.page
    coordinator.go("/state")
    page.locator("#last-look > summary").click()
    page.get_by_role("button", name=re.compile(r"Send \d+ operation")).click()
    expect(page.get_by_role("img", name=re.compile(r"\d+ posted, 0 rejected"))).to_be_visible(timeout=60_000)


def test_1_a_setting_that_changed(coordinator):
    page = begin(coordinator, "Bunting", "Setting and residence")
    check(page)
    refused(coordinator, "The change has no day.", "Owner: You")
    expect(page.get_by_label("Changed on")).to_have_attribute("aria-invalid", "true")
    coordinator.look("change-setting-refused")
    page.get_by_label("Changed on").fill("2026-11-16")
    check(page)
    refused(coordinator, "Nothing differs from the plan in force.", "Change the field that is no longer so.")
    page.get_by_label("General education participation").fill("70")
    page.get_by_label("What happened").fill("The offer of May says 70.")
    check(page)
    refused(
        coordinator, "the IEP team decides it and the family agrees", "Owner: IEP team", "Open an amendment"
    )
    coordinator.look("change-setting-without-a-team")
    page.get_by_label("Why without a meeting").select_option(
        label="The team's plan says so already; the record has it otherwise"
    )
    page.get_by_label("What happened").press("Enter")
    expect(page.locator("main")).to_contain_text(
        "General education participation becomes 70 from November 16, 2026."
    )
    expect(page.locator("main")).to_contain_text("The state is told 3 lines: PLAN and SERV.")
    record(coordinator, "setting", "Recorded: setting and residence.")


def test_2_the_same_change_again_leads_to_what_is_known(coordinator):
    page = begin(coordinator, "Bunting", "Setting and residence")
    page.get_by_label("Changed on").fill("2026-11-16")
    page.get_by_label("General education participation").fill("60")
    page.get_by_label("Why without a meeting").select_option("said")
    check(page)
    refused(coordinator, "A plan that starts on 11/16/2026 is known already")
    page.get_by_role("link", name="Show what is known").click()
    expect(page.locator("main")).to_contain_text("Setting and residence of November 16, 2026")


def test_3_a_meeting_that_the_state_does_not_know(coordinator):
    page = begin(coordinator, "Dunlin", "Meeting only")
    page.get_by_label("Held on").fill("2026-11-18")
    check(page)
    refused(coordinator, "The state takes plan reviews and evaluations, and this meeting was neither.")
    coordinator.look("change-meeting-refused")
    page.get_by_role("radio", name="Yes").check()
    page.get_by_label("Reason of delay").select_option("30")
    page.get_by_label("What happened").fill("The team met; the record was not kept here.")
    check(page)
    expect(page.locator("main")).to_contain_text("The meeting of November 18, 2026 counts as plan review")
    expect(page.locator("main")).to_contain_text("The state is told 1 line: MEET.")
    record(coordinator, "meeting", "Recorded: meeting only.")


def test_4_nothing_was_adopted_yet(coordinator):
    page = begin(coordinator, "Grebe", "Adopted, but never came")
    expect(page.locator("main")).to_contain_text("No public source prints this case")
    check(page)
    refused(coordinator, "No plan of this student was adopted here", "Owner: SEDS coordinator")
    coordinator.look("change-never-refused")
    page.get_by_role("alert").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Plan adoption")


def test_5_a_plan_that_arrived_is_adopted_and_sent(coordinator):
    page = begin(coordinator, "Grebe", "Plan adoption")
    expect(page.get_by_label("Plan starts here on")).to_have_value("2026-11-02")
    check(page)
    expect(page.locator("main")).to_contain_text("The plan and its 1 service start here on November 2, 2026.")
    expect(page.locator("main")).to_contain_text("The state is told 2 lines: PLAN and SERV.")
    page.get_by_role("button", name="Record it").click()
    refused(coordinator, "The change needs its reason.")
    page.get_by_label("What happened").fill("The plan arrived from the former district.")
    check(page)
    record(coordinator, "adopt", "Recorded: plan adoption.")
    send(coordinator)


def test_6_who_never_came_is_taken_back_at_the_state(coordinator):
    page = begin(coordinator, "Grebe", "Adopted, but never came")
    page.get_by_label("What happened").fill("The family stayed in the former district.")
    check(page)
    expect(page.locator("main")).to_contain_text(
        "The plan adopted from November 2, 2026 and its services end before they began."
    )
    expect(page.locator("main")).to_contain_text("what the state holds of it is deleted with the next send.")
    record(coordinator, "never", "Recorded: adopted, but never came.")
    coordinator.go("/state")
    expect(page.locator("tr.op", has_text="Delete")).to_have_count(2)
    send(coordinator)
    coordinator.go("/state")
    expect(page.locator("main")).to_contain_text("The state holds what it should")
    assert coordinator.wrong == []
