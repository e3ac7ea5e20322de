"""Every reason for which a whole file waits or does not leave: brought about at a real system, read where a
coordinator meets it, with whose job it is, and ended. Reasons of single records: ``test_holds.py``.

``WAYS`` and ``OTHER_WALKS`` name for each reason of the code the walk that ends it; a new reason without one fails.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from tests.support import cast
from tests.support.forked import served
from tests.support.reasons import reasons_of_files
from tests.support.system import System

pytestmark = pytest.mark.browser

MANY = 200
CLOSED = "The state is closed until 6:00 am on 11/24/2026."
BY_ITSELF = "Nothing to do: it goes on by itself."


def close(system) -> None:
    system.control("clock", time="20:00", hours=["06:00", "18:00"])


def open_again(system) -> None:
    system.control("clock", time=None, hours=None)


def order(system, *words: str, seconds: float = 1.0) -> None:
    """What becomes of the next requests; none given is fair weather."""
    system.control("weather", next=list(words), seconds=seconds)


def restart_worker(system, **environment: str) -> None:
    system.kill("worker")
    system.start_worker(**environment)


def lose_the_secret(system) -> None:
    restart_worker(system, MANZANITA_STATE_CLIENT_SECRET="guess")
    open_again(system)


def end_the_state(system) -> None:
    system.kill("sandbox")
    restart_worker(system)


def forget(system) -> None:
    """The state loses the file that it has not applied. Then it is slow, so that there is time to read."""
    # It stays stalled until the file is gone: let go before, it may apply it first.
    system.control("weather", next=["clear", *["slow"] * 4], seconds=3.5)
    with closing(sqlite3.connect(system.folder / "state.sqlite3")) as connection, connection:
        connection.execute("DELETE FROM job_line")
        connection.execute("DELETE FROM job")
    system.control("weather", stalled=False)


@dataclass(frozen=True)
class Wait:
    """One reason, and what brings it about: ``cause`` also ends the reason before it. A ``brief`` one ends by itself
    and is only read; from one that is ``tried`` somebody goes on with *Try it now*."""

    code: str
    cause: Callable[[System], None]
    words: str
    owner: str
    next_step: str
    is_brief: bool = False
    is_tried: bool = False


# Each file meets one reason after the other; the last step of its way lets it go.
WAYS = {
    "before it is handed over": (
        Wait("state-closed", close, CLOSED, "State", BY_ITSELF, is_tried=True),
        Wait(
            "state-sign-in",
            lose_the_secret,
            "The state did not accept our sign-in.",
            "SEDS coordinator",
            "Have the client id and the client secret of this installation checked; then it goes on by itself.",
        ),
        Wait(
            "state-unreachable",
            end_the_state,
            "The state cannot be reached: it takes no connection.",
            "State",
            BY_ITSELF,
        ),
        lambda system: system.start_sandbox(),
    ),
    "handed over in vain": (
        Wait(
            "in-doubt",
            lambda system: order(system, "fail"),
            "The last try to hand over broke off, and the state does not show the file.",
            "State",
            BY_ITSELF,
            is_brief=True,
        ),
        Wait(
            "state-refused-question",
            lambda system: order(system, *["deny"] * MANY),
            "its word for it is not_allowed.",
            "SEDS coordinator",
            "Ask the state's service desk about this word.",
            is_tried=True,
        ),
        order,
    ),
    "handed over unseen": (
        Wait(
            "state-silent",
            lambda system: order(system, *["slow"] * MANY, seconds=6),
            "The state did not answer in time.",
            "State",
            BY_ITSELF,
        ),
        Wait(
            "state-failed",
            lambda system: order(system, *["fail"] * MANY),
            "The state answered that it failed.",
            "State",
            BY_ITSELF,
        ),
        Wait(
            "state-broken",
            lambda system: order(system, *["truncate"] * MANY),
            "The state's answer broke off, or was no answer to what was asked.",
            "State",
            BY_ITSELF,
        ),
        order,
    ),
    "in the state's hands": (
        Wait(
            "state-working",
            lambda system: system.control("weather", stalled=True),
            "The state has the file, and has not answered every line yet.",
            "State",
            BY_ITSELF,
        ),
        Wait(
            "state-forgot",
            forget,
            "The state took the file and does not know it any more.",
            "State",
            BY_ITSELF,
            is_brief=True,
        ),
        Wait(
            "state-without-answer",
            # Of the file that it gets again it says only that it is done.
            lambda system: order(system, *["empty"] * MANY),
            "The state says that it is done with the file, but has given no answer to some of its lines.",
            "State",
            "where that does not end, ask the state's service desk about this file name.",
        ),
        order,
    ),
}
OTHER_WALKS = {
    "its-turn": "test_a_file_after_one_that_is_canceled_goes",
    "canceled": "test_a_file_after_one_that_is_canceled_goes",
    "taken-back": "test_files_that_nobody_uploaded_are_taken_back_and_go_by_the_api",
    "grant-ended": "test_a_send_whose_grant_ended_is_sent_again",
    "refused-whole": "test_a_file_that_the_state_refused_whole_is_sent_again",
    "other-book": "test_what_may_not_go_to_the_state_goes_to_the_practice_state",
    "not-confirmed-state-api": "test_what_may_not_go_to_the_state_goes_to_the_practice_state",
    "not-confirmed-positions": "test_what_may_not_go_to_the_state_goes_to_the_practice_state",
    "not-confirmed-codes": "test_what_may_not_go_to_the_state_goes_to_the_practice_state",
}


@pytest.fixture(scope="module")
def system(folder, databases):
    """The small world with the cast, each with a meeting to send; a state that is slow is soon given up."""
    patience = {"MANZANITA_STATE_TIMEOUT_SECONDS": "4", "MANZANITA_STATE_SETTLE_SECONDS": "5"}
    with served(folder, databases, "--ready", write_state=cast.write_files, **patience) as running:
        yield running


@pytest.fixture(scope="module")
def students() -> list[str]:
    """SSIDs of those whose meeting was not sent yet."""
    return [member.ssid for member in cast.CAST.values()]


def test_every_reason_of_the_code_has_its_walk():
    on_the_way = [wait.code for *waits, _ in WAYS.values() for wait in waits]
    assert {*on_the_way, *OTHER_WALKS} == reasons_of_files()
    assert set(OTHER_WALKS.values()) <= set(globals())


def send(coordinator, ssid: str) -> str:
    """Send what one student has; the address of the file's page."""
    page = coordinator.page
    coordinator.go("/students/paste?then=state_limited")
    page.get_by_label("Which students").fill(ssid)
    page.get_by_role("button", name="Send for these students").click()
    page.get_by_role("button", name="Send 1 operation").click()
    expect(page.locator("#progress")).to_be_visible()
    return page.url


def reasons(page):
    return page.get_by_role("list", name="Why it waits")


def press(page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def is_posted(page, count: int = 1) -> None:
    expect(page.get_by_role("img", name=f"{count} posted, 0 rejected")).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_waits_says_why_and_goes_on(coordinator, system, students, way):
    *waits, let_go = WAYS[way]
    waits[0].cause(system)
    send(coordinator, students.pop())
    for wait, cause_of_next in zip(waits, [*(one.cause for one in waits[1:]), let_go], strict=True):
        read(coordinator.page, wait)
        if not wait.is_brief:
            meet_it_again(coordinator, wait)
        cause_of_next(system)
        if wait.is_tried:
            press(coordinator.page, "Try it now")
    is_posted(coordinator.page)
    assert coordinator.wrong == []


def read(page, wait: Wait) -> None:
    expect(reasons(page)).to_contain_text(wait.words, timeout=90_000)
    expect(reasons(page)).to_contain_text(wait.next_step)
    expect(reasons(page)).to_contain_text(f"Owner: {wait.owner}")


def meet_it_again(coordinator, wait: Wait) -> None:
    """From the plan, where it is the state's job, or from home, where it is the coordinator's."""
    page = coordinator.page
    if wait.owner == "State":
        coordinator.go("/")
        expect(page.locator("main")).not_to_contain_text("Sends that do not go on")
        told = page.get_by_label("Held, sent, and not reported").locator("li", has_text=wait.words)
        # The state is asked again and again: a page that comes slowly may show the moment in between.
        for _ in range(10):
            coordinator.go("/state")
            if told.count():
                break
        told.get_by_role("link").first.click()
    else:
        coordinator.go("/")
        page.get_by_role("link", name="Sends that do not go on", exact=True).click()
        row = page.locator("[data-row]", has_text=wait.words)
        expect(row).to_contain_text(f"Owner: {wait.owner}")
        coordinator.look("sends")
        row.locator("[data-open]").click()
    expect(reasons(page)).to_contain_text(wait.words)
    if wait.is_tried:
        coordinator.look(f"wait-{wait.code}")


def test_a_file_after_one_that_is_canceled_goes(coordinator, system, students):
    page = coordinator.page
    close(system)
    ssid = students.pop()
    first = send(coordinator, ssid)
    expect(reasons(page)).to_contain_text(CLOSED)
    second = send(coordinator, students.pop())
    expect(reasons(page)).to_contain_text("It goes after the file of")
    expect(reasons(page)).to_contain_text(f"{CLOSED} Next try at")
    expect(page.get_by_role("button", name="Try it now")).to_have_count(0)
    coordinator.look("wait-its-turn")

    page.get_by_role("link", name="The file that goes first").click()
    assert page.url == first
    press(page, "Cancel this send")
    expect(page.locator("main")).to_contain_text("Canceled: 1 line free to go again.")
    expect(page.locator("main")).to_contain_text("Canceled by Juniper Mockup before it reached the state.")
    coordinator.look("canceled")
    page.get_by_role("link", name="Back to the plan").click()
    students.append(ssid)
    expect(page.locator("tr.op", has_text="MEET")).to_have_count(len(students))

    page.goto(second)
    expect(reasons(page)).not_to_contain_text("It goes after the file of")
    open_again(system)
    press(page, "Try it now")
    is_posted(page)


def test_a_file_after_one_whose_work_stopped_leads_to_it(coordinator, system, students):
    page = coordinator.page
    close(system)
    first = send(coordinator, students.pop())
    expect(reasons(page)).to_contain_text(CLOSED)
    in_the_database(
        system, "Job.objects.filter(pk=newest().job_id).update(state='failed', error_type='OSError')"
    )
    second = send(coordinator, students.pop())
    expect(reasons(page)).to_contain_text("The work on that one has stopped. Next try at", timeout=90_000)
    expect(reasons(page)).to_contain_text("Open that file and press Go on.")
    expect(reasons(page)).to_contain_text("Owner: SEDS coordinator")

    coordinator.go("/")
    page.get_by_role("link", name="Sends that do not go on", exact=True).click()
    expect(page.locator("[data-row]")).to_have_count(2)
    page.goto(second)
    page.get_by_role("link", name="The file that goes first").click()
    assert page.url == first
    expect(page.locator("#progress")).to_contain_text(
        "The work on this file ended before all answers were in"
    )
    coordinator.look("stopped")
    open_again(system)
    press(page, "Go on")
    is_posted(page)
    page.goto(second)
    is_posted(page)


def in_the_database(system, statement: str) -> None:
    """What no click brings about; ``newest()`` is the newest submission."""
    system.output(
        "-c",
        "import django; django.setup()\n"
        "from manzanita.accounts.models import Grant\n"
        "from manzanita.exchange.models import Submission\n"
        "from manzanita.platform.models import Job\n"
        "def newest(): return Submission.objects.latest('pk')\n"
        f"{statement}\n",
    )


def not_sent(page, words: str, next_step: str) -> None:
    """What the page of a file that did not leave says of one reason."""
    told = page.get_by_role("listitem").filter(has_text=words)
    expect(told).to_contain_text(next_step, timeout=90_000)
    expect(told).to_contain_text("Owner: SEDS coordinator")


def test_a_send_whose_grant_ended_is_sent_again(coordinator, system, students):
    page = coordinator.page
    system.kill("worker")
    send(coordinator, students[-1])
    in_the_database(
        system,
        "old = Grant.objects.get(pk=newest().grant_id)\n"
        "old.pk, old.starts_on, old.ends_on = None, '2026-08-01', '2026-11-22'\n"
        "old.save(force_insert=True)\n"
        "Submission.objects.filter(pk=newest().pk).update(grant_id=old.pk)",
    )
    system.start_worker()
    not_sent(
        page,
        "Nothing was sent: the grant of the person who started it ended before it began.",
        "Send again under a grant that is in force.",
    )
    coordinator.look("refused-grant")
    page.get_by_role("link", name="Back to the plan").click()
    send(coordinator, students.pop())
    is_posted(page)


def test_a_file_that_the_state_refused_whole_is_sent_again(coordinator, system, students):
    page = coordinator.page
    order(system, "deny")
    send(coordinator, students[-1])
    not_sent(
        page,
        "its word for it is not_allowed. No line was applied.",
        "mend what the word names, then send again.",
    )
    coordinator.look("refused-whole")
    page.get_by_role("link", name="Back to the plan").click()
    send(coordinator, students.pop())
    is_posted(page)


def test_what_may_not_go_to_the_state_goes_to_the_practice_state(coordinator, students):
    page = coordinator.page
    coordinator.go("/state")
    page.get_by_role("radio", name="State (CALPADS)").check()
    page.get_by_role("radio", name="API").check()
    page.locator("#last-look > summary").click()
    page.get_by_role("button", name=re.compile(r"Send \d+ operation")).click()
    not_sent(
        page,
        "This installation keeps the book of the practice state (sandbox)",
        "Send to the practice state (sandbox)",
    )
    not_sent(page, "The state's API contract is not public", "Use the files for hand upload")
    not_sent(page, "MEET: 18 positions are not confirmed", "Load the state's workbook.")
    not_sent(page, "Code set MeetingDelay: not confirmed: 30", "Load the state's workbook.")
    page.get_by_role("link", name="Back to the plan").click()
    expect(page.locator("tr.op", has_text="MEET")).to_have_count(len(students))


def test_files_that_nobody_uploaded_are_taken_back_and_go_by_the_api(coordinator, students):
    page = coordinator.page
    coordinator.go("/state")
    page.get_by_role("radio", name="Files for hand upload").check()
    page.locator("#last-look > summary").click()
    page.get_by_role("button", name=re.compile(r"Send \d+ operation")).click()
    page.get_by_role("button", name="Take back: nobody uploaded these").click(timeout=90_000)
    not_sent(
        page,
        "Taken back by Juniper Mockup: these lines were not uploaded.",
        "The lines stand in the plan again.",
    )
    coordinator.look("taken-back")
    page.get_by_role("link", name="Back to the plan").click()
    page.locator("#last-look > summary").click()
    page.get_by_role("button", name=re.compile(r"Send \d+ operation")).click()
    is_posted(page, len(students))
    coordinator.go("/state")
    expect(page.locator("main")).to_contain_text("The state holds what it should")
    page.get_by_role("link", name="All sends").click()
    expect(page.locator("[data-row]", has_text="Answered")).not_to_have_count(0)
    assert coordinator.wrong == []
