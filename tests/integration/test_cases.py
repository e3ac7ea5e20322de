"""Students of one small SELPA, written by hand with what is to be found of each: this and nothing else.

``tests/data/cases/cases.csv`` tells each student in words and names the findings by hand. A third of them look
odd and are right.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path

import pytest

from manzanita.cli import main
from manzanita.domain.rules import row_rules

FOLDER = Path(__file__).parents[1] / "data" / "cases"
AS_OF = "2026-11-23"

with (FOLDER / "cases.csv").open(encoding="utf-8", newline="") as file:
    CASES = list(csv.DictReader(file))


@pytest.fixture(scope="module")
def found():
    """SSID -> codes of the findings, ascending, each as often as it was found."""
    return defaultdict(list)


@pytest.fixture(autouse=True)
def validated(found, capsys):
    if not found:
        main(["validate", str(FOLDER), "--as-of", AS_OF])
        findings = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        for finding in findings:
            found[finding["ssid"] or ""].append(finding["code"])


@pytest.mark.parametrize("case", [pytest.param(case, id=case["case"].split()[0]) for case in CASES])
def test_of_each_student_exactly_what_the_case_says_is_found(found, case):
    assert sorted(found[case["ssid"]]) == case["expected"].split(), case["case"]


def test_every_student_of_the_files_is_a_case_and_every_rule_was_asked(found):
    assert set(found) <= {case["ssid"] for case in CASES}
    lines = [line for name in ("SENR", "PSTS") for line in (FOLDER / f"{name}.txt").read_text().splitlines()]
    assert all(any(case["ssid"] in line for case in CASES) for line in lines)


def test_there_are_enough_of_both_sorts():
    right = [case for case in CASES if not case["expected"]]
    assert len(CASES) >= 60 and len(right) >= 20
    local = {rule.code for rule in row_rules() if rule.is_local}
    named = {code for case in CASES for code in case["expected"].split()}
    assert len(named & local) >= 50
