"""A SEDS coordinator's Monday in August, one story: who came in the night's SIS file is adopted or called, who left is
recorded, who is here twice is put together, and districts that ask for a student are answered.

By ``make walk-morning`` with 140 arrivals, 30 departures, 12 duplicates and 6 transfers among 2,000 students; in the
usual run with 14, 4, 3 and 3 among 60. What it cost is printed; what is left and what the state is told was counted by
hand.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter

import pytest
from playwright.sync_api import expect

from tests.browser.counted import Hand, Walked
from tests.support.forked import ForkedSystem
from tests.support.morning import SIZES, TODAY

pytestmark = pytest.mark.browser

SIZE = os.environ.get("MORNING", "small")
# Of the morning: each adopted plan is told with its two services, at the end a status for each who left California or
# went nobody knows where. Who moved on inside California, who never came, who arrives inactive: nothing.
TOLD = {
    "small": {"PLAN": 9 + 1, "SERV": 2 * (9 + 1), "SWDS": 1 + 1},
    "full": {"PLAN": 118 + 6, "SERV": 2 * (118 + 6), "SWDS": 7 + 5},
}
# In the order of the page: what the SIS said, what the coordinator makes of it, and what the office writes.
REASONS = {
    "moved": ("T160", "The families moved inside California; the districts there asked for the records."),
    "out_of_state": ("T200", "The families moved out of California, they told the office."),
    "unknown": ("E140", "Gone since last week; the numbers we have are not answered."),
    "no_show": ("N470", "They did not come on the first day, and live elsewhere now."),
}
LINES = """
import django; django.setup()
import json
from collections import Counter
from manzanita.exchange.models import Operation
from manzanita.platform.reach import whole_installation
with whole_installation("test"):
    print(json.dumps(Counter(Operation.objects.values_list("record", flat=True))))
"""
walked: list[tuple[Walked, int]] = []


@pytest.fixture(scope="module")
def size():
    return SIZES[SIZE]


@pytest.fixture(scope="module")
def system(folder, databases):
    """The district of the morning, served; jobs run, and nothing is sent."""
    database = databases.migrated()
    # Nobody kills a worker here: what the night has left is done in peace, however slow the machine.
    environment = {"MANZANITA_TODAY": TODAY.isoformat(), "MANZANITA_JOB_LEASE_SECONDS": "60"}
    running = ForkedSystem(folder / "system", database, **environment)
    try:
        running.built = running.output("-m", "tests.support.morning", SIZE).strip().splitlines()[-1]
        running.start_web()
        running.start_worker()
        yield running
    finally:
        running.stop()
        databases.drop(database)


@pytest.fixture(scope="module")
def told(system) -> dict:
    return json.loads(system.built)


@pytest.fixture
def begin(coordinator):
    """``begin("task", students)``: a hand at home, whose clicks count for the task until ``done``."""
    hands = []

    def start(task: str, students: int) -> Hand:
        coordinator.go("/")
        hands.append((Hand(coordinator, task), students))
        return hands[-1][0]

    yield start
    for hand, students in hands:
        walked.append((hand.done(), students))


def need(page, label: str):
    return page.locator("tr", has=page.get_by_role("link", name=label, exact=True))


def test_1_home_says_what_the_night_brought(coordinator, size):
    page = coordinator.page
    coordinator.go("/")
    for label, number in (
        ("Students who have come", size.arrivals),
        ("Arrivals whose plans can be adopted at once", size.safe),
        ("Students who may be entered twice", size.same + size.two),
        ("Transfers of students that wait for your district", size.accepted + size.declined),
        ("To settle: leaving", size.departures + size.accepted + size.declined),
    ):
        expect(need(page, label)).to_contain_text(str(number))
    coordinator.look("morning-1-home")


def test_2_plans_that_need_no_call_are_adopted_together(begin, coordinator, size):
    hand = begin("arrivals: safe, adopted together", size.safe)
    with hand.aside():
        coordinator.go("/arrivals")
        coordinator.look("morning-2-arrivals")
        coordinator.go("/")
    hand.link("Arrivals whose plans can be adopted at once", exact=True)
    hand.see(f"Ready to adopt {size.safe} students")
    with hand.aside():
        coordinator.look("morning-2-preview")
    hand.fill("How you know that the plans go on", "Heron Creek confirmed the list.")
    hand.button("Adopt the ticked plans")
    expect(hand.main).to_contain_text(f"{size.safe} adopted", timeout=240_000)
    with hand.aside():
        coordinator.look("morning-2-adopted")


def test_3_who_comes_back_and_who_arrives_without_a_plan_is_settled(begin, coordinator, size):
    hand = begin("arrivals: returning", size.returning)
    hand.link("Students who have come", exact=True)
    hand.link(re.compile("^Returning"))
    hand.link(re.compile("^Testcase, "))
    for left in reversed(range(size.returning)):
        hand.fill("How you know that the plan goes on", "The family brought the plan along.")
        hand.button(re.compile("^Adopt the plan from"))
        hand.see("Plan adopted on")
        if left:
            hand.link(re.compile("^Next: "))
    with hand.aside():
        coordinator.look("morning-3-returned")
    hand = begin("arrivals: eligible, without a plan", size.unserved)
    hand.link("Students who have come", exact=True)
    hand.link(re.compile("^Eligible, no plan"))
    hand.link(re.compile("^Testcase, "))
    for left in reversed(range(size.unserved)):
        hand.choose("3. Is the student going to take part here?", "No")
        hand.button("Keep these answers")
        with hand.aside():
            if not left:
                coordinator.look("morning-3-inactive")
        hand.fill("How you know", "The family declines services here too.")
        hand.button("Settle as arrived inactive")
        hand.see("Arrived inactive on")
        if left:
            hand.link(re.compile("^Next: "))


def test_4_the_others_are_a_call_list(begin, coordinator, size):
    hand = begin("arrivals: the call list, read", size.calls)
    hand.link("Students who have come", exact=True)
    expect(hand.main.locator("tbody tr")).to_have_count(size.calls)
    hand.see("The student is still enrolled at Heron Creek Unified", "The plan review was due on 08/01/2026")
    coordinator.look("morning-4-call-list")


def test_5_who_left_is_recorded_together_by_reason(begin, coordinator, size):
    hand = begin("departures, by reason", size.departures)
    hand.link("To settle: leaving", exact=True)
    with hand.aside():
        coordinator.look("morning-5-to-settle")
    hand.link("Record many together")
    with hand.aside():
        coordinator.look("morning-5-departures")
    for how, (code, note) in REASONS.items():
        number = getattr(size, how)
        if not number:
            continue
        group = hand.main.locator("form", has=hand.page.get_by_role("table", name=re.compile(code)))
        hand.click(group.get_by_role("button", name="Show what will happen"))
        with hand.aside():
            coordinator.look(f"morning-5-{how}")
        hand.fill("What happened", note)
        hand.button("Record the ticked leavings")
        expect(hand.main).to_contain_text(f"{number} recorded", timeout=240_000)
        with hand.aside():
            coordinator.look(f"morning-5-{how}-done")
        hand.link(re.compile("Who left|The others who left"))
    hand.see("Nobody has left without a word")


def test_6_who_is_here_twice_is_put_together_or_is_two(begin, coordinator, size):
    hand = begin("duplicates: put together", size.same)
    hand.link("Students who may be entered twice", exact=True)
    with hand.aside():
        coordinator.look("morning-6-duplicates")
    hand.link("Compare and put together")
    for left in reversed(range(size.same)):
        with hand.aside():
            if not left:
                coordinator.look("morning-6-compare")
        hand.fill("Why they are one student, or two", "One birth certificate")
        hand.button("Put together", exact=True)
        hand.see("Put together: this is the one record now.")
        if left:
            hand.link("Next pair")
    hand = begin("duplicates: two people", size.two)
    hand.link("Students who may be entered twice", exact=True)
    for _ in range(size.two):
        hand.fill("They are two people, because", "Two birth certificates")
        hand.button("Not the same")
        hand.see("Remembered: two people.")
    hand.see("No pair to look at")


def test_7_districts_that_ask_are_answered_and_one_is_asked(begin, coordinator, size, told):
    hand = begin("transfers: answered", size.accepted + size.declined)
    for number in range(size.accepted + size.declined):
        hand.link(
            "Transfers of students that wait for your district" if not number else "Transfers", exact=True
        )
        hand.click(hand.main.locator("tbody").get_by_role("link").first)
        with hand.aside():
            if not number:
                coordinator.look("morning-7-asked")
        if number < size.accepted:
            hand.button("Accept: check first what it will do")
            hand.button("Accept", exact=True)
            hand.see("Accepted.")
        else:
            hand.fill(
                "Why your district declines", "The family stays with us: the mother called this morning."
            )
            hand.button("Decline", exact=True)
            hand.see("Declined")
    hand = begin("transfers: asked for", size.by_us)
    for number, ssid in enumerate(told["theirs"]):
        hand.click(hand.page.get_by_role("navigation", name="Main").get_by_role("link", name="Students"))
        hand.click(hand.page.get_by_text("Coming and going"))
        hand.link("Transfers", exact=True)
        hand.link("Find a student elsewhere")
        hand.fill("SSID", ssid)
        hand.button("Ask", exact=True)
        hand.link("The student comes to us: ask for a transfer")
        hand.fill("What you call the student", f"Comer {number + 1}, grade 5")
        hand.fill("Day of enrollment", "2026-08-31")
        hand.click(hand.page.get_by_role("radio", name=re.compile("attests the intent")))
        hand.fill("Statement", "The father was at our office on Friday.")
        hand.button("Ask for the student")
        hand.see("Heron Creek Unified has to act.")


def test_8_whoever_came_gets_a_case_manager(begin, coordinator, size):
    hand = begin("case managers for who came", size.arrivals - size.unserved)
    hand.link("Students without a case manager", exact=True)
    hand.choose("Person", "Wren Placeholder")
    hand.button("Show what changes")
    with hand.aside():
        coordinator.look("morning-8-assign")
    hand.button("Assign the ticked students")
    expect(hand.page.get_by_role("status").first).to_contain_text(
        f"{size.arrivals - size.unserved} students assigned to Wren Placeholder."
    )


def test_9_at_the_end_home_keeps_the_call_list_and_the_state_hears_what_it_must(
    coordinator, size, system, capsys
):
    with capsys.disabled():
        print("\n" + table(walked))
    page = coordinator.page
    coordinator.go("/")
    expect(need(page, "Students who have come")).to_contain_text(str(size.calls))
    for gone in (
        "Arrivals whose plans can be adopted at once",
        "Students who may be entered twice",
        "Transfers of students that wait for your district",
        "To settle: leaving",
        "To settle: arriving",
        "To settle: returning",
        "Students without a case manager",
    ):
        expect(page.get_by_role("link", name=gone, exact=True)).to_have_count(0)
    coordinator.look("morning-9-home")
    coordinator.go("/state")
    coordinator.look("morning-9-state")
    assert json.loads(system.output("-c", LINES)) == TOLD[SIZE]
    assert Counter(coordinator.wrong) == Counter()


def table(found: list[tuple[Walked, int]]) -> str:
    """One line for each task, and what one student of it cost."""
    wide = max(len(one.journey) for one, _ in found)
    lines = [
        f"{'task':{wide}} | students | clicks | fields | seconds | clicks each | seconds each",
        *(
            f"{one.journey:{wide}} | {count:8} | {one.clicks:6} | {one.fields:6} | {one.seconds:7.1f} | "
            f"{one.clicks / count:11.2f} | {one.seconds / count:12.2f}"
            for one, count in found
            if count
        ),
    ]
    total = [sum(one.clicks for one, _ in found), sum(one.fields for one, _ in found)]
    seconds = sum(one.seconds for one, _ in found)
    lines.append(f"{'all':{wide}} |          | {total[0]:6} | {total[1]:6} | {seconds:7.1f} |             |")
    return "\n".join(lines)
