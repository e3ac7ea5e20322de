"""Offboarding by clicks: reported by a teacher, recorded, taken back, planned, refused with the way out; how many
clicks and seconds each took is printed. The reasons that are not walked here are walked in
``integration/test_leaving.py``. The steps are one story and run in their order."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.person import CASE_MANAGER
from tests.support import cast
from tests.support.forked import served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def system(folder, databases):
    """The small world with the cast, served; Grebe has arrived with a plan of another district."""
    with served(folder, databases, "--cast", write_state=cast.write_files) as running:
        yield running


@pytest.fixture
def walk(capsys):
    """``walk(person, "what")`` counts the clicks of a page and the seconds until ``done()`` prints them."""

    class Walk:
        def __init__(self) -> None:
            self.restart()

        def restart(self) -> None:
            self.clicks, self.begun = 0, time.monotonic()

        def click(self, target) -> None:
            self.clicks += 1
            target.click()

        def done(self, what: str) -> None:
            with capsys.disabled():
                print(f" [{what}: {self.clicks} clicks, {time.monotonic() - self.begun:.1f} s]", end="")

    return Walk()


def begin(coordinator, name: str, reason: str, walk):
    page = coordinator.page
    coordinator.go("/")
    coordinator.find_student(f"{name} Testcase")
    walk.clicks += 1
    walk.click(page.get_by_role("link", name="Leaving special education"))
    walk.click(page.get_by_role("link", name=reason, exact=True))
    expect(page.get_by_role("heading", level=1)).to_have_text(reason)
    return page


def check_and_record(page, walk, button: str = "Record it") -> None:
    walk.click(page.get_by_role("button", name=re.compile("^Check")))
    expect(page.get_by_role("heading", name="What will happen")).to_be_visible()
    walk.click(page.get_by_role("button", name=button))


def test_1_a_teacher_reports_and_the_coordinator_records_with_what_was_said(person, coordinator, walk):
    teacher = person(CASE_MANAGER)
    page = teacher.page
    teacher.find_student("Alder Testcase")
    walk.clicks += 1
    walk.click(page.get_by_role("link", name="Student has left or stops taking part"))
    page.get_by_label("What happened, as far as you know").select_option("dropped_out")
    page.get_by_label("Last day here").fill("2026-11-18")
    page.get_by_label("How you know").fill("Has not come since; the phone is not answered.")
    teacher.look("participation-form")
    walk.click(page.get_by_role("button", name="Report it"))
    expect(page.locator("main")).to_contain_text("Not looked at yet")
    walk.done("a teacher reports")

    page = coordinator.page
    coordinator.go("/")
    expect(page.locator("main")).to_contain_text("To settle: leaving")
    coordinator.look("home-to-settle")
    walk.restart()
    walk.click(page.get_by_role("link", name="To settle: leaving", exact=True))
    coordinator.look("students-to-settle")
    walk.click(page.get_by_role("link", name=re.compile("Record or answer: Testcase, Alder")))
    expect(page.locator("main")).to_contain_text("Wren Placeholder reported on 11/23/2026: Dropped out")
    coordinator.look("leaving-reasons")
    walk.click(page.get_by_role("link", name="Record it, with what was reported"))
    expect(page.get_by_label("Last day here")).to_have_value("2026-11-18")
    check_and_record(page, walk)
    expect(page.locator("main")).to_contain_text("Recorded: dropped out, 11/18/2026.")
    walk.done("dropped out, from a report")
    coordinator.look("leaving-recorded")

    teacher.go("/participation")
    expect(teacher.page.locator("main")).to_contain_text("Dropped out, 11/18/2026")
    teacher.look("own-reports")


def test_2_it_is_taken_back_whole(coordinator, walk):
    page = coordinator.page
    walk.click(page.get_by_role("button", name="Take it back"))
    expect(page.locator("main")).to_contain_text("Taken back: the record stands as it was before.")
    walk.done("taken back")
    expect(page.locator("main")).to_contain_text("The report of 11/23/2026 waits for an answer again.")
    coordinator.look("leaving-report-waits-again")
    page.get_by_label("It is not so, because").fill("The student is back.")
    page.get_by_role("button", name="Answer").click()
    coordinator.find_student("Alder Testcase")
    expect(page.locator(".statusbox")).to_contain_text("Active")
    coordinator.look("status-card-active")


def test_3_papers_are_asked_for_and_a_note_will_do(coordinator, walk):
    page = begin(coordinator, "Bunting", "No longer eligible", walk)
    page.get_by_label("Not eligible from").fill("2026-11-20")
    page.get_by_label("What happened").fill("The reevaluation found none.")
    walk.click(page.get_by_role("button", name=re.compile("^Check")))
    expect(page.get_by_role("alert")).to_contain_text("Prior written notice is due")
    coordinator.wrong[:] = [note for note in coordinator.wrong if "422" not in note]
    coordinator.look("leaving-refused")
    page.get_by_label("Prior written notice given on").fill("2026-11-17")
    check_and_record(page, walk)
    expect(page.locator("main")).to_contain_text("Prior written notice: 11/17/2026")
    walk.done("no longer eligible")


def test_4_one_who_moves_on_tells_the_state_nothing(coordinator, walk):
    page = begin(coordinator, "Dunlin", "Moved, and goes on in special education in California", walk)
    expect(page.locator("main")).to_contain_text("Nothing goes to the state.")
    page.get_by_label("Last day here").fill("2026-11-20")
    page.get_by_label("What happened").fill("Heron Creek asked for the record.")
    check_and_record(page, walk)
    walk.done("moved and continuing")
    coordinator.find_student("Dunlin Testcase")
    expect(page.locator(".statusbox")).to_contain_text("Inactive, left")
    coordinator.look("status-card-left")


def test_5_a_day_to_come_is_planned_and_canceled(coordinator, walk):
    page = begin(coordinator, "Gadwall", "Moved out of California", walk)
    page.get_by_label("Last day here").fill("2026-12-18")
    page.get_by_label("What happened").fill("The family moves at the break.")
    check_and_record(page, walk, "Plan it")
    expect(page.locator("main")).to_contain_text("Planned for 12/18/2026: Moved out of California")
    walk.done("planned")
    coordinator.look("leaving-planned")
    page.get_by_role("link", name="Planned and recorded").click()
    coordinator.look("leavings")
    page.get_by_role("button", name="Cancel what is planned for Gadwall Testcase").click()
    expect(page.locator("main")).to_contain_text("Canceled: nothing will happen on that day.")


def test_6_adopted_but_never_came_is_one_guided_action(coordinator, walk):
    page = coordinator.page
    coordinator.go("/students/settle?kind=arriving")
    page.get_by_role("link", name=re.compile("Testcase, Grebe")).first.click()
    expect(page.locator(".statusbox")).to_contain_text("To settle: arriving")
    coordinator.look("status-card-arriving")
    page.get_by_role("link", name="Change without a meeting").click()
    page.get_by_role("link", name="Plan adoption", exact=True).click()
    page.get_by_label("What happened").fill("The plan arrived from the former district.")
    page.get_by_role("button", name=re.compile("^Check")).click()
    page.get_by_role("button", name="Record it").click()
    expect(page.locator("main")).to_contain_text("Recorded: plan adoption.")
    walk.restart()
    page = begin(coordinator, "Grebe", "Expected, but never came", walk)
    page.get_by_label("Expected on").fill("2026-11-02")
    page.get_by_label("What happened").fill("The family stayed where it was.")
    check_and_record(page, walk)
    expect(page.locator("main")).to_contain_text("Recorded: expected, but never came, 11/02/2026.")
    walk.done("adopted, but never came")
    coordinator.wrong[:] = [note for note in coordinator.wrong if "422" not in note]
    assert coordinator.wrong == []
