"""November: a coordinator plans the settings of children who turn five, looks at what is planned, and changes it.
December 10: the setting is recorded in the night, on the birthday. One story, in its order."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.forked import ForkedSystem

pytestmark = pytest.mark.browser

CHILDREN = """
import django; django.setup()
from datetime import date
from manzanita.platform.reach import whole_installation
from manzanita.students.models import Student
from tests.support import five, world as w
with whole_installation("test"):
    five.child("Clover", date(2021, 12, 10))
    five.child("Bramble", date(2022, 2, 21), "KN", number=1)
    five.child("Sorrel", date(2021, 11, 2), number=2)
    five.child("Vetch", date(2021, 12, 1), "PS", number=3)
"""


@pytest.fixture(scope="module")
def system(folder, databases):
    database = databases.migrated()
    running = ForkedSystem(folder / "system", database)
    try:
        running.output("-m", "tests.support.build")
        running.output("-c", CHILDREN)
        running.start_web()
        running.start_worker()
        yield running
    finally:
        running.stop()
        databases.drop(database)


def test_1_children_who_turn_five_are_planned_at_once(coordinator):
    page, main = coordinator.page, coordinator.page.locator("main")
    coordinator.go("/")
    row = page.get_by_role("row").filter(has_text="Turn five: another setting to plan")
    expect(row).to_contain_text("3")
    row.get_by_role("link").first.click()
    expect(main).to_contain_text("A setting of school age (such as 400 with its share of general education")
    expect(main).to_contain_text("from 12/10/2026")
    coordinator.look("turns-five")
    page.get_by_role("link", name="Next 90 days").click()
    expect(main).to_contain_text("It stays while the child is in preschool")
    page.get_by_role("link", name="To plan").click()
    page.get_by_role("link", name="Plan for all 2").click()
    expect(page.get_by_role("radio", name="Program setting from a day on")).to_be_checked()
    coordinator.look("turns-five-plan")
    page.get_by_label("Program setting from a day on for everybody").select_option("400")
    page.get_by_label("Why").fill("Fifth birthdays of this winter")
    page.get_by_role("button", name="Show what changes").click()
    # The share was forgotten: each line says so, nothing is lost.
    expect(main).to_contain_text("is counted with the share of general education")
    page.go_back()
    page.get_by_label("Share of general education").fill("80")
    page.get_by_label("Why").fill("Fifth birthdays of this winter")
    page.get_by_role("button", name="Show what changes").click()
    expect(main).to_contain_text("80 % general education, from 12/10/2026")
    expect(main).to_contain_text("80 % general education, from 02/21/2027")
    coordinator.look("turns-five-preview")
    page.get_by_role("button", name="Change").first.click()
    expect(main).to_contain_text("Changed 2")


def test_2_what_is_planned_stands_in_one_list_and_on_the_record(coordinator):
    page, main = coordinator.page, coordinator.page.locator("main")
    coordinator.go("/students")
    page.get_by_role("link", name="Planned", exact=True).click()
    expect(main).to_contain_text("Fifth birthdays of this winter")
    coordinator.look("planned")
    coordinator.picture("planned-820", {"width": 820, "height": 900})
    page.get_by_label("Grade").select_option("TK")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(main).to_contain_text("1 change of students in transitional kindergarten")
    page.get_by_role("link", name="Clear all").click()
    page.get_by_role("button", name="Change it or take it back: Bramble Sprout").click()
    expect(main).to_contain_text("1 student, ticked on the page before")
    page.get_by_label("Program setting from a day on for everybody").select_option(
        "Nothing: takes the planned one away"
    )
    page.get_by_label("Why").fill("The team decides in January")
    page.get_by_role("button", name="Show what changes").click()
    page.get_by_role("button", name="Change").first.click()
    expect(main).to_contain_text("Changed 1")
    coordinator.go("/students/planned")
    expect(main).not_to_contain_text("Sprout, Bramble")

    page.get_by_role("link", name="Sprout, Clover").click()
    next_year = page.locator("#next-year")
    expect(next_year).to_contain_text("Planned on 11/23/2026 by Juniper Mockup")
    expect(next_year).to_contain_text("12/10/2026")
    coordinator.look("planned-record")
    next_year.scroll_into_view_if_needed()
    coordinator.picture("planned-record-next-year", {"width": 1280, "height": 900})
    next_year.get_by_role("button", name="Next year's case manager").click()
    page.get_by_label("Next year's case manager for everybody").select_option("Wren Placeholder")
    page.get_by_label("Why").fill("Goes on with Wren")
    page.get_by_role("button", name="Show what changes").click()
    page.get_by_role("button", name="Change").first.click()
    expect(main).to_contain_text("Changed 1")
    coordinator.go("/students/next-year")
    expect(main).to_contain_text("Case manager: Wren Placeholder")
    coordinator.look("next-year-fields")


def test_3_on_the_birthday_it_is_recorded(system, person):
    for name in ("web", "worker"):
        system.kill(name)
    system.start_web(MANZANITA_TODAY="2026-12-10")
    system.start_worker(MANZANITA_TODAY="2026-12-10")
    coordinator = person("juniper.mockup@example.org")
    page, main = coordinator.page, coordinator.page.locator("main")
    coordinator.go("/admin/upkeep/settings")
    expect(main).to_contain_text("Planned program settings are recorded")
    for _ in range(20):
        if "was recorded on its day" in main.inner_text():
            break
        page.wait_for_timeout(1000)
        coordinator.go("/admin/upkeep/settings")
    expect(main).to_contain_text("A planned program setting was recorded on its day")
    expect(main).to_contain_text("Fifth birthdays of this winter")
    coordinator.look("planned-upkeep")
    coordinator.find_student("Clover Sprout")
    expect(main).to_contain_text("400 Regular classroom or public day school")
    coordinator.look("planned-recorded")
