"""Rows of ``tests/data/expected/outcomes.csv``, walked in the browser from opening the event to the state's extract.

Each walk has a student of its own (``tests.support.cast``) and ends on the archive; everything is sent at once,
and what the state then holds is compared with lines written by hand. ``WALKS`` are the rows walked here,
``WALKED_ELSEWHERE`` those of the other modules, ``NOT_WALKED`` those that only the actions play.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support import cast
from tests.support.forked import served

pytestmark = pytest.mark.browser

OUTCOMES = Path(__file__).parents[1] / "data" / "expected" / "outcomes.csv"
TRANSACTION = re.compile(r"\^MZ[0-9a-f]{24}\^")
SPED_ID = re.compile(r"SE[0-9]{8}")
DATES = "^20261123^20261123"
HELD, DECIDED, ANSWERED = "2026-11-20", "2026-11-21", "2026-11-23"

PLACEMENT, ELIGIBILITY, OTHER = "Placement and setting", "Eligibility", "Other"
FIRST_IEP = {
    ELIGIBILITY: {"plan-23-11": "100", "plan-23-15": "240"},
    PLACEMENT: {"plan-23-20": "400", "plan-23-23": "90"},
    OTHER: {"plan-23-14": "210", "plan-23-33": "N"},
}
PRESCHOOL = {**FIRST_IEP, PLACEMENT: {"plan-23-20": "201", "plan-23-21": "1", "plan-23-22": "Y"}}
IFSP = {
    **FIRST_IEP,
    ELIGIBILITY: {"plan-23-11": "150", "plan-23-15": "240"},
    PLACEMENT: {"plan-23-20": "104"},
}
PLAN, SPEECH, INSTRUCTION = (
    "Placement and plan",
    "415 Language and speech",
    "330 Specialized academic instruction",
)


@dataclass(frozen=True)
class Walk:
    """``row``: event and outcome of the table. ``says``: sentences of the finalize page. ``lines``: what the
    state holds of this meeting at the end, in the order SWDS, MEET, PLAN, SERV."""

    row: tuple[str, str]
    student: str
    event: str
    says: tuple[str, ...]
    lines: tuple[str, ...]
    conclusion: str = ""
    why: str = ""
    offer: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    services: tuple[str, ...] = ()
    minutes: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    delay: str = ""
    day: tuple[str, str] = ("", "")
    is_held: bool = True

    @property
    def asks_for_a_day(self) -> bool:
        """Concluded on another day than that of a meeting."""
        return bool(self.day[0])

    @property
    def is_initial(self) -> bool:
        return "evaluation" in self.event and self.event != "Triennial reevaluation"


AGREED, DECLINED = "Agrees", "Declines"
INITIAL = "B initial or C to B"
WALKS = [
    Walk(
        (INITIAL, "accepts part"),
        "aster",
        "Initial evaluation",
        offer=FIRST_IEP,
        services=("415", "330"),
        answers={PLAN: AGREED, SPEECH: AGREED, INSTRUCTION: DECLINED},
        says=(
            "Status 1 Eligible and Participating starts on November 23, 2026.",
            "Eligible, agreed in part.",
        ),
        lines=(
            f"SWDS-R^^MZ^9910017^2026-2027^9900000051^L0051^SE^9901^20261123^20261123^1^{DATES}",
            f"MEET-R^^MZ^9910017^2026-2027^9900000051^L0051^SE^9901^^20260914^^20260928^10^20261120^20^N^^{DATES}",
            "PLAN-R^^MZ^9910017^2026-2027^9900000051^L0051^SE^9901^9910017^100^20261123^1^210^240^^^^^400^^^90"
            f"^^^^^^^^^^N^^{DATES}",
            f"SERV-R^^MZ^9910017^^2026-2027^9900000051^L0051^9901^^415^100^510^20^30^SE^20261123{DATES}",
        ),
    ),
    Walk(
        (INITIAL, "declines services"),
        "bluet",
        "Initial evaluation",
        offer=FIRST_IEP,
        services=("415",),
        answers={PLAN: DECLINED, SPEECH: DECLINED},
        says=(
            "Status 2 Eligible and Not Participating starts on November 20, 2026.",
            "Eligible, offer declined.",
        ),
        lines=(
            f"SWDS-R^^MZ^9910017^2026-2027^9900000052^L0052^SE^9901^^20261120^2^11{DATES}",
            f"MEET-R^^MZ^9910017^2026-2027^9900000052^L0052^SE^9901^^20260914^^20260928^10^20261120^20^N^^{DATES}",
        ),
    ),
    Walk(
        (INITIAL, "starts later (next year)"),
        "comfrey",
        "Initial evaluation",
        offer=FIRST_IEP,
        services=("415",),
        conclusion="Eligible, and the family accepts a later start",
        why="The family asked for the new school year.",
        answers={PLAN: AGREED, SPEECH: AGREED},
        says=(
            "Status 2 Eligible and Not Participating starts on November 20, 2026.",
            "Eligible, starts later.",
            "Why: The family asked for the new school year.",
            "Accepted on November 23, 2026 by Maple Testcase: 415 Language and speech.",
        ),
        lines=(
            f"SWDS-R^^MZ^9910017^2026-2027^9900000053^L0053^SE^9901^^20261120^2^12{DATES}",
            f"MEET-R^^MZ^9910017^2026-2027^9900000053^L0053^SE^9901^^20260914^^20260928^10^20261120^20^N^^{DATES}",
        ),
    ),
    Walk(
        (INITIAL, "not eligible"),
        "dogwood",
        "Initial evaluation",
        conclusion="Not eligible",
        says=("Status 4", "starts on November 20, 2026."),
        lines=(
            f"SWDS-R^^MZ^9910017^2026-2027^9900000054^L0054^SE^9901^^20261120^4^20{DATES}",
            f"MEET-R^^MZ^9910017^2026-2027^9900000054^L0054^SE^9901^^20260914^^20260928^10^20261120^10^N^^{DATES}",
        ),
    ),
    Walk(
        ("Part C initial", "accepts all"),
        "killdeer",
        "Part C initial evaluation",
        offer=IFSP,
        services=("415",),
        answers={PLAN: AGREED, SPEECH: AGREED},
        says=("Status 1 Eligible and Participating starts on November 23, 2026.",),
        lines=(
            f"SWDS-R^^MZ^9910017^2026-2027^9900000022^L0022^SE^9901^20261123^20261123^1^{DATES}",
            f"MEET-R^^MZ^9910017^2026-2027^9900000022^L0022^SE^9901^^20260914^^20260928^15^20261120^20^N^^{DATES}",
            "PLAN-R^^MZ^9910017^2026-2027^9900000022^L0022^SE^9901^9910017^150^20261123^1^210^240^^^^^104"
            f"^^^^^^^^^^^^^N^^{DATES}",
            f"SERV-R^^MZ^9910017^^2026-2027^9900000022^L0022^9901^^415^100^510^20^30^SE^20261123{DATES}",
        ),
    ),
    Walk(
        # By way of the C to B event.
        (INITIAL, "accepts all"),
        "plover",
        "C to B transition evaluation",
        offer=PRESCHOOL,
        services=("415",),
        answers={PLAN: AGREED, SPEECH: AGREED},
        says=("Status 1 Eligible and Participating starts on December 10, 2026.",),
        lines=(
            f"SWDS-R^^MZ^9910017^2026-2027^9900000021^L0021^SE^9901^20261123^20261210^1^{DATES}",
            f"MEET-R^^MZ^9910017^2026-2027^9900000021^L0021^SE^9901^^20260914^^20260928^10^20261120^20^N^^{DATES}",
            "PLAN-R^^MZ^9910017^2026-2027^9900000021^L0021^SE^9901^9910017^100^20261210^1^210^240^^^^^201^1^Y"
            f"^^^^^^^^^^^N^^{DATES}",
            f"SERV-R^^MZ^9910017^^2026-2027^9900000021^L0021^9901^^415^100^510^20^30^SE^20261210{DATES}",
        ),
    ),
    Walk(
        ("Annual", "accepts part"),
        "bunting",
        "Annual plan review",
        delay="30",
        minutes={INSTRUCTION: "90", SPEECH: "45"},
        answers={PLAN: AGREED, INSTRUCTION: AGREED, SPEECH: DECLINED},
        says=("Agreed in part.", "stay put"),
        lines=(
            f"MEET-R^^MZ^9910017^2026-2027^9900000041^L0041^SE-0041^9901^^^^^^20261120^^Y^30^{DATES}",
            "PLAN-R^^MZ^9910017^2026-2027^9900000041^L0041^SE-0041^9901^9910017^100^20261123^1^210^290^MMSN^^^^400^^^85"
            f"^^^^^^^^^^N^^{DATES}",
            f"SERV-R^^MZ^9910017^^2026-2027^9900000041^L0041^9901^^330^100^510^20^90^SE-0041^20261123{DATES}",
            f"SERV-R^^MZ^9910017^^2026-2027^9900000041^L0041^9901^^415^100^510^20^30^SE-0041^20261123{DATES}",
        ),
    ),
    Walk(
        ("Annual", "not accepted or no response"),
        "dunlin",
        "Annual plan review",
        delay="30",
        answers={PLAN: DECLINED, INSTRUCTION: DECLINED, SPEECH: DECLINED},
        says=("The meeting counts; the old plan stands (stay put)",),
        lines=(f"MEET-R^^MZ^9910017^2026-2027^9900000042^L0042^SE-0042^9901^^^^^^20261120^^Y^30^{DATES}",),
    ),
    Walk(
        ("Annual", "revokes all services"),
        "gadwall",
        "Annual plan review",
        conclusion="The family revokes consent to all services",
        day=("Revoked on", DECIDED),
        delay="30",
        says=(
            "Status 2 Eligible and Not Participating starts on November 21, 2026.",
            "ends on November 20, 2026",
        ),
        lines=(
            f"SWDS-R^^MZ^9910017^2026-2027^9900000043^L0043^SE-0043^9901^20241115^20261121^2^13{DATES}",
            f"MEET-R^^MZ^9910017^2026-2027^9900000043^L0043^SE-0043^9901^^^^^^20261120^^Y^30^{DATES}",
        ),
    ),
    Walk(
        ("Triennial", "as annual"),
        "pipit",
        "Triennial reevaluation",
        delay="30",
        answers={PLAN: AGREED, INSTRUCTION: AGREED, SPEECH: AGREED},
        says=("Agreed in full.",),
        lines=(
            f"MEET-R^^MZ^9910017^2026-2027^9900000044^L0044^SE-0044^9901^^^^^40^20261120^20^Y^30^{DATES}",
            "PLAN-R^^MZ^9910017^2026-2027^9900000044^L0044^SE-0044^9901^9910017^100^20261123^1^210^290^MMSN^^^^400^^^85"
            f"^^^^^^^^^^N^^{DATES}",
            f"SERV-R^^MZ^9910017^^2026-2027^9900000044^L0044^9901^^330^100^510^20^60^SE-0044^20261123{DATES}",
            f"SERV-R^^MZ^9910017^^2026-2027^9900000044^L0044^9901^^415^100^510^20^30^SE-0044^20261123{DATES}",
        ),
    ),
    Walk(
        ("Triennial", "reevaluation only"),
        "siskin",
        "Triennial reevaluation",
        conclusion="Eligible still; only the evaluation was reviewed",
        says=("The reevaluation is reported without a plan review; the plan in force stands.",),
        lines=(f"MEET-R^^MZ^9910017^2026-2027^9900000045^L0045^SE-0045^9901^^^^^40^20261120^20^N^^{DATES}",),
    ),
    Walk(
        ("Triennial", "no longer eligible and disputed"),
        "veery",
        "Triennial reevaluation",
        conclusion="No longer eligible, and the family disputes it",
        says=("the old plan stands while the family disputes the finding",),
        lines=(f"MEET-R^^MZ^9910017^2026-2027^9900000046^L0046^SE-0046^9901^^^^^40^20261120^10^N^^{DATES}",),
    ),
    Walk(
        ("30-day review", "as plan adoption"),
        "grebe",
        "30-day review",
        says=("The plan and its services start here with the enrollment", "November 2, 2026"),
        lines=(
            "PLAN-R^^MZ^9910017^2026-2027^9900000061^L0061^SE-0061^9901^9910017^100^20261102^3^210^240^^^^^400^^^85"
            f"^^^^^^^^^^N^^{DATES}",
            f"SERV-R^^MZ^9910017^^2026-2027^9900000061^L0061^9901^^415^100^510^20^30^SE-0061^20261102{DATES}",
        ),
    ),
    Walk(
        ("30-day review", "as plan review and agreed"),
        "knot",
        "30-day review",
        conclusion="The plan was reviewed and an offer was made",
        answers={PLAN: AGREED, SPEECH: AGREED},
        says=("Agreed in full.", "Not settled"),
        lines=(
            f"MEET-R^^MZ^9910017^2026-2027^9900000062^L0062^SE-0062^9901^^^^^^20261120^^Y^^{DATES}",
            "PLAN-R^^MZ^9910017^2026-2027^9900000062^L0062^SE-0062^9901^9910017^100^20261123^1^210^240^^^^^400^^^85"
            f"^^^^^^^^^^N^^{DATES}",
            f"SERV-R^^MZ^9910017^^2026-2027^9900000062^L0062^9901^^415^100^510^20^30^SE-0062^20261123{DATES}",
        ),
    ),
    Walk(
        (INITIAL, "consent to evaluate withdrawn before the meeting"),
        "fennel",
        "Initial evaluation",
        conclusion="Consent to evaluate was withdrawn before the meeting",
        day=("Withdrawn on", DECIDED),
        is_held=False,
        says=(
            "No new line goes to the state",
            "What was reported as pending is taken back.",
            "Delete at the state Initial evaluation pending as of September 28, 2026.",
        ),
        lines=(),
    ),
]


WALKED_ELSEWHERE = {
    (INITIAL, "accepts all"): "test_initial_path",
    ("Annual", "accepts all"): "test_first_path",
    ("Triennial", "no longer eligible and not disputed"): "test_initial_path",
    ("Amendment", "agreed"): "test_first_path",
    ("Amendment", "not agreed"): "test_first_path",
}
NOT_WALKED = [
    (INITIAL, "no response after documented attempts"),
    ("30-day review", "as plan review and not agreed"),
    ("Manifestation or 504 or SST", "any"),
    ("C to B", "parent refuses the evaluation"),
    ("Other review", "any"),
]


# Where a merge is decided, one walk of each kind of what may follow; all of them: make walk-outcomes. Every row of the
# table is held against its archive without a browser by ``tests/integration/test_outcomes.py``.
FEW = ("aster", "comfrey", "gadwall", "siskin", "grebe", "fennel")
WALKED = [walk for walk in WALKS if os.environ.get("CI") != "true" or walk.student in FEW]


@pytest.fixture(scope="module")
def system(folder, databases):
    """The small world with the cast, served; the sandbox holds what the state holds of all of them."""
    with served(folder, databases, "--cast", write_state=cast.write_files) as running:
        yield running


@pytest.fixture(scope="module")
def before(system) -> set[str]:
    """What the state held of them on the first day."""
    return {line for record in cast.RECORDS for line in at_the_state(system, record)}


def at_the_state(system, record):
    """The extract's lines; transaction ids and new special education ids masked, as they differ from run to run."""
    return [SPED_ID.sub("SE", TRANSACTION.sub("^MZ^", line)) for line in system.extract(record)]


def step(page, name):
    page.locator("#meeting-steps").get_by_role("link", name=name).click()


@contextmanager
def answered(page, path):
    """Until what is done inside was sent to ``path`` and its answer stands on the page."""
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.url.endswith(path)):
        yield
    page.wait_for_function("!document.querySelector('.htmx-request')")


def put(page, field_id, value):
    """Fill one field of the offer, and wait until it is saved and judged."""
    control = page.locator(f"#f-{field_id}")
    with page.expect_response(re.compile("/live")):
        if control.evaluate("one => one.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
            control.press("Tab")


def open_event(person, walk):
    page = person.page
    person.find_student(f"{cast.CAST[walk.student].first} Testcase")
    page.get_by_role("link", name="All kinds of meetings").click()
    if walk.is_initial:
        row = page.locator("tr", has=page.get_by_role("rowheader", name=walk.event, exact=True))
        row.get_by_label("Consent to evaluate").fill("2026-09-28")
        row.get_by_label("Referral").fill("2026-09-14")
        row.get_by_role("button", name="Open").click()
    else:
        page.get_by_role("button", name=f"Open {walk.event.lower()}", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(walk.event)


def make_offer(page, walk):
    for name, fields in walk.offer.items():
        step(page, name)
        for field_id, value in fields.items():
            put(page, field_id, value)
    for number, code in enumerate(walk.services, start=1):
        step(page, "Services")
        page.locator("select[name=add]").select_option(code)
        page.get_by_role("button", name="Add", exact=True).click()
        for field_id, value in (("25-13", "510"), ("25-14", "20"), ("25-15", "30")):
            put(page, f"service-{number}-{field_id}", value)
    for name, minutes in walk.minutes.items():
        step(page, "Services")
        page.get_by_role("link", name=name).click()
        with page.expect_response(re.compile("/live")):
            page.get_by_label("Minutes").fill(minutes)
            page.get_by_label("Minutes").press("Tab")


def hold(person, walk):
    page = person.page
    step(page, "Hold")
    if walk.conclusion:
        with answered(page, "/hold"):
            page.get_by_label(re.compile(f"^{re.escape(walk.conclusion)}")).check()
    if walk.is_held:
        with answered(page, "/hold"):
            page.get_by_label("Held on").fill(HELD)
    if walk.why:
        page.get_by_label("Why services do not start now").fill(walk.why)
    label, day = walk.day
    if label:
        page.get_by_label(label).fill(day)
    if walk.delay:
        page.get_by_label("Reason of delay").select_option(walk.delay)
    if walk.asks_for_a_day or walk.event == "30-day review":
        person.look(f"walk-{walk.student}-hold")
    page.get_by_role("button", name="Record it").click()


def answer(page, walk):
    for name, decision in walk.answers.items():
        row = page.get_by_role("row", name=name)
        row.get_by_label(decision).check()
        row.get_by_label("Who decided").fill("Maple Testcase")
        row.get_by_label("Day of the decision").fill(ANSWERED)
    page.get_by_role("button", name="Record the answers").click()


def test_every_row_of_the_table_is_walked_or_said_not_to_be():
    with OUTCOMES.open(encoding="utf-8") as file:
        rows = [(row["event"], row["outcome"]) for row in csv.DictReader(file)]
    here = {walk.row for walk in WALKS} - WALKED_ELSEWHERE.keys()
    assert sorted([*here, *WALKED_ELSEWHERE, *NOT_WALKED]) == sorted(rows)
    assert (len(here), len(WALKED_ELSEWHERE)) == (14, 5)


def test_a_pending_evaluation_is_at_the_state_before_its_consent_is_withdrawn(coordinator, system, before):
    page = coordinator.page
    open_event(coordinator, next(walk for walk in WALKS if walk.student == "fennel"))
    step(page, "Hold")
    page.get_by_role("button", name="Report as pending as of 09/28/2026").click()
    coordinator.go("/state")
    page.locator("#last-look > summary").click()
    page.get_by_role("button", name="Send 1 operation").click()
    expect(page.get_by_role("img", name="1 posted, 0 rejected")).to_be_visible(timeout=30_000)
    (pending,) = set(at_the_state(system, "MEET")) - before
    assert pending == (
        f"MEET-R^^MZ^9910017^2026-2027^9900000055^L0055^SE^9901^20260928^20260914^^20260928^10^^^N^^{DATES}"
    )


@pytest.mark.parametrize("walk", WALKED, ids=lambda walk: ", ".join(walk.row))
def test_an_outcome_is_walked_to_its_archive(coordinator, walk):
    page = coordinator.page
    if walk.student == "fennel":
        coordinator.find_student("Fennel Testcase")
        page.get_by_role("link", name="Continue initial evaluation").click()
    else:
        open_event(coordinator, walk)
    make_offer(page, walk)
    hold(coordinator, walk)
    if walk.answers:
        answer(page, walk)
    step(page, "Finalize")
    expect(page.get_by_role("button", name="Finalize the meeting")).to_be_enabled()
    told = " ".join(page.locator("main").inner_text().split())
    for sentence in walk.says:
        assert sentence in told, told
    coordinator.look(f"walk-{walk.student}-finalize")
    page.get_by_role("button", name="Finalize the meeting").click()
    expect(page.get_by_role("heading", name="Snapshot")).to_be_visible()
    kept = page.locator(".caret").all_text_contents()
    assert [line.split("^")[0] for line in kept] == [line.split("-R")[0] for line in walk.lines]
    if walk.asks_for_a_day or DECLINED in walk.answers.values():
        coordinator.look(f"walk-{walk.student}-archive")


def test_everything_is_sent_at_once_and_the_state_holds_the_lines_written_here(coordinator, system, before):
    page = coordinator.page
    coordinator.go("/state")
    coordinator.look("walk-plan")
    lines = [line for walk in WALKED for line in walk.lines]
    # The pending record is deleted, and every line is added.
    page.locator("#last-look > summary").click()
    page.get_by_role("button", name=f"Send {len(lines) + 1} operations").click()
    expect(page.get_by_role("img", name=f"{len(lines) + 1} posted, 0 rejected")).to_be_visible(timeout=60_000)
    now = [line for record in cast.RECORDS for line in at_the_state(system, record)]
    assert sorted(set(now) - before) == sorted(lines)
    assert before - set(now) == set()
    assert not [line for line in now if "9900000055" in line]
    assert coordinator.wrong == []
