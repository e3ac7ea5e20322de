"""One person with several perspectives switches among them, among views and schools; lists, counts and pages follow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.person import COORDINATOR
from tests.support import state_files as w
from tests.support.forked import served
from tests.support.system import System

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def system(folder, databases) -> Iterator[System]:
    """The small world with a student in each relationship; the coordinator holds two more perspectives."""
    with served(folder, databases, "--access", write_state=None, works=False) as running:
        yield running


@pytest.fixture(scope="module")
def coordinator(person):
    return person(COORDINATOR)


def names(page: Page) -> list[str]:
    return [text.split(", ")[1] for text in page.locator("[data-open]").all_text_contents()]


def choose(page: Page, part: str, choice: str) -> None:
    page.locator(f"summary[title^='{part}: ']").click()
    page.get_by_role("button", name=choice).click()


def test_1_views_say_whom_they_list_and_whom_not(coordinator):
    page = coordinator.page
    coordinator.go("/students")
    assert names(page) == ["Alder", "Npa1", "Nps", "Private", "Towhee", "Yarrow"]
    choose(page, "Which students", "Incoming students")
    expect(page.get_by_text("Incoming students · Special education · 1 student")).to_be_visible()
    assert names(page) == ["Next"]
    choose(page, "Which students", "Leaving, or left lately")
    expect(page.get_by_text("left 10/30/2026")).to_be_visible()
    coordinator.look("students-leaving")
    page.get_by_role("link", name="Testcase, Former").click()
    expect(page.get_by_text("what was true through 10/30/2026")).to_be_visible()
    coordinator.look("student-former-lea")
    choose(page, "Which students", "Current students")
    coordinator.go("/students")
    page.keyboard.press("/")
    page.keyboard.type("former")
    page.keyboard.press("Enter")
    expect(
        page.get_by_text("Nobody in “Current students” is meant. Shown: 1 student outside of it.")
    ).to_be_visible()
    expect(page.get_by_role("link", name="Testcase, Former")).to_be_visible()
    coordinator.look("search-outside-view")
    page.keyboard.press("/")
    page.keyboard.type("testcase")
    page.keyboard.press("Enter")
    expect(page.get_by_text("more students outside")).to_be_visible()
    page.get_by_role("button", name="Show all within reach").click()
    expect(page.get_by_role("link", name="Testcase, Former")).to_be_visible()


def test_2_the_lists_can_be_narrowed_to_one_school(coordinator):
    page = coordinator.page
    choose(page, "Which students", "Current students")
    coordinator.go("/students")
    choose(page, "Agency or school", "Buckeye Elementary")
    expect(page.locator(".scope")).to_contain_text("Chaparral Unified, Buckeye Elementary")
    choose(page, "Agency or school", "All schools")
    expect(page.locator(".scope")).not_to_contain_text("Buckeye Elementary")


def test_3_another_perspective_may_less_and_says_why(coordinator):
    page = coordinator.page
    choose(page, "Perspective", "School")
    expect(page.locator(".scope")).to_contain_text("School")
    coordinator.go("/state")
    expect(
        page.get_by_text("As School at Chaparral Unified you cannot see the state plan and send it.")
    ).to_be_visible()
    coordinator.wrong.clear()  # the refusal is a 403
    page.get_by_role("button", name="SEDS coordinator, Chaparral Unified").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What needs you")


def test_4_why_is_a_page_for_oneself_and_for_a_colleague(coordinator):
    page = coordinator.page
    coordinator.find_student("Alder Testcase")
    page.get_by_role("link", name="Who may see and do what here, and why").click()
    expect(page.get_by_text("is enrolled at Chaparral Unified").first).to_be_visible()
    page.get_by_label("For").select_option(label="Site provider Mockup")
    page.get_by_role("button", name="Ask").click()
    expect(
        page.get_by_role("heading", name="Site provider Mockup, Site provider at Chaparral Unified")
    ).to_be_visible()
    coordinator.look("why-student")
    answer = page.request.get(f"{page.url}&format=json").json()
    (standing,) = answer["standings"]
    by_deed = {one["capability"]: one for one in standing["decisions"]}
    assert by_deed["read_student"]["is_allowed"] is True
    assert by_deed["send_to_state"]["because"][0]["code"] == "perspective-may-not"
    assert (
        page.request.get(f"{coordinator.address}/why", headers={"Accept": "application/json"}).json()[
            "person"
        ]
        == "Juniper Mockup"
    )
    assert standing["agency"] == w.LEA
