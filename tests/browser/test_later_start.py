"""A student found eligible in spring, to start with the enrollment of next year, starts in autumn: walked from Home to
the state's answer, counted and printed as the ways of ``test_journeys``; before that it is recorded and taken back.

One story. The lines that the state holds in the end stand in ``tests/data/journeys``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.counted import Hand, told
from tests.browser.test_journeys import JOURNEYS, at_the_state, expected_lines, send
from tests.support.forked import served
from tests.support.system import System

pytestmark = pytest.mark.browser
WHY = "The SIS enrolled her, and her services began that day."


@pytest.fixture(scope="module")
def system(folder, databases) -> Iterator[System]:
    with served(folder, databases, "--later") as running:
        yield running


@pytest.fixture
def hand(coordinator) -> Hand:
    coordinator.page.get_by_role("link", name="Manzanita, home").click()
    expect(coordinator.page.get_by_role("heading", level=1)).to_have_text("What needs you")
    return Hand(coordinator, "later start")


def recorded(hand: Hand) -> None:
    hand.link("To settle: services to start", exact=True)
    hand.see("Testcase, Yarrow", "Initial evaluation of 05/14/2026")
    hand.picture()
    hand.link("Start the services")
    hand.see("the initial evaluation of May 14, 2026", "plan and 1 service, with the enrollment of 2026-2027")
    expect(hand.main.get_by_label("Services start on")).to_have_value("2026-08-13")
    hand.fill("What happened", WHY)
    hand.button("Check, and show what will happen")
    hand.see(
        "Status 1 Eligible and Participating starts on August 13, 2026.",
        "415 Language and speech starts on August 13, 2026.",
        "Not told again: the initial evaluation of May 14, 2026 (MEET) and the status before.",
        "The state is told 3 lines: SWDS and PLAN and SERV.",
    )
    hand.picture()
    hand.button("Record it")
    hand.see("Recorded: services start.", WHY)
    hand.picture()


def test_it_is_recorded_and_taken_back(hand, coordinator):
    recorded(hand)
    hand.link("Take back", exact=True)
    hand.picture()
    hand.button("Take it back")
    hand.see("Taken back")
    hand.find("Yarrow Testcase")
    hand.see("To settle: services to start")
    expect(hand.main.get_by_role("link", name="Services start", exact=True)).to_be_visible()
    coordinator.look("later-start-record")
    hand.picture()
    assert coordinator.wrong == []


def test_services_start_and_the_state_holds_it_in_its_order(hand, coordinator, system, capsys):
    before = at_the_state(system)
    recorded(hand)
    send(hand, 5)
    walked, row = hand.done(), JOURNEYS["later start"]
    assert coordinator.wrong == []
    assert (walked.clicks, walked.fields) <= (int(row["clicks"]), int(row["fields"]))
    now = at_the_state(system)
    assert sorted(now - before) == sorted(expected_lines("later start", "new"))
    assert before <= now
    with capsys.disabled():
        print(f"\n{told([walked])}", flush=True)
