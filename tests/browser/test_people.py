"""The administration of people in a browser: a school with 12 staff, a caseload of 40 handed over, an account that is
known elsewhere, duties, roles, a transfer.

The steps are one story and run in their order.
"""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from tests.browser.person import COORDINATOR
from tests.support import staff
from tests.support import state_files as w
from tests.support.forked import served

pytestmark = pytest.mark.browser

# One principal, one school psychologist, ten teachers: as a school secretary keeps them in a spreadsheet.
SCHOOL_STAFF = "\n".join(
    [
        "Acorn Makebelieve\tacorn.makebelieve@example.org\tSchool",
        "Bracken Makebelieve\tbracken.makebelieve@example.org\tSite provider",
        *(
            f"{name} Makebelieve\t{name.lower()}.makebelieve@example.org"
            for name in (
                *("Clover", "Dogwood", "Elder", "Fescue", "Gorse"),
                *("Hazel", "Iris", "Jonquil", "Kelp", "Laurel"),
            )
        ),
    ]
)


@pytest.fixture(scope="module")
def system(folder, databases):
    """The small world with a caseload of 40 and the people of ``tests.support.staff``."""
    with served(folder, databases, "--people", write_state=None, works=False) as running:
        yield running


@pytest.fixture(scope="module")
def coordinator(person):
    return person(COORDINATOR)


@pytest.fixture(scope="module")
def selpa(person):
    return person(staff.SELPA_PERSON)


@pytest.fixture(scope="module")
def neighbor(person):
    return person(staff.NEIGHBOR)


class Clicks:
    """Counts what a hand does: each click, each choice, each paste."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, act, *arguments):
        self.count += 1
        return act(*arguments)


def test_1_a_school_with_twelve_staff(coordinator):
    page, hand = coordinator.page, Clicks()
    coordinator.go("/")
    began = time.monotonic()
    hand(page.get_by_role("link", name="Admin").click)
    hand(page.get_by_role("link", name="Add many").click)
    hand(page.get_by_label("Rows", exact=True).fill, SCHOOL_STAFF)
    hand(page.get_by_label("School where a row names none").select_option, w.SCHOOL)
    hand(page.get_by_role("button", name="Check the rows").click)
    expect(page.locator("main")).to_contain_text("12 rows can be taken in")
    hand(page.get_by_role("button", name="Take in 12 rows").click)
    expect(page.locator("main")).to_contain_text("12 people taken in, 12 new accounts")
    seconds = time.monotonic() - began
    print(f"\nA school with 12 staff: {hand.count} clicks, {seconds:.1f} seconds")
    assert hand.count <= 6
    expect(page.get_by_role("row", name="Acorn Makebelieve")).to_contain_text("Buckeye Elementary")
    coordinator.look("people-list")


def test_2_a_bad_row_says_field_and_fix_and_holds_up_nobody(coordinator):
    page = coordinator.page
    coordinator.go("/admin/roster")
    rows = "name,email,starts_on,perspective\nMoss Makebelieve,moss@example.org,08/13/2026,Gardener\n"
    rows += "Reed Makebelieve,reed@example.org,soon,\nRush Makebelieve,rush@example.org,,\n"
    page.get_by_label("Rows", exact=True).fill(rows)
    page.get_by_role("button", name="Check the rows").click()
    main = page.locator("main")
    expect(main).to_contain_text("1 row can be taken in")
    expect(main.get_by_role("row", name="Moss Makebelieve")).to_contain_text(
        "There is no perspective “Gardener”."
    )
    expect(main.get_by_role("row", name="Reed Makebelieve")).to_contain_text("“soon” is no day.")
    coordinator.wrong = [one for one in coordinator.wrong if "422" not in one]
    coordinator.look("people-roster")


def test_3_a_caseload_of_forty_is_handed_over(coordinator, person):
    page = coordinator.page
    coordinator.go("/admin")
    page.get_by_role("link", name="Wren Placeholder").click()
    expect(page.locator("main")).to_contain_text("40 students as case manager")
    coordinator.look("people-person")
    page.get_by_role("link", name="Hand over, leave").click()
    expect(page.locator("main")).to_contain_text("40 students · 1 open meeting · 0 duties")
    page.get_by_label("Everything goes to").select_option(label="Larkspur Sample")
    page.get_by_label("Alder Testcase goes to").select_option(label="Clover Makebelieve")
    page.get_by_label("Reason").fill("Moves away")
    page.get_by_label("Leaves: last day of all perspectives here").fill("2026-11-23")
    page.get_by_label("Close the account after that day").check()
    began = time.monotonic()
    page.get_by_role("button", name="Show what happens").click()
    main = page.locator("main")
    expect(main).to_contain_text("Nothing is done yet. 40 students would go over; nothing would be left.")
    expect(main.get_by_role("row", name="Testcase, Alder")).to_contain_text("Clover Makebelieve")
    expect(main).to_contain_text("Alder Testcase: goes on with Clover Makebelieve")
    shown = time.monotonic() - began
    coordinator.look("people-hand-over")
    began = time.monotonic()
    page.get_by_role("button", name="Hand over 40 students").click()
    expect(main).to_contain_text("40 students handed over")
    expect(main).to_contain_text("Nothing hangs on Wren Placeholder any more.")
    print(f"\nA caseload of 40: shown in {shown:.1f} seconds, handed over in {time.monotonic() - began:.1f}")
    expect(main).to_contain_text("This account is closed")

    coordinator.go("/admin")
    expect(page.get_by_role("row", name="Larkspur Sample")).to_contain_text("39")
    teacher = person(staff.TEACHER)
    teacher.go("/students")
    expect(teacher.page.locator("main")).to_contain_text("39 students")


def test_4_taken_back_on_the_same_day_and_assigned_by_ssid(coordinator):
    page = coordinator.page
    coordinator.go("/assign")
    expect(page.get_by_role("row", name="Hand-over of Wren Placeholder")).to_contain_text("40")
    page.get_by_role("link", name="paste a list of SSIDs, local IDs or names").click()
    page.get_by_label("Which students").fill("9900000003\n9900000009")
    page.get_by_role("button", name="Assign these students").click()
    page.get_by_label("Person").select_option(label="Larkspur Sample")
    page.get_by_role("button", name="Show what changes").click()
    main = page.locator("main")
    expect(main).to_contain_text("1 of 2 found.")
    expect(main).to_contain_text("No student within your reach has this SSID.")
    expect(main.get_by_role("row", name="Testcase, Yarrow")).to_contain_text("Larkspur Sample")
    coordinator.look("people-assign")
    page.get_by_role("button", name="Assign the ticked students").click()
    expect(main).to_contain_text("1 student assigned to Larkspur Sample.")
    page.get_by_role("button", name="Take back Case manager: Larkspur Sample").click()
    expect(main).to_contain_text("Taken back: everybody has the students they had before.")


def test_5_who_works_elsewhere_is_found_and_shared_or_asked_for(coordinator, neighbor):
    page = neighbor.page
    neighbor.go("/admin/add")
    page.get_by_label("E-mail").fill(staff.TEACHER)
    page.get_by_label("Name", exact=False).first.fill("Larkspur Sample")
    page.get_by_label("Perspective").select_option(label="Case manager")
    page.get_by_label("Reason").fill("Comes to us")
    page.get_by_role("button", name="Add the person").click()
    main = page.locator("main")
    expect(main).to_contain_text("This person already has an account")
    expect(main).to_contain_text("Larkspur Sample: Case manager at Chaparral Unified")
    neighbor.wrong = [one for one in neighbor.wrong if "422" not in one]
    neighbor.look("people-known")
    page.get_by_role("button", name="Same person: ask Chaparral Unified for a transfer").click()
    expect(main).to_contain_text("Waits for Chaparral Unified")

    coordinator.go("/")
    expect(coordinator.page.locator("main")).to_contain_text("People whom another district asks for")
    coordinator.page.get_by_role("link", name="People whom another district asks for", exact=True).click()
    expect(coordinator.page.locator("main")).to_contain_text("39 of your students are still assigned")
    coordinator.look("people-transfers")
    coordinator.page.get_by_label("Answer about Larkspur Sample").fill("Has 39 students until summer")
    coordinator.page.get_by_role("button", name="Decline").click()
    expect(coordinator.page.locator("main")).to_contain_text("No transfer is open")


def test_6_duties_get_names(coordinator):
    page = coordinator.page
    coordinator.go("/")
    page.get_by_role("link", name="Duties without a person", exact=True).click()
    page.get_by_label("Send to the state: who has it").select_option(label="Juniper Mockup")
    page.get_by_role("button", name="Save Send to the state").click()
    expect(page.locator("main")).to_contain_text("Send to the state: Juniper Mockup.")
    coordinator.look("people-duties")
    coordinator.go("/")
    expect(page.get_by_role("region", name="Your duties")).to_contain_text("nobody stands in")
    coordinator.look("people-home")


def test_7_the_selpa_defines_a_role_and_names_a_coordinator(selpa):
    page = selpa.page
    selpa.go("/admin/roles")
    page.get_by_label("Name", exact=False).first.fill("Office only")
    page.get_by_label("For whom").fill("Secretaries who keep addresses")
    page.get_by_label("Made of the perspective").select_option(label="Office clerk")
    page.get_by_label("keep contacts and rights holders").check()
    page.get_by_label("read student records").check()
    page.get_by_role("button", name="Save the role").click()
    expect(page.locator("main")).to_contain_text("The role Office only is there")
    selpa.look("people-roles")
    selpa.go("/admin/add")
    page.get_by_label("E-mail").fill("sorrel.sample@example.org")
    page.get_by_label("Name", exact=False).first.fill("Sorrel Sample")
    page.get_by_label("Perspective").select_option(label="SEDS coordinator")
    page.get_by_label("Works for").select_option(label="Chaparral Unified")
    page.get_by_label("Reason").fill("Second coordinator")
    selpa.look("people-add")
    page.get_by_role("button", name="Add the person").click()
    expect(page.locator("main")).to_contain_text("Sorrel Sample has an account and a perspective.")


def test_8_a_perspective_is_lent(coordinator):
    page = coordinator.page
    coordinator.go("/lend")
    page.get_by_role("combobox", name="To").select_option(label="Larkspur Sample")
    page.get_by_label("Through").fill("2026-12-11")
    page.get_by_label("Reason").fill("Two weeks away")
    page.get_by_label("manage people and their perspectives").uncheck()
    page.get_by_role("button", name="Lend it").click()
    expect(page.locator("main")).to_contain_text("SEDS coordinator at Chaparral Unified to Larkspur Sample")
    coordinator.look("people-lend")
    page.get_by_role("button", name="Take back from Larkspur Sample").click()
    expect(page.locator("main")).to_contain_text("Taken back from Larkspur Sample.")
