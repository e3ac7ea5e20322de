"""A student moves between two districts, in real browsers: asked for, read before, accepted, completed; and another
leaves as a signed file. One story; clicks and seconds are printed."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.person import COORDINATOR
from tests.support.forked import served

pytestmark = pytest.mark.browser

FERN = "fern.sample@example.org"
# What the next SIS files of both districts say.
SIS_FILES = """
import django; django.setup()
from datetime import date
from manzanita.platform.facts import Statement
from manzanita.platform.reach import whole_installation
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Student
from tests.support import pages
from tests.support import world as w
with whole_installation("test"):
    pk = Student.unscoped.get(first_name="Alder").pk
    for lea, start, end in ((w.LEA, date(2023, 8, 14), date(2026, 11, 20)), (w.OTHER_LEA, date(2026, 11, 23), None)):
        values = pages.enrollment() | {"school_code": w.SCHOOL if lea == w.LEA else w.OTHER_SCHOOL}
        slot = {"student_id": pk, "lea_code": lea, "started_on": start}
        stated = [Statement(slot, values, start, end, is_whole_slot=True)]
        state_student_facts("enrollment", stated, by_id=None, cause="sis-import:1")
"""


@pytest.fixture(scope="module")
def system(folder, databases):
    """The small world with the coordinator of the other district."""
    with served(folder, databases, "--guests", write_state=None, works=False) as running:
        yield running


class Hand:
    """Clicks of one person, counted."""

    def __init__(self, person) -> None:
        self.page, self.count = person.page, 0

    def click(self, role: str, name: str | re.Pattern, **more) -> None:
        self.count += 1
        self.page.get_by_role(role, name=name, **more).first.click()


def test_a_student_is_asked_for_previewed_accepted_and_completed(person, system, tmp_path):
    fern, juniper = person(FERN), person(COORDINATOR)
    hers, his = Hand(fern), Hand(juniper)
    main, page = fern.page.locator("main"), fern.page
    began = time.monotonic()

    fern.go("/students/elsewhere")
    page.get_by_label("SSID").fill("9900000005")
    hers.click("button", "Ask", exact=True)
    fern.look("transfer-found")
    hers.click("link", "The student comes to us: ask for a transfer")
    page.get_by_label("What you call the student").fill("Alder T., from Chaparral")
    page.get_by_label("Day of enrollment").fill("2026-11-23")
    hers.click("radio", re.compile("attests the intent"))
    page.get_by_label("Statement").fill("The mother enrolled him at our office this morning.")
    fern.look("transfer-new")
    hers.click("button", "Ask for the student")
    expect(main).to_contain_text("Chaparral Unified has to act.")
    fern.look("transfer-asked")
    hers.click("link", "Read the record")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Alder")
    expect(main).to_contain_text("290 Specific learning disability")
    fern.look("transfer-preview")

    juniper.go("/")
    his.click("link", "Transfers of students that wait for your district", exact=True)
    juniper.look("transfer-list")
    his.click("link", "Testcase, Alder")
    expect(juniper.page.locator("main")).to_contain_text("read on screen")
    juniper.look("transfer-sender")
    his.click("button", "Accept: check first what it will do")
    his.click("button", "Accept", exact=True)
    expect(juniper.page.locator("main")).to_contain_text("Accepted.")

    system.output("-c", SIS_FILES)
    fern.go("/transfers")
    hers.click("link", "Alder T., from Chaparral")
    fern.look("transfer-accepted")
    hers.click("button", "Complete")
    expect(main).to_contain_text("Completed: the student is your district")
    hers.click("link", "Open the student")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Alder Testcase")
    print(
        f"\ntransfer, request to completion: {hers.count} clicks of who asks, {his.count} of who answers, "
        f"{time.monotonic() - began:.1f} s with seven looks at axe"
    )
    assert (hers.count, his.count) == (8, 4)

    began = time.monotonic()
    juniper.find_student("Towhee Testcase")
    his.click("link", "Portable file for another district")
    juniper.page.get_by_label("For whom").fill("Far County, J. Doe")
    juniper.page.get_by_label("Why").fill("Enrolls there on 12/01/2026")
    juniper.look("portable-out")
    his.click("button", "Make the file")
    with juniper.page.expect_download() as waiting:
        his.click("link", re.compile("Download|Fetch"))
    saved = tmp_path / "student.json"
    waiting.value.save_as(saved)
    juniper.go("/students/portable")
    juniper.page.locator("input[type=file]").set_input_files(saved)
    his.click("button", "Check the file")
    expect(juniper.page.locator("main")).to_contain_text("Signed by this installation")
    expect(juniper.page.locator("main")).to_contain_text("0 new rows")
    juniper.look("portable-in")
    print(f"portable file out and in: {his.count - 3} clicks, {time.monotonic() - began:.1f} s")
