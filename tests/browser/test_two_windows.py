"""Two people with the same record open: whoever saves later is told by whom and when it was changed, keeps what was
typed, and goes on. One story, in its order."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support.forked import served

pytestmark = pytest.mark.browser

COLLEAGUE = "larkspur.sample@example.org"
TYPED = "The mother called from Oregon on Friday."


@pytest.fixture(scope="module")
def system(folder, databases):
    with served(folder, databases, "--colleague") as running:
        yield running


@pytest.fixture(scope="module")
def colleague(person):
    return person(COLLEAGUE)


def test_who_saves_later_is_told_and_loses_nothing(coordinator, colleague):
    for one in (coordinator, colleague):
        one.go("/")
        one.find_student("Alder Testcase")
        one.page.get_by_role("link", name="Leaving special education").click()
    mine, theirs = coordinator.page, colleague.page
    theirs.get_by_role("link", name="Dropped out", exact=True).click()
    theirs.get_by_label("Last day here").fill("2026-11-18")
    theirs.get_by_label("What happened").fill(TYPED)

    mine.get_by_role("link", name="Moved out of California", exact=True).click()
    mine.get_by_label("Last day here").fill("2026-11-20")
    mine.get_by_label("What happened").fill("The records were asked for.")
    mine.get_by_role("button", name=re.compile("^Check")).click()
    mine.get_by_role("button", name="Record it").click()
    expect(mine.locator("main")).to_contain_text("Recorded by Juniper Mockup")

    theirs.get_by_role("button", name=re.compile("^Check")).click()
    told = theirs.get_by_role("alert")
    expect(told).to_contain_text(
        re.compile(r"Juniper Mockup, \d+:\d\d [ap]m on 11/23/2026: recorded that the student leaves")
    )
    expect(told).to_contain_text("what you typed is kept")
    expect(told).to_contain_text("It is recorded already that the student left on 11/20/2026")
    expect(theirs.get_by_label("What happened")).to_have_value(TYPED)
    colleague.wrong = [text for text in colleague.wrong if "status of 409" not in text]
    colleague.look("two-windows-told")


def test_what_is_not_possible_now_is_one_folded_line_with_each_reason(colleague):
    page = colleague.page
    page.get_by_role("link", name="Alder Testcase").first.click()
    fold = page.locator("details", has_text="Not possible now")
    expect(fold.get_by_text(re.compile(r"^Not possible now \(\d\)$"))).to_be_visible()
    expect(page.get_by_role("button", name="Leaving special education")).to_be_hidden()
    fold.locator("summary").press("Enter")
    expect(fold).to_contain_text("It is recorded that the student left.")
    expect(page.get_by_role("button", name="Leaving special education")).to_have_attribute(
        "aria-disabled", "true"
    )
    colleague.look("not-possible-now")
    fold.get_by_role("link", name="Take the leaving back").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Leaving special education here")


def test_taken_back_by_one_and_once_more_by_the_other(coordinator, colleague):
    mine, theirs = coordinator.page, colleague.page
    mine.get_by_role("button", name="Take it back").click()
    expect(mine.locator("main")).to_contain_text("Taken back: the record stands as it was before.")
    theirs.get_by_role("button", name="Take it back").click()
    expect(theirs.get_by_role("alert")).to_contain_text(re.compile("Juniper Mockup, .*: took back that"))
    expect(theirs.get_by_role("button", name="Take it back")).to_have_count(0)
    colleague.wrong = [text for text in colleague.wrong if "status of 409" not in text]


def test_who_was_faster_is_told_of_what_the_other_one_did_after(coordinator, colleague):
    theirs = colleague.page
    theirs.get_by_role("link", name="Dropped out", exact=True).click()
    theirs.get_by_label("Last day here").fill("2026-11-18")
    theirs.get_by_label("What happened").fill(TYPED)
    theirs.get_by_role("button", name=re.compile("^Check")).click()
    theirs.get_by_role("button", name="Record it").click()
    expect(theirs.locator("main")).to_contain_text("Recorded by Larkspur Sample")

    coordinator.page.get_by_role("link", name="Alder Testcase").first.click()
    told = coordinator.page.get_by_text("Changed after you").locator("..")
    expect(told).to_contain_text(
        re.compile(r"Larkspur Sample, \d+:\d\d [ap]m on 11/23/2026: recorded that the student leaves")
    )
    coordinator.look("two-windows-told-after")
    told.get_by_role("link", name="Show what was done").click()
    expect(coordinator.page.locator("main")).to_contain_text(TYPED)
    coordinator.go("/news")
    expect(coordinator.page.locator("main")).to_contain_text("After you")
    expect(coordinator.page.locator("main")).to_contain_text("Larkspur Sample, SEDS coordinator")
    coordinator.look("two-windows-news")
