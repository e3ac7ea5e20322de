"""The catalog of rules as command and page, and the pages made from declarations: none of them is stale."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from manzanita.cli import main
from manzanita.commands.reference import pages, stale_pages
from manzanita.domain.clocks import CLOCKS
from manzanita.domain.rules import catalog

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.fixture
def told(capsys):
    def run(*arguments):
        code = main(list(arguments))
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


def test_the_pages_are_those_of_the_declarations():
    assert stale_pages(REFERENCE) == [], "run: manzanita reference"


def test_a_page_that_differs_by_a_sign_or_is_missing_is_stale(tmp_path, told):
    code, out, _ = told("reference", "--out", str(tmp_path))
    assert (code, out) == (0, f"5 pages in {tmp_path}, 5 of them changed.\n")
    assert told("reference", "--out", str(tmp_path), "--check")[0] == 0
    (tmp_path / "rules.md").write_text((tmp_path / "rules.md").read_text() + " ")
    (tmp_path / "layouts.md").unlink()
    code, _, err = told("reference", "--out", str(tmp_path), "--check")
    assert code == 1
    assert err == (
        f"{tmp_path}/rules.md is stale; run: manzanita reference --out {tmp_path}\n"
        f"{tmp_path}/layouts.md is stale; run: manzanita reference --out {tmp_path}\n"
    )


def test_every_rule_has_its_anchor_and_its_line():
    page = pages()["rules.md"]
    for code in catalog():
        assert page.count(f'<a id="{code}"></a>') == 1
        assert page.count(f"| [{code}](#{code}) |") == 1


def test_every_clock_has_its_anchor_its_law_and_its_inputs():
    page = pages()["clocks.md"]
    for name, one in CLOCKS.items():
        assert page.count(f'<a id="{name}"></a>') == 1
        assert one.counts in page
    assert (
        "`parent-requested-meeting`, tolled, seen. 30 days from the written request.\n"
        "\n"
        "Law: [Education Code 56343.5](https://leginfo.legislature.ca.gov/faces/codes_displaySection.xhtml?lawCode=EDC"
        "&sectionNum=56343.5.).\n"
        "\n"
        "| input | value | needed | meaning |\n"
        "|---|---|---|---|\n"
        "| `request_on` | a date, 2026-11-23 | yes | day on which the written request was received |\n"
    ) in page


def test_a_line_of_each_page_says_how_sure_it_is():
    assert (
        "| [PLAN0726](#PLAN0726) | Degree of support missing | PLAN | input | fatal | from 2025-2026 | seen | yes |"
        in pages()["rules.md"]
    )
    # The position is a guess, the length too.
    assert (
        "| 18 | 24.18 | Meeting Delay Code | character | 2 | conditional: late | "
        "[MeetingDelay](code-sets.md#MeetingDelay) |  | provisional | unverified |"
    ) in pages()["layouts.md"]
    assert "| 72 |" not in pages()["code-sets.md"]
    assert (
        "| 70 | State/federal emergency | current | provisional | provisional | "
        "order/wording must be checked in the code set |"
    ) in pages()["code-sets.md"]


def test_the_list_has_one_object_for_each_rule(told):
    code, out, err = told("rules", "--year", "2024-2025", "--format", "json")
    rows = {row["code"]: row for row in map(json.loads, out.splitlines())}
    assert code == 0
    assert rows.keys() == catalog().keys()
    assert err == ""
    assert rows["PLAN0726"] == {
        "code": "PLAN0726",
        "title": "Degree of support missing",
        "records": ["PLAN"],
        "phase": "input",
        "severity": "not in force",
        "years": "from 2025-2026",
        "confidence": "seen",
        "is_evaluated": True,
    }
    assert rows["SWDS0443"]["is_evaluated"] is False


def test_the_table_says_the_same_and_its_year(told):
    code, out, err = told("rules", "--year", "2026-2027")
    assert code == 0
    head, *lines = out.splitlines()
    assert " ".join(head.split()) == "code severity phase records years confidence evaluated title"
    (line,) = [line for line in lines if line.startswith("PLAN0726 ")]
    assert (
        " ".join(line.split())
        == "PLAN0726 fatal input PLAN from 2025-2026 seen yes Degree of support missing"
    )
    assert err.startswith(f"Academic year 2026-2027: {len(lines)} rules, ")


def test_one_rule_is_explained_by_either_command_in_any_letters(told):
    code, out, _ = told("rules", "plan0726", "--year", "2026-2027")
    assert code == 0
    assert out.startswith("PLAN0726  Degree of support missing\n\nWhat it says: ")
    assert "Whose job: IEP team\n" in out
    assert "Severity in 2026-2027: fatal\n" in out
    assert "Years: from 2025-2026\n" in out
    assert told("validate", "--explain", "PLAN0726", "--year", "2026-2027") == (0, out, "")


@pytest.mark.parametrize("command", [("rules", "PLAN0762"), ("validate", "--explain", "PLAN0762")])
def test_a_code_that_nobody_knows_is_answered_with_those_like_it(command, told):
    code, out, err = told(*command)
    assert (code, out) == (2, "")
    assert err.startswith("No rule has the code PLAN0762. Did you mean PLAN0726 or ")


def test_a_code_like_no_other_and_a_year_that_is_none_are_refused(told):
    assert told("rules", "XX9") == (
        2,
        "",
        "No rule has the code XX9. `manzanita rules` lists them all.\n",
    )
    assert told("rules", "--year", "2026") == (
        2,
        "",
        "--year: '2026' is not an academic year such as 2026-2027.\n",
    )
    code, _, err = told("validate")
    assert (code, err) == (2, "Name the folder to validate, or a rule with --explain CODE.\n")
