"""How a student comes, goes, and is told of: each way walked from Home by menus and search, no address typed, to the
state's answer. Clicks, fields and seconds are counted and printed; archives and the lines that the sandbox holds are
those written by hand in ``tests/data/journeys`` and, for the twelve reasons of leaving, ``tests/data/offboarding``.

One story. ``make walk-journeys`` walks all twelve leavings and prints the table; where a merge is decided, three.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.counted import Hand, Walked, told
from tests.browser.person import Person
from tests.browser.test_student_transfer import FERN, SIS_FILES
from tests.support import journeys, state_files
from tests.support.cast import RECORDS
from tests.support.forked import served
from tests.support.system import System

pytestmark = pytest.mark.browser
DATA = Path(__file__).parents[1] / "data"
TRANSACTION = re.compile(r"\^MZ[0-9a-f]{24}\^")
SPED_ID = re.compile(r"SE[0-9]{8}")
# The sandbox stamps the day of the upload and of the last change.
STAMPED = "^20261123^20261123"
LEAVERS = {
    "moved_continuing": "Bunting",
    "moved_out_of_state": "Chukar",
    "unknown_continuing": "Dunlin",
    "revoked_consent": "Gadwall",
    "no_longer_eligible": "Killdeer",
    "diploma": "Mallard",
    "certificate": "Ouzel",
    "maximum_age": "Phoebe",
    "dropped_out": "Siskin",
    "deceased": "Thrasher",
    "private_no_isp": "Veery",
    "no_show": "Wigeon",
}
# Nothing told, told after papers, told without: all twelve stand against their facts in integration/test_leaving.py.
FEW = ("moved_continuing", "diploma", "dropped_out")
# Find, leaving, reason, check, record; with a line also the state and its answer.
LEAVING_CLICKS = {"none": 5, "yes": 8}
ARCHIVES = """
import django; django.setup()
import json
from manzanita.archive.models import Archive
from manzanita.platform.reach import whole_installation
from manzanita.students.models import Student
with whole_installation("test"):
    names = dict(Student.unscoped.values_list("pk", "first_name"))
    found = {}
    for one in Archive.objects.exclude(cause="take_over").order_by("pk"):
        records = [[row.record, row.values] for row in one.records.order_by("pk")]
        told = [one.title, one.cause, one.event_on.isoformat(), one.reason, one.lea_code, records]
        found.setdefault(names[one.student_id], []).append(told)
    print(json.dumps(found))
"""


def rows_of(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


JOURNEYS = {row["journey"]: row for row in rows_of("journeys/journeys.csv")}
LEAVINGS = {row["reason"]: row for row in rows_of("offboarding/reasons.csv") if row["student"] == "alder"}
WALKED = list(LEAVERS) if os.environ.get("CI") != "true" else list(FEW)
SSIDS = {member.first: member.ssid for member in (*journeys.MEMBERS, journeys.MALLOW)}


@pytest.fixture(scope="module")
def system(folder, databases) -> Iterator[System]:
    """The small world with those of the journeys, Alder entered twice, and the other district's coordinator."""
    built = ("--journeys", "--guests", "--twice")
    with served(folder, databases, *built, write_state=journeys.write_files) as running:
        yield running


@pytest.fixture(scope="module")
def fern(person) -> Person:
    return person(FERN)


@pytest.fixture(scope="module")
def walked() -> list[Walked]:
    return []


@pytest.fixture
def at_home(coordinator):
    """``at_home("journey")``: the coordinator on Home, everything counted from here."""

    def begin(journey: str, person: Person = coordinator) -> Hand:
        person.page.get_by_role("link", name="Manzanita, home").click()
        expect(person.page.get_by_role("heading", level=1)).to_have_text("What needs you")
        return Hand(person, journey)

    return begin


def at_the_state(system: System) -> set[str]:
    """The extract's lines; transaction ids and new special education ids masked, as they differ from run to run."""
    lines = [line for record in RECORDS for line in system.extract(record)]
    return {SPED_ID.sub("SE", TRANSACTION.sub("^MZ^", line)) for line in lines}


def expected_lines(journey: str, change: str) -> set[str]:
    """Those written by hand; ``{nn}`` stands for each of the twenty-five."""
    found = set()
    for row in rows_of("journeys/lines.csv"):
        if (row["journey"], row["change"]) == (journey, change):
            numbers = range(journeys.MANY) if "{nn}" in row["line"] else [0]
            found |= {row["line"].replace("{nn}", f"{number:02}") + STAMPED for number in numbers}
    return found


def send(hand: Hand, count: int) -> None:
    """To the state plan, a last look and its one button, until every line has its answer."""
    hand.click(
        hand.page.get_by_role("navigation", name="Main").get_by_role("link", name=re.compile("^State"))
    )
    hand.picture()
    hand.click(hand.page.locator("#last-look > summary"))
    hand.button(re.compile(rf"^Send {count} operations?$"))
    expect(hand.page.get_by_role("img", name=f"{count} posted, 0 rejected")).to_be_visible(timeout=60_000)
    hand.picture()


def end(hand: Hand, walked: list[Walked], clicks: int, fields: int | None = None) -> None:
    """A journey may become shorter, not longer."""
    one = hand.done()
    walked.append(one)
    assert hand.person.wrong == []
    assert one.clicks <= clicks, one
    assert fields is None or one.fields <= fields, one


def end_told(hand: Hand, walked: list[Walked], system: System, before: set[str]) -> None:
    """What the state holds has changed by the lines of the table, and by no other."""
    row = JOURNEYS[hand.journey]
    end(hand, walked, int(row["clicks"]), int(row["fields"]))
    now = at_the_state(system)
    assert sorted(now - before) == sorted(expected_lines(hand.journey, "new"))
    assert sorted(before - now) == sorted(expected_lines(hand.journey, "gone"))


def test_the_tables_name_every_way_and_its_rule():
    assert set(LEAVINGS) == set(LEAVERS) and set(FEW) < set(LEAVERS)
    for row in (*JOURNEYS.values(), *LEAVINGS.values()):
        assert row["rule"].strip()
    for name in ("archives", "lines"):
        assert {row["journey"] for row in rows_of(f"journeys/{name}.csv")} < set(JOURNEYS)


def test_a_student_arrives_from_inside(at_home, system, walked):
    before = at_the_state(system)
    hand = at_home("from inside")
    hand.picture()
    hand.link("Students who have come", exact=True)
    hand.picture()
    hand.link("Testcase, Grosbeak")
    hand.see("What follows: Adopt the plan", "The status stays as it is.")
    hand.picture()
    hand.fill("How you know that the plan goes on", "Heron Creek confirmed it by phone.")
    hand.button("Adopt the plan from 11/02/2026")
    hand.see("Plan adopted")
    hand.picture()
    send(hand, 2)
    end_told(hand, walked, system, before)


def test_a_student_arrives_with_a_portable_file(at_home, system, walked, tmp_path):
    file = tmp_path / "lupine.json"
    file.write_bytes(journeys.portable_file())
    before = at_the_state(system)
    hand = at_home("by file")
    hand.link(re.compile("^Students"))
    hand.click(hand.page.get_by_text("Coming and going"))
    hand.picture()
    hand.link("Take a student file in")
    hand.picture()
    hand.fields += 1
    hand.page.locator("input[type=file]").set_input_files(file)
    hand.button("Check the file")
    hand.see("Unverified", "Lupine", "same SSID")
    hand.picture()
    hand.fill("Compared with", "Teal Mockup of Sample Valley by phone, 11/23/2026")
    hand.button("I compared it: trust this key")
    hand.see("Signed with a key that is known here", "6 new rows")
    hand.button("Take all that is new")
    hand.see("Taken: 6 rows", "What follows: Adopt the plan")
    hand.picture()
    hand.fill("How you know that the plan goes on", "The signed file of Sample Valley.")
    hand.button("Adopt the plan from 11/02/2026")
    hand.see("Plan adopted")
    send(hand, 2)
    end_told(hand, walked, system, before)


def test_a_student_is_entered_by_hand_with_the_plan_on_paper(at_home, system, walked):
    before = at_the_state(system)
    hand = at_home("by hand")
    hand.link(re.compile("^Students"))
    hand.link("New student")
    hand.picture()
    for label, text in (
        ("Legal first name", "Mallow"),
        ("Legal last name", "Testcase"),
        ("Birth date", "2016-09-14"),
        ("SSID", "9900000404"),
    ):
        hand.fill(label, text)
    hand.button("Search", exact=True)
    hand.see("Enter a new student")
    hand.picture()
    hand.choose("School", "Buckeye Elementary")
    hand.choose("Grade", "05")
    hand.fill("First day at this district", "2026-11-02")
    hand.fill("Local student ID", "L0404")
    hand.button("Enter: comes with a plan")
    hand.see("Mallow Testcase is entered", "What follows: Ask first")
    hand.picture()
    hand.link("Enter the plan that came on paper")
    with hand.aside():
        hand.person.look("arrival-plan")
    hand.fill("District that made it", journeys.FAR)
    for label, day in (
        ("Plan took effect on", "2026-01-10"),
        ("Last plan review", "2026-01-10"),
        ("Last evaluation", "2024-01-10"),
        ("First consent to services ever", "2024-01-10"),
    ):
        hand.fill(label, day)
    for label, code in (
        ("Primary disability", "240"),
        ("Program setting", "400"),
        ("Primary residence", "210"),
        ("Special transportation", "N"),
    ):
        hand.choose(label, code)
    hand.fill("General education participation", "85")
    service = hand.page.get_by_role("group", name="Service 1")
    for label, code in (("Service", "415"), ("Location", "510"), ("Frequency", "20")):
        hand.fields += 1
        service.get_by_label(re.compile(f"^{label}")).first.select_option(code)
    hand.fields += 1
    service.get_by_label("Minutes").fill("30")
    hand.fill("Where the paper came from", "The family brought the signed IEP.")
    hand.picture()
    hand.button("Enter the plan")
    hand.see("Entered.", "What follows: Adopt the plan", "Plan of 01/10/2026 with 1 service.")
    hand.picture()
    hand.fill("How you know that the plan goes on", "The family brought the signed plan.")
    hand.button("Adopt the plan from 11/02/2026")
    hand.see("Plan adopted")
    send(hand, 2)
    end_told(hand, walked, system, before)


def test_a_student_of_status_2_starts_now(at_home, system, walked):
    before = at_the_state(system)
    hand = at_home("status 2 starts")
    hand.link("Students who have come", exact=True)
    hand.link("Testcase, Gnatcatcher")
    hand.see("What follows: Ask first")
    hand.picture()
    hand.choose("3. Is the student going to take part here?", "yes")
    hand.button("Keep these answers")
    hand.see("What follows: Adopt the last plan", "the status becomes 1 on the same day")
    hand.picture()
    hand.fill("How you know that the plan goes on", "The family and the team agree.")
    hand.button("Adopt the last plan from 11/02/2026")
    hand.see("Plan adopted")
    send(hand, 3)
    end_told(hand, walked, system, before)


def test_twenty_five_are_adopted_at_once(at_home, system, walked):
    before = at_the_state(system)
    hand = at_home("25 at once")
    hand.picture()
    hand.link("Arrivals whose plans can be adopted at once")
    hand.see("Ready to adopt 25 students")
    hand.picture()
    hand.fill("How you know that the plans go on", "Heron Creek confirmed the list by phone.")
    hand.button("Adopt the ticked plans")
    expect(hand.main).to_contain_text("25 adopted", timeout=120_000)
    hand.picture()
    send(hand, 50)
    end_told(hand, walked, system, before)


@pytest.mark.parametrize("reason", WALKED)
def test_a_student_leaves(at_home, system, walked, reason):
    row, name = LEAVINGS[reason], LEAVERS[reason]
    before = at_the_state(system)
    hand = at_home(f"leaving: {row['case']}")
    hand.find(f"{name} Testcase")
    hand.picture()
    hand.link("Leaving special education")
    hand.picture()
    hand.click(hand.page.locator(f"a[href$='?reason={reason}']").last)
    hand.fields += 1
    hand.page.locator("#f-on").fill(row["on"])
    hand.fill("What happened", "The office knows it from the family.")
    if reason == "revoked_consent":
        hand.fields += 2
        hand.page.locator("#f-letter_on").fill("2026-11-13")
        hand.page.locator("#f-letter_by").select_option("Maple Testcase")
    for paper in row["papers"].split():
        hand.fields += 1
        hand.page.locator(f"#f-{paper}_on").fill("2026-11-16")
    hand.button("Check, and show what will happen")
    hand.see("What will happen", row["says"])
    hand.picture()
    hand.button("Record it")
    hand.see("Recorded: ", "Take it back")
    hand.picture()
    expected = set()
    if row["archive"] == "yes":
        send(hand, 1)
        ssid = SSIDS[name]
        status = f"{row['swds_starts']}^{row['swds_status']}^{row['swds_reason']}"
        # 22.10, the first consent, stays the one that Alder's records have.
        key = f"9910017^2026-2027^{ssid}^L{ssid[-4:]}^SE-{ssid[-4:]}^9901"
        expected.add(f"SWDS-R^^MZ^{key}^20241115^{status}{STAMPED}")
    end(hand, walked, LEAVING_CLICKS[row["archive"]])
    now = at_the_state(system)
    assert (now - before, before - now) == (expected, set())


def test_adopted_and_sent_but_she_never_came(at_home, system, walked):
    before = at_the_state(system)
    hand = at_home("never came")
    hand.find("Grosbeak Testcase")
    hand.picture()
    hand.link("Leaving special education")
    hand.link("Expected, but never came")
    hand.fill("Expected on", "2026-11-02")
    hand.fill("What happened", "The family stayed where it was.")
    hand.button("Check, and show what will happen")
    hand.see("what the state holds of it is deleted with the next send", "N470")
    hand.picture()
    hand.button("Record it")
    hand.see("Recorded: expected, but never came, 11/02/2026.")
    hand.picture()
    send(hand, 2)
    end_told(hand, walked, system, before)


def test_a_student_is_asked_for_read_and_handed_over(at_home, coordinator, fern, system, walked):
    before = at_the_state(system)
    hand = at_home("transfer", fern)
    hand.link(re.compile("^Students"))
    hand.click(hand.page.get_by_text("Coming and going"))
    hand.link("Find a student elsewhere")
    hand.fill("SSID", state_files.SSIDS["towhee"])
    hand.button("Ask", exact=True)
    hand.picture()
    hand.link("The student comes to us: ask for a transfer")
    hand.fill("What you call the student", "Towhee T., from Chaparral")
    hand.fill("Day of enrollment", "2026-11-23")
    hand.click(hand.page.get_by_role("radio", name=re.compile("attests the intent")))
    hand.fill("Who attests", "Fern Sample")
    hand.fill("Role", "Enrollment office")
    hand.fill("Statement", "The mother enrolled her at our office this morning.")
    hand.picture()
    hand.button("Ask for the student")
    hand.see("Chaparral Unified has to act.")
    hand.picture()
    hand.link("Read the record")
    hand.see("240 Speech or language impairment")
    hand.picture()

    answering = at_home("transfer: the answer")
    answering.link("Transfers of students that wait for your district", exact=True)
    answering.link("Testcase, Towhee")
    answering.see("read on screen")
    answering.picture()
    answering.button("Accept: check first what it will do")
    answering.button("Accept", exact=True)
    answering.see("Accepted.")
    end(answering, walked, 4, 0)

    with hand.aside():
        system.output("-c", SIS_FILES.replace('"Alder"', '"Towhee"'))
        hand.page.get_by_role("link", name="Manzanita, home").click()
    hand.link(re.compile("^Transfers of students that wait for your district"))
    hand.link("Towhee T., from Chaparral")
    hand.button("Complete")
    hand.see("Completed: the student is your district")
    hand.picture()
    end_told(hand, walked, system, before)


def test_a_duplicate_is_put_together(at_home, system, walked):
    before = at_the_state(system)
    hand = at_home("merge")
    hand.link("Students who may be entered twice", exact=True)
    hand.picture()
    hand.link("Compare and put together")
    hand.picture()
    # What was written last is proposed: the mother's new number.
    expect(hand.page.get_by_label("Maple Testcase, Mother, 555-0199")).to_be_checked()
    hand.fill("Why they are one student, or two", "Same birth certificate")
    hand.button("Put together")
    hand.see("Put together: this is the one record now.")
    hand.picture()
    end_told(hand, walked, system, before)


def test_every_archive_is_the_one_written_by_hand_and_there_is_no_other(system, walked, capsys):
    found = json.loads(system.output("-c", ARCHIVES))
    expected: dict[str, list[dict[str, str]]] = {}
    for row in rows_of("journeys/archives.csv"):
        for name in _students(row["journey"]):
            expected.setdefault(name, []).append(row)
    for reason in WALKED:
        if LEAVINGS[reason]["archive"] == "yes":
            expected[LEAVERS[reason]] = [_archive_of(LEAVINGS[reason])]
    assert sorted(found) == sorted(expected)
    for name, rows in expected.items():
        assert len(found[name]) == len(rows), name
        for (title, cause, event_on, why, lea, records), row in zip(found[name], rows, strict=True):
            told_here = (title, cause, event_on, why, lea)
            assert told_here == (row["title"], "procedure", row["event_on"], row["reason"], state_files.LEA)
            wanted = [text.split() for text in row["records"].split(";") if text]
            assert [record for record, _ in records] == [record for record, *_ in wanted], name
            for (record, values), (_, *pairs) in zip(records, wanted, strict=True):
                for number, _, text in (pair.partition("=") for pair in pairs):
                    assert (name, record, number, values[number]) == (name, record, number, text)
    with capsys.disabled():
        print(f"\n{told(walked)}", flush=True)


def _students(journey: str) -> list[str]:
    text = JOURNEYS[journey]["students"]
    return [f"Avocet{number:02}" for number in range(journeys.MANY)] if ".." in text else [text]


def _archive_of(row: dict[str, str]) -> dict[str, str]:
    status = f"22.11={row['swds_starts']} 22.12={row['swds_status']} 22.13={row['swds_reason']}"
    return {
        "title": "Status change of November 20, 2026",
        "event_on": row["on"],
        "reason": "The office knows it from the family.",
        "records": f"SWDS 22.10=20241115 {status}",
    }
