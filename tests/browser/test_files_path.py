"""The same path by hand upload, with no sandbox running: files out, the state's answers read back in.

The steps are one story and run in their order. What the state's site would give is written by hand here.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.person import CASE_MANAGER
from tests.support.forked import served

pytestmark = pytest.mark.browser

PLAN = "9910017^2026-2027^9900000005^L0005^SE-0005^9901^9910017^100^20261123^1^210^290^MMSN^^^^400^^^85^^^^^^^^^^N^^"
MEET = "9910017^2026-2027^9900000005^L0005^SE-0005^9901^^^^^^20261120^^Y^30^"
SERV_330 = "9910017^^2026-2027^9900000005^L0005^9901^^330^100^510^20^60^SE-0005^20261123"
SERV_415 = "9910017^^2026-2027^9900000005^L0005^9901^^415^100^510^20^45^SE-0005^20261123"
DATES = "^20261123^20261123"


@pytest.fixture(scope="module")
def system(folder, databases):
    """The small world with a review that is held and answered; web server and worker only."""
    with served(folder, databases, "--held", write_state=None) as running:
        yield running


@pytest.fixture(scope="module")
def written() -> dict[str, list[str]]:
    """Lines by record type, as the downloaded files had them."""
    return {}


def send(person, destination, form):
    page = person.page
    person.go("/state")
    page.get_by_role("radio", name=re.compile(destination)).check()
    page.get_by_role("radio", name=re.compile(form)).check()
    page.locator("#last-look > summary").click()
    page.get_by_role("button", name=re.compile("Send [0-9]+ operation")).click()


def download(page) -> list[tuple[str, str]]:
    """Name and text of every file of the submission, in the order of upload."""
    files = []
    for link in page.locator("a[download]").all():
        with page.expect_download() as started:
            link.click()
        files.append((started.value.suggested_filename, Path(started.value.path()).read_text()))
    return files


def test_1_the_state_destination_refuses_with_its_reasons(person, coordinator, system):
    case_manager = person(CASE_MANAGER)
    case_manager.go(f"/meetings/{system.built}/finalize")
    case_manager.page.get_by_role("button", name="Finalize the meeting").click()

    send(coordinator, "State", "Files")
    page = coordinator.page
    expect(page.locator("#progress")).to_contain_text("No line left the house", timeout=30_000)
    told = page.locator("main").inner_text()
    assert "Load the state's workbook" in told
    assert "MEET: 18 positions are not confirmed: 24.01 (inferred)" in told
    assert "Code set MeetingDelay: not confirmed: 30 (seen_vendor)" in told
    assert "Owner:" in told
    assert page.locator("a[download]").count() == 0
    coordinator.look("refused-state")


def test_2_files_are_written_for_the_sandbox_in_the_order_of_upload(coordinator, written):
    send(coordinator, "Sandbox", "Files")
    page = coordinator.page
    expect(page.get_by_role("heading", name="Files, in the order of upload")).to_be_visible(timeout=30_000)
    files = download(page)
    assert all(name.startswith("SANDBOX_") for name, _ in files)
    for _, text in files:
        for line in text.splitlines():
            written.setdefault(line[:4], []).append(line)
    assert list(written) == ["MEET", "PLAN", "SERV"]
    transaction = re.compile(r"^....\^A\^MZ[0-9a-f]{24}\^")
    assert {record: [transaction.sub("", line) for line in lines] for record, lines in written.items()} == {
        "MEET": [MEET],
        "PLAN": [PLAN],
        "SERV": [SERV_330, SERV_415],
    }
    coordinator.look("files")


def test_3_a_line_that_the_site_rejected_is_noted_and_becomes_a_finding(coordinator):
    page = coordinator.page
    page.locator("tbody [data-open]").nth(3).click()
    page.get_by_label("The state's code").fill("SERV0099")
    page.get_by_label("Field it names").select_option("25.15")
    page.get_by_label("In the state's words").fill("Frequency and duration do not agree.")
    page.get_by_role("button", name="Note the rejection").click()
    expect(page.locator("main")).to_contain_text("Noted: line 4 was rejected with SERV0099.")


def test_4_the_extracts_say_what_arrived(coordinator, written, tmp_path):
    page = coordinator.page
    for record, count in (("MEET", 1), ("PLAN", 1), ("SERV", 1)):
        lines = [record + "-R" + line[4:] + DATES for line in written[record][:count]]
        (tmp_path / f"{record}.txt").write_text("\n".join(lines) + "\n")
    coordinator.go("/state/extracts")
    page.set_input_files("input[type=file]", [tmp_path / f"{record}.txt" for record in written])
    page.get_by_role("button", name="Read").click()
    expect(page.locator("main")).to_contain_text("3 waiting lines settled as posted; 0 still waiting.")
    coordinator.look("extracts")


def test_5_the_rejected_line_is_corrected_and_written_again(coordinator):
    page = coordinator.page
    coordinator.go("/findings")
    page.get_by_role("link", name="SERV0099").click()
    page.get_by_role("link", name="Correct and resend").click()
    page.get_by_label("Minutes").fill("40")
    page.get_by_label("Why the value was wrong").fill("The team wrote 40 minutes")
    page.get_by_role("button", name="Save the correction").click()
    send(coordinator, "Sandbox", "Files")
    expect(page.get_by_role("heading", name="Files, in the order of upload")).to_be_visible(timeout=30_000)
    ((_, text),) = download(page)
    assert re.fullmatch(
        r"SERV\^A\^MZ[0-9a-f]{24}\^" + re.escape(SERV_415.replace("^45^", "^40^")) + "\n", text
    )
    assert coordinator.wrong == []
